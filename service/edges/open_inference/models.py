"""What the server and its models are, and whether they answer: `GET /v2…`."""

from marshmallow import Schema, fields

from service import __version__
from service.edges.open_inference.messages import DATATYPE, INPUT
from service.edges.own.health import readiness
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.error_formats import ERROR_JSON
from service.http.responses import JSON, NO_STORE, RawResponse, json_response
from service.registry.models import VERSIONS_SERVED

endpoints = Endpoints("v2", error_format=ERROR_JSON, inline=True)

SERVER = "boundary-service"
EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
PLATFORM = "tensorflow_savedmodel"


class ServerSchema(Schema):
    name = fields.String(required=True)
    version = fields.String(required=True)
    extensions = fields.List(fields.String(), required=True)


class HealthSchema(Schema):
    live = fields.Boolean(required=True)
    ready = fields.Boolean(required=True)


class ModelReadySchema(Schema):
    name = fields.String(required=True)
    ready = fields.Boolean(required=True)


class TensorSchema(Schema):
    name = fields.String(required=True)
    datatype = fields.String(required=True)
    shape = fields.List(fields.Integer(), required=True, metadata={"description": "-1 is any number"})


class ConfigurationTensorSchema(Schema):
    name = fields.String(required=True)
    data_type = fields.String(required=True)
    dims = fields.List(fields.Integer(), required=True, metadata={"description": "of one point"})


class ConfigurationInputSchema(ConfigurationTensorSchema):
    optional = fields.Boolean(required=True)


class ReshapeSchema(Schema):
    shape = fields.List(fields.Integer(), required=True)


class ConfigurationOutputSchema(ConfigurationTensorSchema):
    """Triton has no tensor of no dimensions: a number a point is one of one, reshaped."""

    reshape = fields.Nested(ReshapeSchema, metadata={"description": "only where a point has one number"})


class LatestSchema(Schema):
    num_versions = fields.Integer(required=True)


class VersionPolicySchema(Schema):
    latest = fields.Nested(LatestSchema, required=True)


class ModelConfigurationSchema(Schema):
    """What of Triton's `ModelConfig` says something here."""

    name = fields.String(required=True)
    platform = fields.String(required=True)
    backend = fields.String(required=True)
    version_policy = fields.Nested(VersionPolicySchema, required=True)
    max_batch_size = fields.Integer(required=True, metadata={"description": "points taken at once"})
    input = fields.List(fields.Nested(ConfigurationInputSchema), required=True)
    output = fields.List(fields.Nested(ConfigurationOutputSchema), required=True)


class ModelMetadataSchema(Schema):
    name = fields.String(required=True)
    versions = fields.List(fields.String(), required=True, metadata={"description": "those that may be asked for"})
    platform = fields.String(required=True)
    inputs = fields.List(fields.Nested(TensorSchema), required=True)
    outputs = fields.List(fields.Nested(TensorSchema), required=True)


@endpoints.get("/v2", summary="Describe the server", responses={JSON: (ServerSchema,)}, public=True)
def get_server(_: Call) -> RawResponse:
    """Its name, its version and the extensions of the protocol that it has."""
    return json_response({"name": SERVER, "version": __version__, "extensions": EXTENSIONS})


@endpoints.get("/v2/health/live", summary="Is the process alive? (v2)", responses={JSON: (HealthSchema,)}, public=True)
def get_v2_live(call: Call) -> RawResponse:
    """200 as long as the process answers at all."""
    return json_response({"live": True, "ready": call.context.is_ready()}, headers=[NO_STORE])


@endpoints.get(
    "/v2/health/ready",
    summary="Can it answer? (v2)",
    responses={JSON: (HealthSchema,)},
    may_answer_503=True,
    public=True,
)
def get_v2_ready(call: Call) -> RawResponse:
    """200 or 503, as `GET /health/ready`."""
    return readiness({"live": True, "ready": call.context.is_ready()})


@endpoints.get(
    "/v2/models/<name>",
    "/v2/models/<name>/versions/<version>",
    summary="Describe a model (v2)",
    responses={JSON: (ModelMetadataSchema,)},
    problems=(404, 503),
)
def get_model_metadata(call: Call, name: str, version: str | None = None) -> RawResponse:
    """Its versions, its input and its output."""
    return json_response(describe_model(call, name, version))


def describe_model(call: Call, name: str, version: str | None) -> dict[str, object]:
    """Return a model's metadata, as the protocol has it over HTTP and over gRPC."""
    served = call.plane.version(call.record, name, version)
    return {
        "name": served.name,
        "versions": [str(number) for number in sorted(call.plane.model(name).served)],
        "platform": PLATFORM,
        "inputs": [{"name": INPUT, "datatype": DATATYPE, "shape": [-1, served.engine.n_features]}],
        "outputs": [{"name": served.output_name, "datatype": DATATYPE, "shape": [-1, *served.output_shape]}],
    }


@endpoints.get(
    "/v2/models/<name>/config",
    "/v2/models/<name>/versions/<version>/config",
    summary="Get a model's configuration",
    responses={JSON: (ModelConfigurationSchema,)},
    problems=(404, 503),
)
def get_model_configuration(call: Call, name: str, version: str | None = None) -> RawResponse:
    """What Triton's clients look up before they ask; nothing of it can be set."""
    served = call.plane.version(call.record, name, version)
    points = {"name": INPUT, "data_type": f"TYPE_{DATATYPE}", "dims": [served.engine.n_features], "optional": False}
    document = {
        "name": served.name,
        "platform": PLATFORM,
        "backend": "tensorflow",
        "version_policy": {"latest": {"num_versions": VERSIONS_SERVED}},
        "max_batch_size": call.plane.max_points,
        "input": [points],
        "output": [{"name": served.output_name, "data_type": f"TYPE_{DATATYPE}", **_dims(served.output_shape)}],
    }
    return json_response(document)


@endpoints.get(
    "/v2/models/<name>/ready",
    "/v2/models/<name>/versions/<version>/ready",
    summary="Can a model answer?",
    responses={JSON: (ModelReadySchema,)},
    problems=(404, 503),
)
def get_model_ready(call: Call, name: str, version: str | None = None) -> RawResponse:
    """200 where it can, else an error."""
    return json_response({"name": call.plane.version(call.record, name, version).name, "ready": True})


def _dims(shape: list[int]) -> dict[str, object]:
    return {"dims": shape} if shape else {"dims": [1], "reshape": {"shape": []}}
