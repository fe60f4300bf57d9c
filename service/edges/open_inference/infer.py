"""`POST /v2/models/<name>[/versions/<version>]/infer`."""

from flask import Blueprint, Response, request

from service.dataplane.inference import predict
from service.edges.open_inference.messages import DATATYPE, INPUT, InferRequestSchema, InferResponseSchema
from service.edges.open_inference.tensors import decode, encode, header_length
from service.http.body import read_body
from service.http.context import context, version_named
from service.http.endpoint import operation
from service.http.error_formats import STANDARD
from service.http.record import waited
from service.http.responses import Answer, compressed

blueprint = Blueprint("v2_infer", __name__)

HEADER_LENGTH = "Inference-Header-Content-Length"

BINARY = "application/octet-stream"


@blueprint.post("/v2/models/<name>/infer")
@blueprint.post("/v2/models/<name>/versions/<version>/infer")
@operation(
    "Infer",
    takes={"application/json": (InferRequestSchema,), BINARY: ()},
    answer_headers={HEADER_LENGTH: "the length of the JSON, where the probabilities' bytes follow it"},
    answers={"application/json": (InferResponseSchema,), BINARY: ()},
    problems=(400, 404, 413, 415, 503),
    dialect=STANDARD,
    example={"inputs": [{"name": INPUT, "shape": [2, 2], "datatype": DATATYPE, "data": [0.1, 0.2, 0.9, -0.4]}]},
)
def post_infer(name: str, version: str | None = None) -> Response:
    """Probabilities P(y = 1) at points, as the Open Inference Protocol has it. With the binary tensor data extension
    the points, the probabilities or both are little-endian float32 behind the JSON: the request's header
    `Inference-Header-Content-Length` is the length of the JSON then, 0 where the body is the points' bytes alone.
    Bodies may be compressed with gzip or deflate, and so is the answer where the client accepts that one coding alone.
    """
    here = context()
    asked_version = version_named(name, version)
    body = read_body(request.environ, here.settings.max_body_bytes)
    json_length = header_length(request.headers.get(HEADER_LENGTH), body)
    with here.admission.predictions as seconds:
        waited(seconds)
        asked = decode(body, json_length, asked_version.engine.n_features, here.settings.max_points)
        answer, answer_json_length = encode(predict(asked_version, asked.points), asked)
    if answer_json_length is None:
        return compressed(Answer(answer, content_type="application/json"))
    response = Answer(answer, content_type=BINARY)
    response.headers[HEADER_LENGTH] = str(answer_json_length)
    return compressed(response)
