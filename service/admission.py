"""Who may compute now: so many requests at once, a short queue behind them, and a refusal at once for the rest.

A service that takes in more than it can do answers everybody late. Here a worker computes so many answers at a time;
QUEUE_PER_SLOT times as many wait, QUEUE_SECONDS at the longest; whoever comes then is told to come back. Grids hold at
most half the slots, so that predictions always find one that no grid can take (where there is only one slot they take
turns). Health, metrics and answers that are kept need no slot.
"""

import threading
from enum import StrEnum
from types import TracebackType

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
    """`with slots:` holds one of `count` slots, and one of `within` too where that is given.

    Entering raises OverloadedError where too many wait already, or where this one has waited for too long.
    """

    def __init__(self, lane: Lane, count: int, within: "Slots | None" = None) -> None:
        self._lane = lane
        self._free = threading.Semaphore(count)
        self._room = threading.Semaphore(count * QUEUE_PER_SLOT)
        self._within = within

    def __enter__(self) -> None:
        if not self._free.acquire(blocking=False):
            self._wait()
        if self._within is not None:
            try:
                self._within.__enter__()
            except OverloadedError:
                self._free.release()
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._within is not None:
            self._within.__exit__(kind, error, traceback)
        self._free.release()

    def _wait(self) -> None:
        if not self._room.acquire(blocking=False):
            self._refuse("too many requests are waiting already")
        waiting = WAITING.labels(self._lane)
        waiting.inc()
        try:
            if not self._free.acquire(timeout=QUEUE_SECONDS):
                self._refuse(f"it took in nothing new for {QUEUE_SECONDS:g} s")
        finally:
            waiting.dec()
            self._room.release()

    def _refuse(self, reason: str) -> None:
        REFUSED.labels(self._lane).inc()
        raise OverloadedError(f"the service is busy, {reason}; send the same again in a second")


class Admission:
    """The slots of one worker."""

    def __init__(self, concurrency: int) -> None:
        self.predictions = Slots(Lane.PREDICTIONS, concurrency)
        self.grids = Slots(Lane.GRIDS, max(1, concurrency // 2), within=self.predictions)
