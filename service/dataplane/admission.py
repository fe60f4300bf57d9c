"""Who may compute now: so many requests at once, a short queue behind them, and a refusal at once for the rest.

A service that takes in more than it can do answers everybody late. Here a worker computes so many answers at a time;
QUEUE_PER_SLOT times as many wait, QUEUE_SECONDS at the longest; whoever comes then is told to come back. Grids hold at
most half the slots, so that predictions always find one that no grid can take (where there is only one slot they take
turns). Health, metrics and answers that are kept need no slot.
"""

import time
from enum import StrEnum
from queue import Empty, SimpleQueue
from types import TracebackType
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


class Slots:
    """`with slots as seconds:` holds one of `count` slots, and one of `within` too where that is given.

    It gives the time that this took. Entering raises OverloadedError where too many wait already, or where this one has
    waited for too long.
    """

    def __init__(self, lane: Lane, count: int, within: "Slots | None" = None) -> None:
        self._waiting, self._refused = WAITING.labels(lane), REFUSED.labels(lane)
        self._free = _tokens(count)
        self._room = _tokens(count * QUEUE_PER_SLOT)
        self._within = within

    def take(self) -> bool:
        """Take a slot to be given back, if one is free now."""
        try:
            self._free.get_nowait()
        except Empty:
            return False
        return True

    def give_back(self) -> None:
        self._free.put(None)

    def __enter__(self) -> float:
        waited = 0.0 if self.take() else self._wait()
        if self._within is not None:
            try:
                waited += self._within.__enter__()
            except OverloadedError:
                self.give_back()
                raise
        return waited

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._within is not None:
            self._within.__exit__(kind, error, traceback)
        self.give_back()

    def _wait(self) -> float:
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
