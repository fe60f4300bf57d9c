"""What the calls of a worker take up: each has an end that is measured, and none takes what others need."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tritonclient.grpc import service_pb2

from harness.held_grids import held_grid, holding
from service import CONTEXT, RECORDER
from service.app import create_app
from service.edges.grpc import SERVICES
from service.rpc.calls import MAX_CALLS, RECEIVE, Calls, StreamHandler
from service.rpc.messages import message_class
from service.settings import Settings
from tests.conftest import Server, free_port, running, wait_for
from tests.service.edges.grpc.channels import INFER, PREDICT, Rpc, Stalled, infer_request, refusal, speaking_grpc
from tests.service.edges.standards import POINTS
from tests.service.rpc.raw_http2 import DATA, END_HEADERS, END_STREAM, HEADERS, call_of, frame, framed, frames, raw
from tests.service.rpc.test_core import calling, serving
from tests.service.test_observability import value

CODE = grpc.StatusCode
FEW = {
    "service.client_limits.MAX_HELD_BYTES": 500_000,
    "service.client_limits.CROWDED_SECONDS": 0.2,
    "service.rpc.intake.QUEUE_SECONDS": 60,
}


@pytest.fixture(scope="module")
def rpc(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    """One worker, which takes in two messages at a time, of 100 kB each, and one where no key is needed."""
    settings = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_BODY_BYTES": "100000"}
    with speaking_grpc(tmp_path_factory.mktemp("calls"), constants=FEW, **settings) as started:
        yield started


def retry_seconds(error: grpc.RpcError) -> int:
    """Return after how many seconds a client is told to come back."""
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status, retry = status_pb2.Status.FromString(details), error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(retry)
    return int(retry.retry_delay.seconds)


def statuses(server: Server, request_id: str) -> list[int]:
    return [line["status"] for line in server.events("request") if line["request_id"] == request_id]


def test_a_call_that_ends_before_its_answer_is_measured_and_logged(rpc: Rpc) -> None:
    labels = {"endpoint": "grpc_v2.model_infer", "model": "", "status": "499", "version": ""}
    before = value(rpc.server, "boundary_request_seconds_count", **labels)

    def came_too_late() -> bool:
        with Stalled(rpc, timeout=0.3, metadata=(("x-request-id", "gone-1"),)) as late:
            assert late.call.exception().code() is CODE.DEADLINE_EXCEEDED
        return bool(statuses(rpc.server, "gone-1"))  # where the machine is busy, it may not have come at all

    wait_for(came_too_late)
    assert set(statuses(rpc.server, "gone-1")) == {499}
    assert value(rpc.server, "boundary_request_seconds_count", **labels) > before


def test_a_call_that_is_cancelled_while_it_waits_is_measured_and_a_thread_is_free_again(
    models_dir: Path, tmp_path: Path
) -> None:
    minute = {"service.dataplane.admission.QUEUE_SECONDS": 60}
    settings = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_CONCURRENCY": "1"}
    with speaking_grpc(tmp_path, constants=minute, **settings, **holding(tmp_path)) as rpc:
        with held_grid(rpc.server) as grid:
            waiting = rpc.oip.ModelInfer.future(infer_request(POINTS), metadata=(("x-request-id", "gone-2"),))
            wait_for(lambda: value(rpc.server, "boundary_waiting_requests", lane="predictions") == 1)
            waiting.cancel()
        wait_for(lambda: statuses(rpc.server, "gone-2") == [499])
        assert grid.result().status_code == 200
        wait_for(lambda: value(rpc.server, "boundary_waiting_requests", lane="predictions") == 0)
        assert rpc.oip.ModelInfer(infer_request(POINTS)).model_name == "tanh-10-10"


def predicts(rpc: Rpc) -> bool:
    return str(rpc.oip.ModelInfer(infer_request(POINTS), timeout=60).model_name) == "tanh-10-10"


def is_live(rpc: Rpc) -> bool:
    return bool(rpc.oip.ServerLive(service_pb2.ServerLiveRequest(), timeout=60).live)


def wait_until_refused(rpc: Rpc, path: str, asks: Callable[[Rpc], bool], one: Stalled, other: Stalled) -> None:
    """Ask until both who stall are refused. That is while somebody waits: so where one has gone, another one stalls."""
    with ExitStack() as more:

        def are_refused() -> bool:
            if one.call.done() != other.call.done():
                more.enter_context(Stalled(rpc, path))
            return asks(rpc) and one.call.done() and other.call.done()

        wait_for(are_refused)


def test_messages_that_come_in_too_slowly_make_room_for_others(rpc: Rpc) -> None:
    with Stalled(rpc, metadata=(("x-request-id", "slow-1"),)) as one, Stalled(rpc) as other:
        wait_until_refused(rpc, INFER, predicts, one, other)
        errors = [stalled.call.exception() for stalled in (one, other)]
    assert [(error.code(), retry_seconds(error)) for error in errors] == [(CODE.RESOURCE_EXHAUSTED, 1)] * 2
    wait_for(lambda: statuses(rpc.server, "slow-1") == [503])


def test_who_stalls_where_no_key_is_needed_holds_nobody_up_who_predicts(rpc: Rpc) -> None:
    live = "/inference.GRPCInferenceService/ServerLive"
    with Stalled(rpc, live) as one, Stalled(rpc, live) as other:
        assert predicts(rpc)
        wait_until_refused(rpc, live, is_live, one, other)
        assert {stalled.call.exception().code() for stalled in (one, other)} == {CODE.RESOURCE_EXHAUSTED}


def test_a_call_that_waits_for_room_for_too_long_is_told_when_to_come_back(models_dir: Path, tmp_path: Path) -> None:
    patient = FEW | {"service.client_limits.CROWDED_SECONDS": 60.0, "service.rpc.intake.QUEUE_SECONDS": 0.1}
    settings = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_BODY_BYTES": "100000"}
    errors: list[grpc.RpcError] = []
    with speaking_grpc(tmp_path, constants=patient, **settings) as patient_rpc, ExitStack() as stalled:

        def is_refused() -> bool:
            try:
                patient_rpc.oip.ModelInfer(infer_request(POINTS), timeout=60)
            except grpc.RpcError as error:
                errors.append(error)
            return bool(errors)

        for _ in range(2):
            stalled.enter_context(Stalled(patient_rpc))
        wait_for(is_refused)
    assert (errors[0].code(), retry_seconds(errors[0])) == (CODE.RESOURCE_EXHAUSTED, 1)


def test_a_call_without_a_message_is_told_so(rpc: Rpc) -> None:
    error = refusal(rpc.channel.stream_unary(INFER), iter(()), timeout=60)
    assert (error.code(), error.details()) == (CODE.INVALID_ARGUMENT, "the call has no message")


def test_a_stream_that_fails_is_told_so_and_leaves_its_place(models_dir: Path) -> None:
    app = create_app(Settings(models_dir=models_dir, log_level="CRITICAL"))

    def failing() -> StreamHandler:
        yield RECEIVE
        raise ZeroDivisionError

    calls = Calls([], {"/a/stream": failing}, app.extensions[CONTEXT], app.extensions[RECORDER], 1)
    with serving(calls.accept) as (address, _), calling(address) as channel:
        error = refusal(list, channel.unary_stream("/a/stream")(b"", metadata=(("x-request-id", "odd-1"),), timeout=60))
        wait_for(lambda: not calls.streams)
    assert (error.code(), error.details()) == (
        CODE.INTERNAL,
        "the service failed; its log says more under the request id odd-1",
    )


def test_a_call_needs_no_thread_that_the_system_does_not_give(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All messages count as long here, and are answered by threads; a client speaks HTTP/2 by itself, without any."""
    monkeypatch.setattr("service.rpc.intake.SHORT_BYTES", 0)
    app = create_app(Settings(models_dir=models_dir, log_level="ERROR"))
    procedures = [procedure for service in SERVICES for procedure in service]
    calls = Calls(procedures, {}, app.extensions[CONTEXT], app.extensions[RECORDER], 2)

    def fail(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with serving(calls.accept) as (address, _), raw(address) as client:
        monkeypatch.setattr(Thread, "start", fail)
        client.sendall(frame(HEADERS, END_HEADERS, 1, call_of(INFER)))
        client.sendall(frame(DATA, END_STREAM, 1, framed(infer_request(POINTS).SerializeToString())))
        answer = next(content for kind, _, _, content in frames(client) if kind == DATA)
    assert len(service_pb2.ModelInferResponse.FromString(answer[5:]).raw_output_contents[0]) == 4 * len(POINTS)


def test_answers_that_nobody_takes_leave_room_for_others(rpc: Rpc) -> None:
    """A few bytes ask for 80 kB, and the client lets nothing of it be sent; the second is refused."""
    request = message_class("tensorflow.serving.PredictRequest")(inputs={"points": {"dtype": 1, "float_val": [0.1]}})
    request.model_spec.name = "tanh-10-10"
    for size in (20_000, 2):
        request.inputs["points"].tensor_shape.dim.add(size=size)
    message: bytes = request.SerializeToString()
    with raw(rpc.address, window=0) as client:
        for stream in (1, 3):
            client.sendall(frame(HEADERS, END_HEADERS, stream, call_of(PREDICT)))
            client.sendall(frame(DATA, END_STREAM, stream, framed(message)))
        end = next(content for kind, flags, _, content in frames(client) if kind == HEADERS and flags & END_STREAM)
        assert b"the service is busy" in end
        assert predicts(rpc)

    def is_answered() -> bool:
        try:
            return len(rpc.send(PREDICT, message)) > 80_000
        except grpc.RpcError:  # the other still holds its room
            return False

    wait_for(is_answered)


def test_who_watches_the_health_takes_no_place_from_who_predicts_and_places_are_given_back(rpc: Rpc) -> None:
    health, wanted = health_pb2_grpc.HealthStub(rpc.channel), health_pb2.HealthCheckRequest()
    watching: list[grpc.Call] = []

    def one_more_watches() -> bool:
        watch = health.Watch(wanted)
        try:
            assert next(watch).status == 1
        except grpc.RpcError:  # a call of the test before has its place still
            return False
        watching.append(watch)
        return True

    for _ in range(MAX_CALLS):
        wait_for(one_more_watches)
    assert rpc.oip.ModelInfer(infer_request(POINTS)).model_name == "tanh-10-10"
    assert health.Check(wanted).status == 1
    error = refusal(next, health.Watch(wanted))
    assert (error.code(), retry_seconds(error)) == (CODE.RESOURCE_EXHAUSTED, 1)
    for watch in watching:
        watch.cancel()
    reflection = reflection_pb2_grpc.ServerReflectionStub(rpc.channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")

    def listed() -> bool:
        try:
            answer = next(iter(reflection.ServerReflectionInfo(iter([asked]))))
        except grpc.RpcError:  # there is no place yet
            return False
        return bool(answer.HasField("list_services_response"))

    wait_for(listed)


def test_no_more_connections_are_held_than_there_are_descriptors_for(models_dir: Path, tmp_path: Path) -> None:
    options = {"SERVICE_MODELS_DIR": str(models_dir), "GRPC_PORT": str(free_port())}
    with running(tmp_path, GUNICORN_CMD_ARGS="--worker-connections 5", **options) as server:
        server.wait_until_ready()
        address = f"{server.address[0]}:{options['GRPC_PORT']}"
        own = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
        channels = [grpc.insecure_channel(address, own) for _ in range(6)]
        live = [_is_live(channel) for channel in channels]
        for channel in channels:
            channel.close()
        assert live == [True] * 5 + [False]
        assert server.get("/health/live").status_code == 200


def _is_live(channel: grpc.Channel) -> bool:
    method = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
    try:
        method(b"", timeout=60)
    except grpc.RpcError as error:
        return error.code() is not CODE.UNAVAILABLE
    return True


def test_nothing_of_all_that_left_a_traceback(rpc: Rpc) -> None:
    assert rpc.server.tracebacks() == 0
    assert value(rpc.server, "boundary_loop_faults_total") == 0
