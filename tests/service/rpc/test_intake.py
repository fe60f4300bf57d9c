"""Messages that come in, one at a time here: who waits, and who makes way for whom."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from service import client_limits
from service.errors import ServiceError
from service.rpc.core import Incoming
from service.rpc.intake import Intake, busy


class Call(Incoming):
    """A call whose message comes in when a test says so."""

    def __init__(self) -> None:
        super().__init__("", {}, None)
        self.incoming: Incoming = self
        self.come: Callable[[bytes | None], None] | None = None
        self.got: list[bytes | ServiceError | None] = []

    def receive(self, then: Callable[[bytes | None], None]) -> None:
        self.come = then

    def received(self, content: bytes | None) -> None:
        self.got.append(content)

    def refuse(self, error: ServiceError) -> None:
        self.got.append(error)


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Intake:
    monkeypatch.setattr(client_limits, "CROWDED_SECONDS", 0)
    return Intake(client_limits.MAX_HELD_BYTES, share=1)


def test_a_message_makes_way_for_a_call_that_waits_but_for_none_that_has_ended(one_at_a_time: Intake) -> None:
    slow, gone, waiting = Call(), Call(), Call()
    one_at_a_time.receive(slow)
    one_at_a_time.receive(gone)
    one_at_a_time.forget(gone)
    one_at_a_time.refuse_late()
    assert slow.got == []
    one_at_a_time.receive(waiting)
    one_at_a_time.refuse_late()
    assert [str(error) for error in slow.got] == [str(busy())]


def test_who_waits_has_its_turn_after_those_before_it_and_not_after_those_that_have_ended(
    one_at_a_time: Intake,
) -> None:
    first, gone, last = Call(), Call(), Call()
    for call in (first, gone, last):
        one_at_a_time.receive(call)
    one_at_a_time.forget(gone)
    assert (gone.come, last.come) == (None, None)
    assert first.come is not None
    first.come(b"short")
    assert (first.got, gone.come) == ([b"short"], None)
    assert last.come is not None


def test_a_call_is_not_forgotten_while_a_thread_begins_to_take_in_its_message(one_at_a_time: Intake) -> None:
    begins, may_begin, is_forgotten = Event(), Event(), Event()

    class Slow(Call):
        def receive(self, then: Callable[[bytes | None], None]) -> None:
            begins.set()
            may_begin.wait(60)

    def forget() -> None:
        one_at_a_time.forget(slow)
        is_forgotten.set()

    first, slow = Call(), Slow()
    for call in (first, slow):
        one_at_a_time.receive(call)
    assert first.come is not None
    threads = Thread(target=first.come, args=(b"short",)), Thread(target=forget)
    threads[0].start()
    assert begins.wait(60)
    threads[1].start()
    assert not is_forgotten.wait(0.05)
    may_begin.set()
    assert is_forgotten.wait(60)
    for thread in threads:
        thread.join()
