"""OpenVINO Model Server's client, `ovmsclient`, which speaks TensorFlow Serving's standard. It cannot send a key."""

from typing import Any

import numpy as np
from ovmsclient import make_grpc_client, make_http_client
from ovmsclient.tfs_compat.base.errors import InvalidInputError, ModelNotFoundError, ModelServerError

from benchmarks.conformance import operations as op
from benchmarks.conformance.asking import NO_SUCH, NO_VERSION, Column, Seen, Target, require, run


def status_of(error: Exception) -> str | None:
    """Name the statuses as gRPC does; the client has classes for some, and one for all others."""
    if isinstance(error, ModelNotFoundError):
        return "NOT_FOUND"
    if isinstance(error, InvalidInputError):
        return "INVALID_ARGUMENT"
    return "another" if isinstance(error, ModelServerError) else None


def http(target: Target) -> Seen:
    yield from _seen(make_http_client(target.address), target, op.ROWS)


def grpc(target: Target) -> Seen:
    yield from _seen(make_grpc_client(target.grpc), target, op.CONTENT)


def _seen(client: Any, target: Target, predicts: str) -> Seen:
    column, model = Column(status_of), target.model

    def status(name: str = model, version: int = 0) -> None:
        require(client.get_model_status(name, version), "there are no versions")

    def predict(name: str = model, version: int = 0, given: str = target.input, array: Any = None) -> None:
        points = target.array if array is None else array
        found = client.predict({given: points}, name, version)
        target.check(found[target.output] if isinstance(found, dict) else found)

    def a_version() -> int:
        return max(map(int, client.get_model_status(model)))

    def metadata(version: int = 0) -> None:
        found = client.get_model_metadata(model, version)
        if "metadata" in found:  # over HTTP it understands its own server's names, and gives all others as they are
            found = found["metadata"]["signature_def"]["signature_def"]["serving_default"]
        require(target.input in found["inputs"] and target.output in found["outputs"], "a tensor is missing")

    yield op.STATUS, column.answers(status)
    yield op.STATUS_VERSION, column.answers(lambda: status(version=a_version()))
    yield op.METADATA, column.answers(metadata)
    yield op.METADATA_VERSION, column.answers(lambda: metadata(a_version()))
    yield predicts, column.answers(predict)
    yield op.PREDICT_VERSION, column.answers(lambda: predict(version=a_version()))
    yield op.NO_STATUS, column.refuses(lambda: status(NO_SUCH))
    yield op.NO_SERVABLE, column.refuses(lambda: predict(NO_SUCH))
    yield op.NO_SERVABLE_VERSION, column.refuses(lambda: predict(version=NO_VERSION))
    yield op.WRONG_WIDTH, column.refuses(lambda: predict(array=target.too_wide))
    yield op.WRONG_VALUE, column.refuses(lambda: predict(array=np.full(target.array.shape, "text")))
    yield op.NO_NAMED_INPUT, column.refuses(lambda: predict(given=NO_SUCH))


if __name__ == "__main__":
    run({"ovmsclient, HTTP": http, "ovmsclient, gRPC": grpc})
