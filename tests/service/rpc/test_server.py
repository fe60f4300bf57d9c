"""A worker's gRPC server: keys, limits, overload, metrics and the log as over HTTP; health, reflection, and its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2

from harness import bundles
from harness.held_grids import held_grid, holding
from tests.conftest import ALICE, ALICE_LINE, ROOT, wait_for
from tests.service.edges.grpc.channels import INFER, PREDICT, Rpc, Stalled, infer_request, refusal, speaking_grpc
from tests.service.edges.standards import POINTS
from tests.service.test_address import refused
from tests.service.test_observability import value

CODE = grpc.StatusCode


@pytest.fixture(scope="module")
def rpc(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    """One worker that computes one request at once, takes 100 kB, and asks for keys, of which Alice has one."""
    directory = tmp_path_factory.mktemp("grpc")
    (directory / "keys").write_text(ALICE_LINE + "\n")
    settings = {
        "SERVICE_MODELS_DIR": str(bundles.copy(models_dir, directory / "models", "tanh-3", "tanh-10-10")),
        "SERVICE_API_KEYS_FILE": str(directory / "keys"),
        "SERVICE_MAX_BODY_BYTES": "100000",
        "SERVICE_MAX_CONCURRENCY": "1",
        "SERVICE_POLL_SECONDS": "0.2",
    }
    with speaking_grpc(directory, **settings) as started:
        yield started


KEY = (("x-api-key", ALICE),)


@pytest.mark.parametrize("metadata", [(), (("x-api-key", "wrong"),), (("authorization", "Bearer wrong"),)])
def test_without_a_key_nothing_but_health_is_told(rpc: Rpc, metadata: tuple[tuple[str, str], ...]) -> None:
    refused = {
        "infer": refusal(rpc.oip.ModelInfer, infer_request(POINTS), metadata=metadata),
        "ready": refusal(rpc.oip.ModelReady, service_pb2.ModelReadyRequest(name="tanh-3"), metadata=metadata),
        "index": refusal(rpc.oip.RepositoryIndex, service_pb2.RepositoryIndexRequest(), metadata=metadata),
        "unload": refusal(
            rpc.oip.RepositoryModelUnload,
            service_pb2.RepositoryModelUnloadRequest(model_name="tanh-3"),
            metadata=metadata,
        ),
        "damaged": refusal(rpc.send, INFER, b"\xff", metadata),
        "predict": refusal(rpc.send, PREDICT, b"", metadata),
    }
    assert {name: error.code() for name, error in refused.items()} == dict.fromkeys(refused, CODE.UNAUTHENTICATED)
    assert rpc.oip.ServerLive(service_pb2.ServerLiveRequest(), metadata=metadata).live
    assert rpc.oip.ServerReady(service_pb2.ServerReadyRequest(), metadata=metadata).ready


def test_without_a_key_no_message_is_waited_for(rpc: Rpc) -> None:
    with Stalled(rpc) as nameless:
        assert nameless.call.exception(timeout=60).code() is CODE.UNAUTHENTICATED


@pytest.mark.parametrize("metadata", [KEY, (("authorization", f"Bearer {ALICE}"),)])
def test_with_a_key_models_answer(rpc: Rpc, metadata: tuple[tuple[str, str], ...]) -> None:
    assert rpc.oip.ModelInfer(infer_request(POINTS), metadata=metadata).model_name == "tanh-10-10"


def test_a_model_that_is_unloaded_over_grpc_is_gone_over_http_too_until_it_is_loaded(rpc: Rpc) -> None:
    headers = {"X-API-Key": ALICE}
    rpc.oip.RepositoryModelUnload(service_pb2.RepositoryModelUnloadRequest(model_name="tanh-3"), metadata=KEY)
    asked = service_pb2.ModelReadyRequest(name="tanh-3")
    assert refusal(rpc.oip.ModelReady, asked, metadata=KEY).code() is CODE.NOT_FOUND
    assert rpc.server.get("/v2/models/tanh-3/ready", headers=headers).status_code == 404
    rpc.oip.RepositoryModelLoad(service_pb2.RepositoryModelLoadRequest(model_name="tanh-3"), metadata=KEY)
    assert rpc.oip.ModelReady(asked, metadata=KEY).ready
    assert rpc.server.get("/v2/models/tanh-3/ready", headers=headers).status_code == 200


def test_a_call_is_measured_and_logged_with_its_id(rpc: Rpc) -> None:
    metadata = (*KEY, ("x-request-id", "mine-42"))
    _, call = rpc.oip.ModelInfer.with_call(infer_request(POINTS), metadata=metadata)
    assert dict(call.trailing_metadata())["x-request-id"] == "mine-42"
    error = refusal(rpc.oip.ModelInfer, infer_request(POINTS, model="nope"), metadata=metadata)
    assert dict(error.trailing_metadata())["x-request-id"] == "mine-42"
    lines = [line for line in rpc.server.events("request") if line["request_id"] == "mine-42"]
    assert [(line["method"], line["path"], line["status"], line["client"], line["model"]) for line in lines] == [
        ("POST", INFER, 200, "alice", "tanh-10-10"),
        ("POST", INFER, 404, "alice", ""),
    ]
    metrics = rpc.server.get("/metrics", headers={"X-API-Key": ALICE}).text
    labels = 'endpoint="grpc_v2.model_infer",model="tanh-10-10",status="200",version="1"'
    assert f"boundary_request_seconds_count{{{labels}}}" in metrics
    statistics = rpc.server.get("/v2/models/tanh-10-10/stats", headers={"X-API-Key": ALICE}).json()
    assert statistics["model_stats"][0]["inference_stats"]["success"]["count"] >= 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_that_is_too_long_is_refused_compressed_or_not(rpc: Rpc, compression: grpc.Compression) -> None:
    request = infer_request(np.zeros((12_501, 2), np.float32))  # a little more than 100 kB; 200 bytes as gzip
    error = refusal(rpc.oip.ModelInfer, request, metadata=KEY, compression=compression)
    assert error.code() is CODE.RESOURCE_EXHAUSTED
    assert "larger than max" in error.details()
    fits = infer_request(np.zeros((12_000, 2), np.float32))
    assert rpc.oip.ModelInfer(fits, metadata=KEY, compression=compression).outputs[0].shape == [12_000]


def test_when_too_many_wait_some_are_told_when_to_come_back(rpc: Rpc) -> None:
    """One computes, eight wait; what is long goes to threads, so that many come at once."""
    request = infer_request(np.random.default_rng(0).uniform(-1, 1, (12_000, 2)).astype(np.float32))
    errors: list[grpc.RpcError] = []

    def ask(_: int) -> None:
        try:
            assert len(rpc.oip.ModelInfer(request, metadata=KEY).raw_output_contents[0]) == 48_000
        except grpc.RpcError as error:
            errors.append(error)

    with ThreadPoolExecutor(64) as clients:
        while not errors:
            list(clients.map(ask, range(256)))
    assert {error.code() for error in errors} == {CODE.RESOURCE_EXHAUSTED}
    details = dict(errors[0].trailing_metadata())["grpc-status-details-bin"]
    status, retry = status_pb2.Status.FromString(details), error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(retry)
    assert (status.code, retry.retry_delay.seconds) == (CODE.RESOURCE_EXHAUSTED.value[0], 1)


def test_a_new_version_answers_over_grpc_without_a_restart(rpc: Rpc, models_dir: Path) -> None:
    models = Path(rpc.server.log).parent / "models"
    bundles.publish(models_dir / "relu-3" / "1", models, "tanh-3", 2)
    wait_for(lambda: rpc.oip.ModelInfer(infer_request(POINTS, model="tanh-3"), metadata=KEY).model_version == "2")


SERVICES = {
    "grpc.health.v1.Health",
    "inference.GRPCInferenceService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
}


def test_health_is_that_of_the_worker_and_of_each_service(rpc: Rpc) -> None:
    health = health_pb2_grpc.HealthStub(rpc.channel)
    for service in ("", "inference.GRPCInferenceService", "tensorflow.serving.PredictionService"):
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == 1
    error = refusal(health.Check, health_pb2.HealthCheckRequest(service="nope"))
    assert (error.code(), "there is no service 'nope'" in error.details()) == (CODE.NOT_FOUND, True)
    assert next(iter(health.Watch(health_pb2.HealthCheckRequest(service="nope")))).status == 3


def test_reflection_shows_the_services_and_their_messages_as_published(rpc: Rpc) -> None:
    database = ProtoReflectionDescriptorDatabase(rpc.channel)
    assert set(database.get_services()) == SERVICES
    file = database.FindFileContainingSymbol("inference.ModelInferRequest")
    (message,) = (message for message in file.message_type if message.name == "ModelInferRequest")
    published = service_pb2.ModelInferRequest.DESCRIPTOR
    assert {field.name: field.number for field in message.field} == {
        field.name: field.number for field in published.fields
    }


METHODS = (
    *(f"/inference.GRPCInferenceService/{name}" for name in ("ModelInfer", "ModelReady", "RepositoryIndex")),
    *(f"/tensorflow.serving.{name}" for name in ("PredictionService/Predict", "ModelService/GetModelStatus")),
    *("/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List"),
)
DAMAGED = (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\xc3\x28", b"\x0a\x05abc")


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_message_is_the_clients_fault(rpc: Rpc, path: str, content: bytes) -> None:
    if path.endswith(("/List", "/RepositoryIndex")):  # their messages have no text
        content = b"\xff"
    error = refusal(rpc.send, path, content, KEY)
    assert (error.code(), error.details()[:17]) == (CODE.INVALID_ARGUMENT, "the message is no")


def test_damaged_messages_to_streams_are_the_clients_fault(rpc: Rpc) -> None:
    watch = rpc.channel.unary_stream("/grpc.health.v1.Health/Watch")
    assert refusal(list, watch(b"\xff")).code() is CODE.INVALID_ARGUMENT
    reflection = rpc.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    assert b"\x08\x03" in next(iter(reflection(iter([b"\xff"]))))  # an error_response with the code INVALID_ARGUMENT


def test_an_unknown_method_is_not_implemented(rpc: Rpc) -> None:
    assert refusal(rpc.send, "/inference.GRPCInferenceService/Nope", b"").code() is CODE.UNIMPLEMENTED


def test_a_long_name_is_quoted_in_part(rpc: Rpc) -> None:
    error = refusal(rpc.oip.ModelInfer, infer_request(POINTS, model="点" * 10_000), metadata=KEY)
    assert error.code() is CODE.NOT_FOUND
    assert len(error.details()) < 1000


def test_nothing_of_all_that_left_a_traceback(rpc: Rpc) -> None:
    assert rpc.server.tracebacks() == 0
    assert rpc.server.process.poll() is None


def test_a_worker_that_stops_says_so_and_finishes_what_runs(models_dir: Path, tmp_path: Path) -> None:
    """A grid holds the only slot; what waits behind it when the worker is told to stop is answered all the same."""
    settings = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_CONCURRENCY": "1"}
    minute = {"service.dataplane.admission.QUEUE_SECONDS": 60}
    with speaking_grpc(tmp_path, constants=minute, **settings, **holding(tmp_path)) as rpc:
        watched = health_pb2_grpc.HealthStub(rpc.channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watched).status == 1
        with held_grid(rpc.server) as grid:
            waiting = rpc.oip.ModelInfer.future(infer_request(POINTS), timeout=60)
            wait_for(lambda: value(rpc.server, "boundary_waiting_requests", lane="predictions") == 1)
            os.kill(rpc.server.process.pid, signal.SIGTERM)
            assert next(watched).status == 2
            assert refusal(next, watched).code() is CODE.UNAVAILABLE
        assert len(waiting.result().raw_output_contents[0]) == 4 * len(POINTS)
        assert grid.result().status_code == 200
        rpc.channel.close()  # else it is served on for as long as connections live
        assert rpc.server.process.wait(timeout=60) == 0
        assert rpc.server.tracebacks() == 0


def test_a_port_that_is_taken_is_refused(rpc: Rpc) -> None:
    taken = rpc.address.rpartition(":")[2]
    assert f"port {taken} of 127.0.0.1 is taken; choose another: GRPC_PORT=" in refused("gunicorn", GRPC_PORT=taken)


def test_without_a_port_for_it_no_worker_imports_anything_of_grpc(models_dir: Path) -> None:
    code = (
        "import sys, service.app; sys.exit(any(name.partition('.')[0] in ('grpc', 'google') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
