"""Slots are given back however a request ends, a queue is short, and grids leave room for predictions."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from service.dataplane import admission
from service.dataplane.admission import Admission, Lane, OverloadedError, Slots, WouldBlockError
from service.observability import WAITING
from service.settings import QUEUE_PER_SLOT
from tests.conftest import wait_for


@contextmanager
def held(slots: Slots) -> Iterator[None]:
    slots.take()
    try:
        yield
    finally:
        slots.give_back()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "QUEUE_SECONDS", 0.01)


@pytest.mark.usefixtures("impatient")
def test_who_has_waited_for_too_long_is_refused_and_holds_nothing() -> None:
    everything = Slots(Lane.PREDICTIONS, 1)
    grids = Slots(Lane.GRIDS, 1, within=everything)
    with held(everything), pytest.raises(OverloadedError, match="nothing new"):
        grids.take()
    with held(grids):
        pass


def test_a_caller_that_may_not_wait_is_told_at_once_and_holds_nothing() -> None:
    everything = Slots(Lane.PREDICTIONS, 1)
    grids = Slots(Lane.GRIDS, 1, within=everything)
    with held(everything):
        for slots in (everything, grids):
            with pytest.raises(WouldBlockError):
                slots.take(may_wait=False)
    assert grids.take(may_wait=False) == 0


def test_a_full_queue_takes_nobody_in_and_who_waits_has_a_turn() -> None:
    slots, waited = Slots(Lane.PREDICTIONS, 1), []

    def wait() -> None:
        waited.append(slots.take())
        slots.give_back()

    def waiting() -> float:
        found: float = WAITING.labels(Lane.PREDICTIONS)._value.get()
        return found

    threads = [Thread(target=wait) for _ in range(QUEUE_PER_SLOT)]
    with held(slots):
        for thread in threads:
            thread.start()
        wait_for(lambda: waiting() == QUEUE_PER_SLOT)
        with pytest.raises(OverloadedError, match="too many"):
            slots.take()
    for thread in threads:
        thread.join()
    assert waiting() == 0
    assert len(waited) == QUEUE_PER_SLOT
    assert min(waited) > 0


@pytest.mark.parametrize(("concurrency", "grids"), [(1, 1), (2, 1), (4, 2), (5, 2)])
def test_grids_hold_half_the_slots_at_most(concurrency: int, grids: int) -> None:
    slots = Admission(concurrency)
    for _ in range(grids):
        slots.grids.take(may_wait=False)
    with pytest.raises(WouldBlockError):
        slots.grids.take(may_wait=False)
    for _ in range(concurrency - grids):
        slots.predictions.take(may_wait=False)
    with pytest.raises(WouldBlockError):
        slots.predictions.take(may_wait=False)
