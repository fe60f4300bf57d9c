"""What is relied on of grpcio's core, which is not its public interface: a server on it, and grpcio's own client."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import grpc
import pytest
from grpc._cython import cygrpc

from service.rpc.core import Core, Incoming
from tests.conftest import free_port, wait_for
from tests.service.rpc.raw_http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    RST_STREAM,
    call_of,
    frame,
    frames,
    granted,
    raw,
)

METHOD = "/a.Service/Method"


class Seen(list[str]):
    """What happened to a call, in its order."""

    def wait_for(self, what: str) -> None:
        wait_for(lambda: what in self)


@contextmanager
def serving(accept: Callable[[Incoming], None], **options: int) -> Iterator[tuple[str, threading.Event]]:
    """Run a core in a thread; yield its address, and what stops it."""
    address, stopping = f"127.0.0.1:{free_port()}", threading.Event()
    core = Core(
        address, [("grpc.so_reuseport", 1), *((f"grpc.{name}", value) for name, value in options.items())], accept
    )

    def run() -> None:
        while not stopping.is_set():
            core.run(0.05)
        core.take_no_more()
        core.run(0.5)
        core.end()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield address, stopping
    finally:
        stopping.set()
        thread.join(60)
        assert not thread.is_alive()


@contextmanager
def calling(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        yield channel


def echo(incoming: Incoming) -> None:
    def received(content: bytes | None) -> None:
        incoming.finish(content, grpc.StatusCode.OK, "", [("said-by", "us")])

    incoming.receive(received)


def test_a_message_is_answered_with_metadata() -> None:
    with serving(echo) as (address, _), calling(address) as channel:
        answer, call = channel.unary_unary(METHOD).with_call(b"hello", timeout=60)
        assert (answer, dict(call.trailing_metadata())) == (b"hello", {"said-by": "us"})


def test_a_call_says_its_path_and_metadata() -> None:
    found: list[Incoming] = []

    def accept(incoming: Incoming) -> None:
        found.append(incoming)
        incoming.finish(None, grpc.StatusCode.NOT_FOUND, "nothing ünder this name", [("a-bin", b"\x00\xff")])

    with serving(accept) as (address, _), calling(address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(METHOD)(b"", metadata=[("x-mine", "1")], timeout=60)
        error = refused.value
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "nothing ünder this name")
        assert dict(error.trailing_metadata()) == {"a-bin": b"\x00\xff"}
    assert (found[0].path, found[0].metadata["x-mine"]) == (METHOD, "1")


def test_messages_of_a_stream_come_and_go_one_after_the_other() -> None:
    def accept(incoming: Incoming) -> None:
        def received(content: bytes | None) -> None:
            if content is None:
                incoming.finish(None, grpc.StatusCode.OK, "", [])
            else:
                incoming.send(content, lambda: incoming.receive(received))

        incoming.receive(received)

    with serving(accept) as (address, _), calling(address) as channel:
        assert list(channel.stream_stream(METHOD)(iter([b"1", b"", b"3"]), timeout=60)) == [b"1", b"", b"3"]


def test_calls_that_come_faster_than_they_are_accepted_wait() -> None:
    """So many come while the first is being accepted that the core, left to itself, would cancel some."""
    n_calls, n_accepted, have_come = 3500, 0, threading.Event()

    def accept(incoming: Incoming) -> None:
        nonlocal n_accepted
        have_come.wait(60)
        n_accepted += 1
        incoming.finish(None, grpc.StatusCode.OK, "", [])

    with serving(accept) as (address, _), raw(address) as client:
        received = frames(client)
        for call in range(n_calls):
            client.sendall(frame(HEADERS, END_HEADERS | END_STREAM, 2 * call + 1, call_of(METHOD)))
        client.sendall(frame(PING, 0, 0, bytes(8)))
        assert any(kind == PING and flags == ACK for kind, flags, _, _ in received)
        have_come.set()
        ended: set[int] = set()
        while len(ended) < n_calls:
            kind, flags, stream, _ = next(received)
            if kind == RST_STREAM or (kind == HEADERS and flags & END_STREAM):
                ended.add(stream)
    assert n_accepted == n_calls


def test_the_end_is_told_where_the_client_goes_and_where_it_is_answered() -> None:
    seen = Seen()

    def accept(incoming: Incoming) -> None:
        incoming.watch_end(lambda: seen.append(f"{incoming.metadata['name']} ended"))
        if incoming.metadata["name"] == "answered":
            echo(incoming)
        seen.append(f"{incoming.metadata['name']} came")

    with serving(accept) as (address, _), calling(address) as channel:
        going = channel.unary_unary(METHOD).future(b"", metadata=[("name", "going")], timeout=60)
        seen.wait_for("going came")
        going.cancel()
        seen.wait_for("going ended")
        channel.unary_unary(METHOD)(b"", metadata=[("name", "answered")], timeout=60)
        seen.wait_for("answered ended")


def test_a_message_is_taken_in_no_further_than_a_window_before_it_is_asked_for() -> None:
    """A client speaks HTTP/2 by itself: it announces 2 MiB, and looks how much of that it may send."""
    came: list[Incoming] = []
    with serving(came.append, **{"http2.bdp_probe": 0}) as (address, _), raw(address) as client:
        client.sendall(
            frame(HEADERS, END_HEADERS, 1, call_of(METHOD)) + frame(DATA, 0, 1, b"\0" + (2**21).to_bytes(4, "big"))
        )
        wait_for(lambda: bool(came))
        client.sendall(frame(PING, 0, 0, b"in order"))
        assert sum(granted(client, until=PING)) < 2**17
        came[0].receive(lambda _: None)
        assert next(size for size in granted(client) if size > 2**20)


def test_a_fault_in_one_call_ends_no_other() -> None:
    def accept(incoming: Incoming) -> None:
        if incoming.metadata.get("name") == "bad":
            raise ValueError
        echo(incoming)

    with serving(accept) as (address, _), calling(address) as channel:
        bad = channel.unary_unary(METHOD).future(b"", metadata=[("name", "bad")], timeout=60)
        assert channel.unary_unary(METHOD)(b"good", timeout=60) == b"good"
        bad.cancel()


def test_a_core_that_stops_waits_for_calls_and_then_ends_them() -> None:
    held: list[Incoming] = []
    with serving(held.append) as (address, stopping), calling(address) as channel:
        one, other = (channel.unary_unary(METHOD).future(b"", timeout=60) for _ in range(2))
        wait_for(lambda: len(held) == 2)
        stopping.set()
        held[0].finish(b"late", grpc.StatusCode.OK, "", [])
        assert {type(call.exception()) for call in (one, other)} != {type(None)}
        assert b"late" in [call.result() for call in (one, other) if call.exception() is None]


def test_a_core_that_is_busy_all_the_time_stops_all_the_same() -> None:
    def accept(incoming: Incoming) -> None:
        def again() -> None:
            incoming.send(b"", again)

        again()

    with serving(accept) as (address, stopping), calling(address) as channel:
        messages = channel.unary_stream(METHOD)(b"", timeout=60)
        next(messages)
        stopping.set()
        with pytest.raises(grpc.RpcError):
            list(messages)


def test_more_connections_than_there_may_be_are_closed() -> None:
    with serving(echo, max_allowed_incoming_connections=3) as (address, _), ExitStack() as clients:
        answered = [bool(_first_byte(clients.enter_context(raw(address)))) for _ in range(6)]
        assert answered == [True] * 3 + [False] * 3


def _first_byte(client: socket.socket) -> bytes:
    client.settimeout(60)
    try:
        return client.recv(1)
    except ConnectionError:
        return b""


@dataclass
class Clock:
    """Stands for the module `time`: what is done takes time, and somebody sets the clock back."""

    passed: float = 0
    set_back: float = 0

    def monotonic(self) -> float:
        return self.passed

    def time(self) -> float:
        return self.passed - self.set_back


@dataclass(frozen=True)
class BusyQueue:
    """Has an event whenever it is asked before its deadline, which takes 1/64 s."""

    clock: Clock

    def poll(self, deadline: float) -> SimpleNamespace:
        assert deadline > self.clock.time()
        self.clock.passed += 1 / 64
        self.clock.set_back = 4096
        assert self.clock.passed < 10, "it goes on for as long as the clock was set back"
        return SimpleNamespace(completion_type=cygrpc.CompletionType.operation_complete, tag=lambda _: None)


def test_a_clock_that_is_set_back_makes_no_turn_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    core = Core(f"127.0.0.1:{free_port()}", [], echo)
    with monkeypatch.context() as patched:
        patched.setattr("service.rpc.core.time", clock)
        patched.setattr(core, "_queue", BusyQueue(clock))
        core.run(0.125)
    assert clock.passed == 0.125
    core.take_no_more()
    core.end()


def test_an_address_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="cannot listen for gRPC"):
        Core(f"127.0.0.1:{taken.getsockname()[1]}", [], echo)
