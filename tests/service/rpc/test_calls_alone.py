"""What becomes of calls, without a core, a client or a model: what they ask of that by which they came in."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pytest

from service import client_limits
from service.dataplane.admission import OverloadedError
from service.http.context import Call, Context
from service.observability import requests_of
from service.request_record import RequestRecorder
from service.rpc.calls import RECEIVE, REQUEST_ID, Calls, StreamHandler
from service.rpc.core import Incoming, Metadata
from service.rpc.intake import ANSWER_SHARE
from service.rpc.messages import Message, message_class
from service.rpc.procedure import UNREAD, Procedure
from service.settings import Settings

CODE = grpc.StatusCode
MODEL, PUBLIC, STREAM = "/a.Service/Model", "/a.Service/Public", "/a.Service/Stream"


class Came(Incoming):
    """A call that came in; its message and its end come when a test says so."""

    def __init__(self, path: str) -> None:
        super().__init__(path, {REQUEST_ID: "mine-1"}, None)
        self.come: Callable[[bytes | None], None] | None = None
        self.finished: list[tuple[grpc.StatusCode, str, dict[str, str | bytes]]] = []

    def watch_end(self, then: Callable[[], None]) -> None:
        self.end = then

    def receive(self, then: Callable[[bytes | None], None]) -> None:
        self.come = then

    def finish(self, message: bytes | None, code: grpc.StatusCode, details: str, metadata: Metadata) -> None:
        self.finished.append((code, details, dict(metadata)))


@dataclass
class Lines:
    """A request log."""

    lines: list[dict[str, object]] = field(default_factory=list)

    def write(self, **fields: object) -> None:
        self.lines.append(fields)


class Plane:
    """A data plane that nobody asks."""

    def without_waiting(self) -> "Plane":
        return self


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def calls(lines: Lines) -> Calls:
    """Two methods that fail, one of which needs no key, and a stream that waits for a message."""

    def fail(_: Call, __: Message) -> Message:
        raise ZeroDivisionError

    def wait() -> StreamHandler:
        yield RECEIVE

    empty = message_class(UNREAD)
    procedures = [Procedure("a.name", path, empty, fail, path == PUBLIC) for path in (MODEL, PUBLIC)]
    context = Context(Settings(), cast(Any, Plane()), None, ())
    return Calls(procedures, {STREAM: wait}, context, RequestRecorder(cast(Any, lines)), 1)


def accepted(calls: Calls, path: str) -> Came:
    incoming = Came(path)
    calls.accept(incoming)
    return incoming


def test_an_unknown_method_is_measured_and_logged_and_told_with_its_id(calls: Calls, lines: Lines) -> None:
    counter = requests_of("none", "", "", "501")
    before = counter._sum.get()
    incoming = accepted(calls, "/a.Service/" + "x" * 1000)
    path = incoming.path[:200]
    assert incoming.finished == [(CODE.UNIMPLEMENTED, f"there is no method {path}", {REQUEST_ID: "mine-1"})]
    assert [(line["request_id"], line["path"], line["status"]) for line in lines.lines] == [("mine-1", path, 501)]
    assert counter._sum.get() > before


def test_whatever_fails_before_an_answer_is_told(calls: Calls, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.rpc.calls.respond", lambda *_: 1 // 0)
    incoming = accepted(calls, MODEL)
    assert incoming.come is not None
    incoming.come(b"")
    told = "the service failed; its log says more under the request id mine-1"
    assert incoming.finished == [(CODE.INTERNAL, told, {REQUEST_ID: "mine-1"})]
    assert [line["status"] for line in lines.lines] == [500]


@pytest.mark.parametrize(("path", "needs_key"), [(MODEL, True), (PUBLIC, False), (STREAM, False)])
def test_of_a_call_that_has_ended_no_message_is_taken_in(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, path: str, needs_key: bool
) -> None:
    monkeypatch.setattr(client_limits, "MAX_HELD_BYTES", 1)  # one message at a time
    first, gone, last = accepted(calls, MODEL if needs_key else PUBLIC), accepted(calls, path), accepted(calls, path)
    assert first.come is not None
    assert (gone.come, last.come) == (None, None)
    gone.end()
    first.come(b"")
    assert gone.come is None
    assert last.come is not None


def test_messages_and_answers_together_are_as_much_as_one_transport_may_hold(calls: Calls) -> None:
    longest = calls.context.settings.max_body_bytes
    taken_in = [
        incoming for path in (MODEL, PUBLIC) for _ in range(40) if (incoming := accepted(calls, path)).come is not None
    ]
    answers = 0
    with suppress(OverloadedError):
        while True:
            calls.answer_quota.acquire(ANSWER_SHARE * client_limits.MAX_HELD_BYTES, longest)
            answers += 1
    assert {incoming.path for incoming in taken_in} == {MODEL, PUBLIC}
    assert (len(taken_in) + answers) * longest == client_limits.MAX_HELD_BYTES
