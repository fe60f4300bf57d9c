"""Triton's client, `tritonclient`, over HTTP and over gRPC."""

from typing import Any

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

from benchmarks.conformance import operations as op
from benchmarks.conformance.asking import NO_SUCH, NO_VERSION, Column, NotOfferedError, Seen, Target, require, run

BINARY_EXTENSION = "binary_tensor_data"


def status_of(error: Exception) -> str | None:
    if not isinstance(error, InferenceServerException) or error.status() is None:
        return None
    return str(error.status()).removeprefix("StatusCode.")


class Transport:
    """What both transports have alike. Over gRPC answers are requested as JSON, as they are over HTTP."""

    def __init__(self, library: Any, address: str, target: Target) -> None:
        self.library, self.address, self.target = library, address, target

    @property
    def client(self) -> Any:
        """A new one for each call: some servers close a connection after an error."""
        return self.library.InferenceServerClient(self.address)

    @property
    def headers(self) -> dict[str, Any]:
        """New ones for each call: the client writes into them."""
        return {"headers": self.target.headers}

    @property
    def as_json(self) -> dict[str, Any]:
        return {"as_json": True, **self.headers} if self.library is tritonclient.grpc else self.headers

    def given(self, array: Any = None, name: str = "", datatype: str = "FP32", *, binary: bool = True) -> Any:
        array = self.target.array if array is None else array
        made = self.library.InferInput(name or self.target.input, list(array.shape), datatype)
        if self.library is tritonclient.http:
            return made.set_data_from_numpy(array, binary_data=binary)
        return made.set_data_from_numpy(array)

    def wanted(self, name: str, *, binary: bool) -> Any:
        options = {"binary_data": binary} if self.library is tritonclient.http else {}
        return self.library.InferRequestedOutput(name, **options)

    def infer(self, given: Any = None, model: str = "", *, binary: bool, output: str = "", **options: Any) -> Any:
        """Infer, and check the numbers, unless something else than the points was `given`."""
        options.setdefault("outputs", [self.wanted(output or self.target.output, binary=binary)])
        result = self.client.infer(
            model or self.target.model, [given or self.given(binary=binary)], **options, **self.headers
        )
        if given is None:
            self.target.check(result.as_numpy(self.target.output))
        return result

    def metadata(self, model: str = "", version: str = "") -> Any:
        found = self.client.get_model_metadata(model or self.target.model, version, **self.as_json)
        require(found.get("name") == (model or self.target.model), "the metadata has no name, or another")
        return found

    def versions(self) -> list[str]:
        return list(self.metadata().get("versions", []))

    def a_version(self) -> str:
        versions = self.versions()
        if not versions:
            raise NotOfferedError("the model has no versions")
        return versions[-1]


def http(target: Target) -> Seen:
    transport = Transport(tritonclient.http, target.address, target)

    def extension() -> None:
        if BINARY_EXTENSION not in transport.client.get_server_metadata(**transport.headers).get("extensions", []):
            raise NotOfferedError("not among the server's extensions")
        transport.infer(binary=True)

    column = Column(status_of)
    yield op.BINARY, column.answers(extension, optional=True)
    yield from _seen(transport, column, binary=False)


def grpc(target: Target) -> Seen:
    """Its client always sends bytes; that numbers may come one by one is for KServe's client to ask."""
    transport = Transport(tritonclient.grpc, target.grpc or "", target)
    column = Column(status_of)
    yield op.BINARY, column.answers(lambda: transport.infer(binary=True))
    yield from ((name, result) for name, result in _seen(transport, column, binary=True) if name != op.JSON)


def _seen(transport: Transport, column: Column, *, binary: bool) -> Seen:
    yield from _answered(transport, column, binary=binary)
    yield from _refused(transport, column, binary=binary)
    yield from _optional(transport, column, binary=binary)


def _answered(transport: Transport, column: Column, *, binary: bool) -> Seen:
    client, target = transport.client, transport.target

    def server() -> None:
        require(client.get_server_metadata(**transport.as_json).get("name"), "the metadata has no name")

    def request_id() -> None:
        answer = transport.infer(binary=binary, request_id="mine").get_response()
        found = answer.get("id") if isinstance(answer, dict) else answer.id
        require(found == "mine", f"the id is {found!r}")

    yield op.LIVE, column.answers(lambda: client.is_server_live(**transport.headers))
    yield op.READY, column.answers(lambda: client.is_server_ready(**transport.headers))
    yield op.SERVER, column.answers(server)
    yield op.MODEL_READY, column.answers(lambda: client.is_model_ready(target.model, **transport.headers))
    yield op.MODEL, column.answers(transport.metadata)
    yield op.JSON, column.answers(lambda: transport.infer(binary=binary))
    yield op.ID, column.answers(request_id)
    yield op.PARAMETERS, column.answers(lambda: transport.infer(binary=binary, parameters={"purpose": "a test"}))
    yield op.OUTPUTS, column.answers(lambda: transport.infer(binary=binary, output=target.output))


def _refused(transport: Transport, column: Column, *, binary: bool) -> Seen:
    text = np.full(transport.target.array.shape, b"text", object)

    def wrong(**options: Any) -> Any:
        return lambda: transport.infer(transport.given(binary=binary, **options), binary=binary)

    yield op.NO_MODEL, column.refuses(lambda: transport.infer(model=NO_SUCH, binary=binary))
    yield op.NO_MODEL_METADATA, column.refuses(lambda: transport.metadata(NO_SUCH))
    yield op.NO_READY, column.refuses(lambda: transport.client.is_model_ready(NO_SUCH, **transport.headers))
    yield op.NO_MODEL_VERSION, column.refuses(lambda: transport.infer(binary=binary, model_version=str(NO_VERSION)))
    yield op.WRONG_SHAPE, column.refuses(wrong(array=transport.target.too_wide))
    yield op.WRONG_TYPE, column.refuses(wrong(array=text, datatype="BYTES"))
    yield op.NO_INPUT, column.refuses(wrong(name=NO_SUCH))
    yield op.NO_OUTPUT, column.refuses(lambda: transport.infer(binary=binary, output=NO_SUCH))


def _optional(transport: Transport, column: Column, *, binary: bool) -> Seen:
    client, model = transport.client, transport.target.model

    def index() -> None:
        found = client.get_model_repository_index(**transport.as_json)
        entries = found.get("models", []) if isinstance(found, dict) else found
        require(model in [entry["name"] for entry in entries], "the model is not in the index")

    def reload() -> None:
        client.unload_model(model, **transport.headers)
        try:
            require(not _is_ready(client, model, transport), "the model is ready after it was unloaded")
        finally:
            client.load_model(model, **transport.headers)
        transport.infer(binary=binary)

    yield (
        op.VERSION,
        column.answers(lambda: transport.infer(binary=binary, model_version=transport.a_version()), optional=True),
    )
    yield op.VERSION_METADATA, column.answers(lambda: transport.metadata(version=transport.a_version()), optional=True)
    yield op.INDEX, column.answers(index, optional=True)
    yield op.STATISTICS, column.answers(lambda: _statistics(transport), optional=True)
    yield op.CONFIGURATION, column.answers(lambda: client.get_model_config(model, **transport.as_json), optional=True)
    if transport.target.may_unload:
        yield op.LOAD, column.answers(lambda: client.load_model(model, **transport.headers), optional=True)
        yield op.UNLOAD, column.answers(reload, optional=True)


def _statistics(transport: Transport) -> None:
    found = transport.client.get_inference_statistics(transport.target.model, **transport.as_json)
    require(found.get("model_stats"), "there are no model_stats")


def _is_ready(client: Any, model: str, transport: Transport) -> bool:
    try:
        return bool(client.is_model_ready(model, **transport.headers))
    except InferenceServerException:
        return False


if __name__ == "__main__":
    run({"tritonclient, HTTP": http, "tritonclient, gRPC": grpc})
