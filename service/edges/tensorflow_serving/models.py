"""`GET /v1/models/<name>[/versions/<version>][/metadata]`: the states of versions, and the signatures of one."""

from marshmallow import Schema, fields

from service.edges.tensorflow_serving.servable import LATEST, servable
from service.engines import Tensor
from service.errors import NotFoundError
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.error_formats import ERROR_JSON
from service.http.responses import JSON, RawResponse, json_response
from service.registry.models import ModelVersion, State, Status

endpoints = Endpoints("v1", problems=(404,), error_format=ERROR_JSON, inline=True)

STATES = {
    State.LOADING: "LOADING",
    State.AVAILABLE: "AVAILABLE",
    State.UNLOADING: "END",
    State.FAILED: "END",
}
"""As in `tensorflow.serving.ModelVersionStatus.State`."""

DTYPES = {
    "bfloat16": "DT_BFLOAT16",
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "int32": "DT_INT32",
}
"""Of what engines take and give."""

PREDICT = "tensorflow/serving/predict"


class ErrorStatusSchema(Schema):
    error_code = fields.String(required=True)
    error_message = fields.String(required=True)


class VersionStatusSchema(Schema):
    version = fields.String(required=True, metadata={"description": "int64, which is a string in protobuf's JSON"})
    state = fields.String(required=True, metadata={"enum": sorted(set(STATES.values()))})
    status = fields.Nested(ErrorStatusSchema, required=True)


class ModelStatusSchema(Schema):
    model_version_status = fields.List(fields.Nested(VersionStatusSchema), required=True)


class ModelSpecSchema(Schema):
    name = fields.String(required=True)
    signature_name = fields.String(required=True, metadata={"description": "empty"})
    version = fields.String(required=True)


class MetadataSchema(Schema):
    model_spec = fields.Nested(ModelSpecSchema, required=True)
    metadata = fields.Dict(
        required=True, metadata={"description": "signature_def: a tensorflow.serving.SignatureDefMap"}
    )


@endpoints.get(
    "/v1/models/<servable:name>",
    "/v1/models/<servable:name>/versions/<servable:version>",
    summary="Get the states of a model's versions",
    responses={JSON: (ModelStatusSchema,)},
)
def get_status(call: Call, name: str, version: str | None = None) -> RawResponse:
    """A `tensorflow.serving.GetModelStatusResponse`; a version that cannot be loaded has ended, with the reason."""
    return json_response(describe_status(call, name, version))


def describe_status(call: Call, name: str, version: str | None) -> dict[str, object]:
    """Return the states of a model's versions, as protobuf's JSON has it."""
    try:
        model = call.plane.model(name)
    except NotFoundError as error:
        raise NotFoundError(f"Could not find any versions of model {name}; {error.detail}") from error
    statuses = model.statuses
    if not statuses:
        raise NotFoundError(f"Could not find any versions of model {name}; {model.why_none}")
    if version is not None and version != LATEST:
        statuses = tuple(status for status in statuses if str(status.number) == version)
        if not statuses:
            raise NotFoundError(f"Could not find version {version} of model {name}")
    return {"model_version_status": [_status(status) for status in statuses]}


@endpoints.get(
    "/v1/models/<servable:name>/metadata",
    "/v1/models/<servable:name>/versions/<servable:version>/metadata",
    summary="Get a model's signatures",
    responses={JSON: (MetadataSchema,)},
)
def get_metadata(call: Call, name: str, version: str | None = None) -> RawResponse:
    """What each signature of the SavedModel takes and gives."""
    served = servable(call, name, version)
    return json_response(
        {
            "model_spec": {"name": served.name, "signature_name": "", "version": str(served.number)},
            "metadata": {"signature_def": describe_signatures(served)},
        }
    )


def describe_signatures(served: ModelVersion) -> dict[str, object]:
    """Return a `tensorflow.serving.SignatureDefMap`, as protobuf's JSON has it."""
    described = {signature: served.engine.describe(signature) for signature in sorted(served.engine.signatures)}
    signatures = {
        name: {
            "inputs": {tensor.name: _tensor_info(tensor) for tensor in signature.inputs},
            "outputs": {tensor.name: _tensor_info(tensor) for tensor in signature.outputs},
            "method_name": PREDICT,
        }
        for name, signature in described.items()
    }
    return {"signature_def": signatures}


def _status(status: Status) -> dict[str, object]:
    failed = status.state is State.FAILED
    error = {"error_code": "INTERNAL" if failed else "OK", "error_message": (status.reason or "") if failed else ""}
    return {"version": str(status.number), "state": STATES[status.state], "status": error}


def _tensor_info(tensor: Tensor) -> dict[str, object]:
    return {
        "dtype": DTYPES[tensor.dtype],
        "tensor_shape": {"dim": [{"size": str(size), "name": ""} for size in tensor.shape], "unknown_rank": False},
        "name": tensor.graph_name,
    }
