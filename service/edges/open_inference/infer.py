"""`POST /v2/models/<name>[/versions/<version>]/infer`."""

from service.edges.open_inference.checks import names_of
from service.edges.open_inference.messages import DATATYPE, INPUT, InferRequestSchema, InferResponseSchema
from service.edges.open_inference.tensors import InferCall, decode, encode, header_length
from service.engines import Outputs
from service.http.body import read_body
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.error_formats import ERROR_JSON
from service.http.responses import JSON, RawResponse, maybe_compress

endpoints = Endpoints("v2_infer", error_format=ERROR_JSON, inline=True)

HEADER_LENGTH = "Inference-Header-Content-Length"

BINARY = "application/octet-stream"


@endpoints.post(
    "/v2/models/<name>/infer",
    "/v2/models/<name>/versions/<version>/infer",
    summary="Infer",
    request_bodies={JSON: (InferRequestSchema,), BINARY: ()},
    response_headers={HEADER_LENGTH: "the length of the JSON, where the probabilities' bytes follow it"},
    responses={JSON: (InferResponseSchema,), BINARY: ()},
    problems=(400, 404, 413, 415, 503),
    example={"inputs": [{"name": INPUT, "shape": [2, 2], "datatype": DATATYPE, "data": [0.1, 0.2, 0.9, -0.4]}]},
)
def post_infer(call: Call, name: str, version: str | None = None) -> RawResponse:
    """Probabilities P(y = 1) at points, as the Open Inference Protocol has it; points of other datatypes than FP32 are
    rounded to it. With the binary tensor data extension the points, the probabilities or both are little-endian bytes
    behind the JSON: the request's header `Inference-Header-Content-Length` is the length of the JSON then, 0 where the
    body is the points' bytes alone, float32. A
    model that gives no probabilities, such as a regression, has the output `values` in their place. Of k > 2 classes
    the output is [n, k], one row a point. The names in a model's own SavedModel are taken, and given back, too.
    Bodies may be compressed with gzip or deflate, and so is the answer where the client accepts that one coding alone.
    """
    served = call.plane.version(call.record, name, version)
    body = read_body(call)
    json_length = header_length(call.headers.get(HEADER_LENGTH.lower()), body)
    names = names_of(served)

    def decoded() -> InferCall:
        return decode(body, json_length, served.engine.n_features, call.plane.max_points, names)

    def encoded(request: InferCall, outputs: Outputs) -> RawResponse:
        (numbers,) = outputs.values()
        numbers = names.laid_out(request.output_name, numbers)
        content, answer_json_length = encode(served.name, served.number, numbers, request)
        if answer_json_length is None:
            return RawResponse([content], JSON)
        return RawResponse([content], BINARY, headers=[(HEADER_LENGTH, str(answer_json_length))])

    response = call.plane.evaluate(call.record, served, decoded, encoded)
    return maybe_compress(response, call.headers.get("accept-encoding"))
