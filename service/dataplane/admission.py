"""Who may compute now: so many requests at once, a short queue behind them, and a refusal at once for the rest.

A service that takes in more than it can do answers everybody late. Here a worker computes so many answers at a time;
QUEUE_PER_SLOT times as many wait, QUEUE_SECONDS at the longest; whoever comes then is told to come back. Grids hold at
most half the slots, so that predictions always find one that no grid can take (where there is only one slot they take
turns). Health, metrics and responses that are cached need no slot.
"""

import time
from enum import StrEnum
from queue import Empty, SimpleQueue
from typing import NoReturn

from service.errors import UnavailableError
from service.observability import REFUSED, WAITING
from service.settings import QUEUE_PER_SLOT

QUEUE_SECONDS = 5.0


class Lane(StrEnum):
    PREDICTIONS = "predictions"
    GRIDS = "grids"


class OverloadedError(UnavailableError):
    retry_after_seconds = 1


class WouldBlockError(Exception):
    """What was asked for has to wait or compute for long, and the caller may not; a thread has to ask again."""


class Slots:
    """A lane's `count` slots. Who holds one may hold one of `within` too, where that is given."""

    def __init__(self, lane: Lane, count: int, within: "Slots | None" = None) -> None:
        self._waiting, self._refused = WAITING.labels(lane), REFUSED.labels(lane)
        self._free = _tokens(count)
        self._room = _tokens(count * QUEUE_PER_SLOT)
        self._within = within

    def take(self, *, may_wait: bool = True) -> float:
        """Take a slot, to be given back; return the seconds that this took.

        Raises:
            WouldBlockError: none is free, and the caller may not wait.
            OverloadedError: too many wait already, or this one has waited for too long.
        """
        waited = 0.0 if self._take_free() else self._wait(may_wait=may_wait)
        if self._within is not None:
            try:
                waited += self._within.take(may_wait=may_wait)
            except (OverloadedError, WouldBlockError):
                self._free.put(None)
                raise
        return waited

    def give_back(self) -> None:
        """Give back a slot that was taken."""
        if self._within is not None:
            self._within.give_back()
        self._free.put(None)

    def _take_free(self) -> bool:
        try:
            self._free.get_nowait()
        except Empty:
            return False
        return True

    def _wait(self, *, may_wait: bool) -> float:
        if not may_wait:
            raise WouldBlockError
        began = time.perf_counter()
        try:
            self._room.get_nowait()
        except Empty:
            self._refuse("too many requests are waiting already")
        self._waiting.inc()
        try:
            self._free.get(timeout=QUEUE_SECONDS)
        except Empty:
            self._refuse(f"it took in nothing new for {QUEUE_SECONDS:g} s")
        finally:
            self._waiting.dec()
            self._room.put(None)
        return time.perf_counter() - began

    def _refuse(self, reason: str) -> NoReturn:
        self._refused.inc()
        raise OverloadedError(f"the service is busy, {reason}; send the same again in a second")


def _tokens(count: int) -> SimpleQueue[None]:
    """Return a semaphore: a queue of tokens, which is C where threading's is Python and takes ten times as long."""
    tokens: SimpleQueue[None] = SimpleQueue()
    for _ in range(count):
        tokens.put(None)
    return tokens


class Admission:
    """The slots of one worker."""

    def __init__(self, concurrency: int) -> None:
        self.predictions = Slots(Lane.PREDICTIONS, concurrency)
        self.grids = Slots(Lane.GRIDS, max(1, concurrency // 2), within=self.predictions)
