"""TensorFlow Serving's stubs, `tensorflow-serving-api`, over gRPC; its REST API by `requests`, as its guide has it."""

from collections.abc import Callable
from typing import Any

import grpc
import requests
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from benchmarks.conformance import operations as op
from benchmarks.conformance.asking import NO_SUCH, NO_VERSION, Column, Seen, Target, require, run

FLOAT, STRING = 1, 7
SIGNATURE = "serving_default"
LABEL = "stable"
SECONDS = 20


def status_of(error: Exception) -> str | None:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return str(error.response.status_code)
    return str(error.code().name) if isinstance(error, grpc.RpcError) else None


class Rest:
    """Asks, and holds errors to the form that they have: an object with `error`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(target.headers)

    def ask(self, path: str, content: Any = None, model: str = "", version: int = 0) -> Any:
        place = f"{self.target.url.rstrip('/')}/v1/models/{model or self.target.model}"
        place += f"/versions/{version}" if version else ""
        if content is None:
            answer = self.session.get(place + path, timeout=SECONDS)
        else:
            body = {"data": content} if isinstance(content, str) else {"json": content}
            answer = self.session.post(place + path, timeout=SECONDS, **body)
        if not answer.ok and self._is_error(answer):
            raise requests.HTTPError(_message(answer), response=answer)
        require(answer.ok, f"{answer.status_code} without the key `error`")
        return answer.json()

    def _is_error(self, answer: requests.Response) -> bool:
        """Say whether an error has the standard's form; an unknown path may have any."""
        try:
            return answer.status_code in (404, 405) or "error" in answer.json()
        except ValueError:
            return False

    def rows(self, **options: Any) -> None:
        predictions = self.ask(":predict", {"instances": self.target.points}, **options)["predictions"]
        self.target.check(predictions)

    def predict(self, key: str, **body: Any) -> Callable[[], object]:
        return lambda: self.target.check(self.ask(":predict", body)[key])

    def version(self) -> int:
        return max(int(entry["version"]) for entry in self.ask("")["model_version_status"])


def http(target: Target) -> Seen:
    asked, column = Rest(target), Column(status_of)
    yield from _http_answered(asked, column)
    yield from _http_refused(asked, column)
    example = {"examples": [{target.input: target.points[0]}]}
    yield op.STATUS_LABEL, column.answers(lambda: asked.ask(f"/labels/{LABEL}"), optional=True)
    predict = {"instances": target.points}
    yield op.PREDICT_LABEL, column.answers(lambda: asked.ask(f"/labels/{LABEL}:predict", predict), optional=True)
    yield op.CLASSIFY, column.answers(lambda: asked.ask(":classify", example), optional=True)
    yield op.REGRESS, column.answers(lambda: asked.ask(":regress", example), optional=True)


def _http_answered(asked: Rest, column: Column) -> Seen:
    target, points = asked.target, asked.target.points
    named = [{target.input: point} for point in points]

    def status(version: int = 0) -> None:
        states = [entry["state"] for entry in asked.ask("", version=version)["model_version_status"]]
        require("AVAILABLE" in states, f"no version is available: {states}")

    def metadata(version: int = 0) -> None:
        found = asked.ask("/metadata", version=version)["metadata"]["signature_def"]["signature_def"]
        require(target.input in found[SIGNATURE]["inputs"], f"{SIGNATURE} has no input {target.input}")

    yield op.STATUS, column.answers(status)
    yield op.STATUS_VERSION, column.answers(lambda: status(asked.version()))
    yield op.METADATA, column.answers(metadata)
    yield op.METADATA_VERSION, column.answers(lambda: metadata(asked.version()))
    yield op.ROWS, column.answers(asked.rows)
    yield op.NAMED_ROWS, column.answers(asked.predict("predictions", instances=named))
    yield op.COLUMNS, column.answers(asked.predict("outputs", inputs=points))
    yield op.NAMED_COLUMNS, column.answers(asked.predict("outputs", inputs={target.input: points}))
    yield op.SIGNATURE, column.answers(asked.predict("predictions", instances=points, signature_name=SIGNATURE))
    yield op.PREDICT_VERSION, column.answers(lambda: asked.rows(version=asked.version()))


def _http_refused(asked: Rest, column: Column) -> Seen:
    points = asked.target.points
    bodies: dict[str, Any] = {
        op.NO_SIGNATURE: {"instances": points, "signature_name": NO_SUCH},
        op.WRONG_WIDTH: {"instances": asked.target.too_wide.tolist()},
        op.WRONG_VALUE: {"instances": [["text" for _ in point] for point in points]},
        op.NO_NAMED_INPUT: {"inputs": {NO_SUCH: points}},
        op.NO_INPUTS: {},
        op.BOTH: {"instances": points, "inputs": points},
        op.NO_JSON: "{no JSON",
    }
    yield op.NO_STATUS, column.refuses(lambda: asked.ask("", model=NO_SUCH))
    yield op.NO_SERVABLE, column.refuses(lambda: asked.rows(model=NO_SUCH))
    yield op.NO_SERVABLE_VERSION, column.refuses(lambda: asked.rows(version=NO_VERSION))
    for operation, body in bodies.items():
        yield operation, column.refuses(lambda body=body: asked.ask(":predict", body))  # type: ignore[misc]


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, LookupError, TypeError):
        return str(answer.reason)


class Stubs:
    """Calls by the published stubs."""

    def __init__(self, target: Target, channel: grpc.Channel) -> None:
        self.target = target
        self.prediction: Any = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.models: Any = model_service_pb2_grpc.ModelServiceStub(channel)
        self.options = {"timeout": SECONDS, "metadata": tuple(target.headers.items())}

    def specify(self, request: Any, model: str = "", version: int = 0, label: str = "", signature: str = "") -> Any:
        """Fill in which model is asked for."""
        request.model_spec.name, request.model_spec.signature_name = model or self.target.model, signature
        if version:
            request.model_spec.version.value = version
        if label:
            request.model_spec.version_label = label
        return request

    def request(self, array: Any = None, name: str = "", *, text: bool = False, bare: bool = False, **spec: Any) -> Any:
        """Return a request for predictions: with bytes, or `bare` numbers."""
        points = self.target.array if array is None else array
        request = self.specify(predict_pb2.PredictRequest(), **spec)
        tensor = request.inputs[name or self.target.input]
        tensor.dtype = STRING if text else FLOAT
        for size in points.shape:
            tensor.tensor_shape.dim.add(size=size)
        if text:
            tensor.string_val.extend([b"text"] * points.size)
        elif bare:
            tensor.float_val.extend(points.ravel().tolist())
        else:
            tensor.tensor_content = points.tobytes()
        return request

    def predict(self, request: Any) -> None:
        outputs = self.prediction.Predict(request, **self.options).outputs
        found = outputs[self.target.output] if self.target.output in outputs else None  # noqa: SIM401 (get makes one)
        self.target.check(None if found is None else list(found.float_val) or _floats(found.tensor_content))

    def status(self, **spec: Any) -> Any:
        request = self.specify(get_model_status_pb2.GetModelStatusRequest(), **spec)
        found = self.models.GetModelStatus(request, **self.options).model_version_status
        require(found, "there are no versions")
        return found

    def version(self) -> int:
        return max(int(entry.version) for entry in self.status())

    def metadata(self, **spec: Any) -> None:
        request = self.specify(get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]), **spec)
        packed = self.prediction.GetModelMetadata(request, **self.options).metadata["signature_def"]
        found = get_model_metadata_pb2.SignatureDefMap()
        require(packed.Unpack(found), "the metadata is no SignatureDefMap")
        require(self.target.input in found.signature_def[SIGNATURE].inputs, f"there is no input {self.target.input}")


def _floats(content: bytes) -> list[float]:
    return list(memoryview(content).cast("f"))


def over_grpc(target: Target) -> Seen:
    with grpc.insecure_channel(target.grpc or "", [("grpc.enable_http_proxy", 0)]) as channel:
        asked, column = Stubs(target, channel), Column(status_of)
        yield from _grpc_answered(asked, column)
        yield from _grpc_refused(asked, column)
        yield from _grpc_optional(asked, column)


def _grpc_answered(asked: Stubs, column: Column) -> Seen:
    filtered = asked.request()
    filtered.output_filter.append(asked.target.output)
    yield op.STATUS, column.answers(asked.status)
    yield op.STATUS_VERSION, column.answers(lambda: asked.status(version=asked.version()))
    yield op.METADATA, column.answers(asked.metadata)
    yield op.METADATA_VERSION, column.answers(lambda: asked.metadata(version=asked.version()))
    yield op.FLOATS, column.answers(lambda: asked.predict(asked.request(bare=True)))
    yield op.CONTENT, column.answers(lambda: asked.predict(asked.request()))
    yield op.SIGNATURE, column.answers(lambda: asked.predict(asked.request(signature=SIGNATURE)))
    yield op.FILTER, column.answers(lambda: asked.predict(filtered))
    yield op.PREDICT_VERSION, column.answers(lambda: asked.predict(asked.request(version=asked.version())))


def _grpc_refused(asked: Stubs, column: Column) -> Seen:
    empty = asked.specify(predict_pb2.PredictRequest())
    yield op.NO_STATUS, column.refuses(lambda: asked.status(model=NO_SUCH))
    yield op.NO_SERVABLE, column.refuses(lambda: asked.predict(asked.request(model=NO_SUCH)))
    yield op.NO_SERVABLE_VERSION, column.refuses(lambda: asked.predict(asked.request(version=NO_VERSION)))
    yield op.NO_SIGNATURE, column.refuses(lambda: asked.predict(asked.request(signature=NO_SUCH)))
    yield op.WRONG_WIDTH, column.refuses(lambda: asked.predict(asked.request(asked.target.too_wide)))
    yield op.WRONG_VALUE, column.refuses(lambda: asked.predict(asked.request(text=True)))
    yield op.NO_NAMED_INPUT, column.refuses(lambda: asked.predict(asked.request(name=NO_SUCH)))
    yield op.NO_INPUTS, column.refuses(lambda: asked.predict(empty))


def _grpc_optional(asked: Stubs, column: Column) -> Seen:
    prediction = asked.prediction
    classify, regress = classification_pb2.ClassificationRequest(), regression_pb2.RegressionRequest()
    for request in (classify, regress):
        asked.specify(request).input.example_list.examples.add()
    multi = inference_pb2.MultiInferenceRequest()
    asked.specify(multi.tasks.add())
    yield op.STATUS_LABEL, column.answers(lambda: asked.status(label=LABEL), optional=True)
    yield op.PREDICT_LABEL, column.answers(lambda: asked.predict(asked.request(label=LABEL)), optional=True)
    yield op.CLASSIFY, column.answers(lambda: prediction.Classify(classify, **asked.options), optional=True)
    yield op.REGRESS, column.answers(lambda: prediction.Regress(regress, **asked.options), optional=True)
    yield op.MULTI, column.answers(lambda: prediction.MultiInference(multi, **asked.options), optional=True)


if __name__ == "__main__":
    run({"requests, REST": http, "tensorflow-serving-api, gRPC": over_grpc})
