"""What the calls of a worker may take up together: places, threads, and the bytes of messages and answers.

Nobody can tell how long a message is before it has come in. Until then it counts as the longest that is taken, so that
the sum is never more than it may be; grpcio takes in no more of a message than a stream's window before it is asked.
"""

import time
from collections import OrderedDict
from functools import partial
from threading import Lock, RLock
from typing import Protocol

from service import client_limits
from service.dataplane.admission import OverloadedError
from service.errors import ServiceError
from service.rpc.core import Incoming

MODEL_SHARE, PUBLIC_SHARE, ANSWER_SHARE = 0.5, 0.25, 0.25
"""Shares of MAX_HELD_BYTES: for messages of calls that ask models, for those of all other calls, and for answers. One
share for all would let who needs no key, or takes no answer, hold up who predicts; and as each message counts as the
longest while it comes in, a few short ones would leave answers no room.
"""

SHORT_BYTES = 2**16
"""A message no longer than this counts only while it comes in: a thousand calls hold 64 MiB of them."""

QUEUE_SECONDS = 5.0
"""How long a call waits for its message to be taken in."""


class Receiver(Protocol):
    """A call whose messages are taken in."""

    incoming: Incoming

    def received(self, content: bytes | None) -> None:
        """Go on with a message, or without where none comes any more; a long one counts until it is released."""

    def refuse(self, error: ServiceError) -> None:
        """End the call, whose message cannot be taken in."""


class Quota:
    """How much of something is in use. Safe for several threads."""

    def __init__(self) -> None:
        self._in_use = 0
        self._lock = Lock()

    def acquire(self, limit: float, amount: int = 1) -> None:
        """Use some, to be released.

        Raises:
            OverloadedError: it would be more than the limit.
        """
        with self._lock:
            if self._in_use + amount > limit:
                raise busy()
            self._in_use += amount

    def release(self, amount: int = 1) -> None:
        """Release what was acquired."""
        with self._lock:
            self._in_use -= amount


def busy() -> OverloadedError:
    """Return the error for a call for which something is missing."""
    return OverloadedError("the service is busy; send the same again in a second")


class Intake:
    """The messages that come in, within a share of what a worker may hold. Safe for several threads."""

    def __init__(self, max_message_bytes: int, share: float) -> None:
        self._max_message_bytes = max_message_bytes
        self._share = share
        self._n_counted = 0
        self._waiting: OrderedDict[Receiver, float] = OrderedDict()
        self._coming: dict[Receiver, float] = {}
        self._lock = RLock()

    def receive(self, receiver: Receiver) -> None:
        """Take in a call's next message, as soon as there is room."""
        with self._lock:
            if self._waiting or not self._has_room():
                self._waiting[receiver] = time.monotonic()
            else:
                self._begin(receiver)

    def forget(self, receiver: Receiver) -> None:
        """Have a call that has ended wait no longer. Once this returns, no thread begins to take in its message: the
        core may be destroyed then, and whatever is asked of it later aborts the process.
        """
        with self._lock:
            self._waiting.pop(receiver, None)

    def release(self, n_bytes: int) -> None:
        """Release a message's bytes, and start waiting calls."""
        with self._lock:
            self._n_counted -= n_bytes
            while self._waiting and self._has_room():
                self._begin(self._waiting.popitem(last=False)[0])

    def refuse_late(self) -> None:
        """Refuse the calls that have waited for too long, and those whose messages have been coming in for too long
        while others wait.
        """
        now, late = time.monotonic(), []
        with self._lock:
            while self._waiting and next(iter(self._waiting.values())) + QUEUE_SECONDS <= now:
                late.append(self._waiting.popitem(last=False)[0])
            if self._waiting:
                began_by = now - client_limits.CROWDED_SECONDS
                late += [receiver for receiver, since in self._coming.items() if since <= began_by]
        for receiver in late:
            receiver.refuse(busy())

    def _begin(self, receiver: Receiver) -> None:
        self._n_counted += self._max_message_bytes
        self._coming[receiver] = time.monotonic()
        receiver.incoming.receive(partial(self._received, receiver))

    def _received(self, receiver: Receiver, content: bytes | None) -> None:
        with self._lock:
            del self._coming[receiver]
            self.release(self._max_message_bytes - counted_bytes(content))
        receiver.received(content)

    def _has_room(self) -> bool:
        limit = self._share * client_limits.MAX_HELD_BYTES
        return self._n_counted + self._max_message_bytes <= limit or not self._n_counted


def counted_bytes(content: bytes | None) -> int:
    """Return how many bytes count of a message that is there."""
    return len(content) if content is not None and len(content) > SHORT_BYTES else 0
