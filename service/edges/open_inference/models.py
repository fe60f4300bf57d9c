"""What the server and its models are, and whether they answer: `GET /v2…`."""

from flask import Blueprint, Response
from marshmallow import Schema, fields

from service import __version__
from service.edges.open_inference.messages import DATATYPE, INPUT, OUTPUT
from service.edges.own.health import readiness
from service.http.context import is_ready, repository, settings, version_named
from service.http.endpoint import operation
from service.http.error_formats import STANDARD
from service.http.responses import json_response, uncached
from service.registry.registry import VERSIONS_SERVED

blueprint = Blueprint("v2", __name__)

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

    reshape = fields.Nested(ReshapeSchema, required=True)


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


@blueprint.get("/v2")
@operation("Describe the server", answers={"application/json": (ServerSchema,)}, dialect=STANDARD, public=True)
def get_server() -> Response:
    """Its name, its version and the extensions of the protocol that it has."""
    return json_response({"name": SERVER, "version": __version__, "extensions": EXTENSIONS})


@blueprint.get("/v2/health/live")
@operation("Is the process alive? (v2)", answers={"application/json": (HealthSchema,)}, dialect=STANDARD, public=True)
def get_v2_live() -> Response:
    """200 as long as the process answers at all."""
    return uncached(json_response({"live": True, "ready": is_ready()}))


@blueprint.get("/v2/health/ready")
@operation(
    "Can it answer? (v2)",
    answers={"application/json": (HealthSchema,)},
    unready=True,
    dialect=STANDARD,
    public=True,
)
def get_v2_ready() -> Response:
    """200 or 503, as `GET /health/ready`."""
    return readiness({"live": True, "ready": is_ready()})


@blueprint.get("/v2/models/<name>")
@blueprint.get("/v2/models/<name>/versions/<version>")
@operation(
    "Describe a model (v2)",
    answers={"application/json": (ModelMetadataSchema,)},
    problems=(404, 503),
    dialect=STANDARD,
)
def get_model_metadata(name: str, version: str | None = None) -> Response:
    """Its versions, its input and its output."""
    found = version_named(name, version)
    document = {
        "name": found.name,
        "versions": [str(number) for number in sorted(repository().model(name).served)],
        "platform": PLATFORM,
        "inputs": [{"name": INPUT, "datatype": DATATYPE, "shape": [-1, found.engine.n_features]}],
        "outputs": [{"name": OUTPUT, "datatype": DATATYPE, "shape": [-1]}],
    }
    return json_response(document)


@blueprint.get("/v2/models/<name>/config")
@blueprint.get("/v2/models/<name>/versions/<version>/config")
@operation(
    "Get a model's configuration",
    answers={"application/json": (ModelConfigurationSchema,)},
    problems=(404, 503),
    dialect=STANDARD,
)
def get_model_configuration(name: str, version: str | None = None) -> Response:
    """What Triton's clients look up before they ask; nothing of it can be set."""
    found = version_named(name, version)
    points = {"name": INPUT, "data_type": f"TYPE_{DATATYPE}", "dims": [found.engine.n_features], "optional": False}
    document = {
        "name": found.name,
        "platform": PLATFORM,
        "backend": "tensorflow",
        "version_policy": {"latest": {"num_versions": VERSIONS_SERVED}},
        "max_batch_size": settings().max_points,
        "input": [points],
        "output": [{"name": OUTPUT, "data_type": f"TYPE_{DATATYPE}", "dims": [1], "reshape": {"shape": []}}],
    }
    return json_response(document)


@blueprint.get("/v2/models/<name>/ready")
@blueprint.get("/v2/models/<name>/versions/<version>/ready")
@operation(
    "Can a model answer?",
    answers={"application/json": (ModelReadySchema,)},
    problems=(404, 503),
    dialect=STANDARD,
)
def get_model_ready(name: str, version: str | None = None) -> Response:
    """200 where it can, else an error."""
    return json_response({"name": version_named(name, version).name, "ready": True})
