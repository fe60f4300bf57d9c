"""What the calls of a worker may take up together: places, threads, and the bytes of their messages.

Nobody can tell how long a message is before it has come in. Until then it counts as the longest that is taken, so that
the sum is never more than it may be; grpcio takes in no more of a message than a stream's window before it is asked.
"""

import time
from collections import deque
from functools import partial
from threading import Lock, RLock
from typing import Protocol

from service import client_limits
from service.dataplane.admission import OverloadedError
from service.errors import ServiceError
from service.rpc.core import Incoming

SHORT_BYTES = 2**16
"""A message no longer than this counts only while it comes in: a thousand calls hold 64 MiB of them."""

QUEUE_SECONDS = 5.0
"""How long a call waits for its message to be taken in."""


class Receiver(Protocol):
    """A call whose messages are taken in."""

    incoming: Incoming

    def received(self, content: bytes | None) -> None:
        """Go on with a message, or without where none comes any more; a long one is held until it is let go."""

    def refuse(self, error: ServiceError) -> None:
        """End the call, whose message cannot be taken in."""


class Taken:
    """How much of something is taken. Who finds too little left is refused. Safe for several threads."""

    def __init__(self) -> None:
        self._amount = 0
        self._lock = Lock()

    def take(self, most: int, amount: int = 1) -> None:
        """Take some, to be given back.

        Raises:
            OverloadedError: it would be more than there is.
        """
        with self._lock:
            if self._amount + amount > most:
                raise busy()
            self._amount += amount

    def give_back(self, amount: int = 1) -> None:
        """Give back what was taken."""
        with self._lock:
            self._amount -= amount


def busy() -> OverloadedError:
    """Return the error for a call for which something is missing."""
    return OverloadedError("the service is busy; send the same again in a second")


class Intake:
    """The messages that come in. Safe for several threads."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = 0
        self._waiting: deque[tuple[float, Receiver]] = deque()
        self._coming: dict[Receiver, float] = {}
        self._lock = RLock()

    def receive(self, receiver: Receiver) -> None:
        """Take in a call's next message, as soon as there is room."""
        with self._lock:
            if self._waiting or not self._has_room():
                self._waiting.append((time.monotonic(), receiver))
            else:
                self._begin(receiver)

    def let_go(self, n_bytes: int) -> None:
        """Say that a message of so many held bytes is needed no longer."""
        with self._lock:
            self._held -= n_bytes
            while self._waiting and self._has_room():
                _, receiver = self._waiting.popleft()
                if not receiver.incoming.has_ended:
                    self._begin(receiver)

    def refuse_late(self) -> None:
        """Refuse the calls that have waited for too long, and those whose messages have been coming in for too long
        while others wait.
        """
        now, late = time.monotonic(), []
        with self._lock:
            while self._waiting and self._waiting[0][0] + QUEUE_SECONDS <= now:
                late.append(self._waiting.popleft()[1])
            if not all(receiver.incoming.has_ended for _, receiver in self._waiting):
                began_by = now - client_limits.CROWDED_SECONDS
                late += [receiver for receiver, since in self._coming.items() if since <= began_by]
        for receiver in late:
            receiver.refuse(busy())

    def _begin(self, receiver: Receiver) -> None:
        self._held += self._longest
        self._coming[receiver] = time.monotonic()
        receiver.incoming.receive(partial(self._received, receiver))

    def _received(self, receiver: Receiver, content: bytes | None) -> None:
        with self._lock:
            del self._coming[receiver]
            self.let_go(self._longest - held(content))
        receiver.received(content)

    def _has_room(self) -> bool:
        return self._held + self._longest <= client_limits.MAX_HELD_BYTES or not self._held


def held(content: bytes | None) -> int:
    """Return how many bytes count of a message that is there."""
    return len(content) if content is not None and len(content) > SHORT_BYTES else 0
