"""What the calls of a worker may take up together: places, threads, and the bytes of their messages.

Nobody can tell how long a message is before it has come in. Until then it counts as the longest that is taken, so that
the sum is never more than it may be; grpcio takes in no more of a message than a stream's window before it is asked.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress

import grpc

from service.dataplane.admission import OverloadedError

MAX_HELD_BYTES = 2**28
"""Of messages, as over HTTP: of those that ask models, of those that need no key, and of answers on their way."""

SHORT_BYTES = 2**16
"""A message no longer than this counts only while it comes in: a thousand calls hold 64 MiB of them."""

QUEUE_SECONDS = 5.0
"""How long a call waits for its message to be taken in."""

CROWDED_SECONDS = 2.0
"""How long a message may take to come in while others wait for that, as over HTTP."""


class Taken:
    """How much of something is taken. Who finds too little left is refused."""

    def __init__(self) -> None:
        self._amount = 0

    def take(self, most: int, amount: int = 1) -> None:
        """Take some, to be given back.

        Raises:
            OverloadedError: it would be more than there is.
        """
        if self._amount + amount > most:
            raise busy()
        self._amount += amount

    def give_back(self, amount: int = 1) -> None:
        """Give back what was taken."""
        self._amount -= amount


def busy() -> OverloadedError:
    """Return the error for a call for which something is missing."""
    return OverloadedError("the service is busy; send the same again in a second")


class Intake:
    """The messages that come in. Used on the loop alone."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._coming: dict[grpc.aio.ServicerContext, tuple[float, str]] = {}

    async def receive(self, servicer: grpc.aio.ServicerContext, request_id: str) -> bytes | None:
        """Return a call's next message, or None where it sends no more; a long one is held until it is let go.

        Raises:
            OverloadedError: others have held too much for too long.
            grpc.aio.AbortError: this one has come in too slowly, and the call was ended.
        """
        if self._waiting or not self._has_room():
            await self._wait()
        else:
            self._held += self._longest
        self._coming[servicer] = time.monotonic(), request_id
        unused = self._longest
        try:
            content = await servicer.read()
            if content is grpc.aio.EOF:
                return None
            unused -= held(content)
        finally:
            self._coming.pop(servicer, None)
            self._give_back(unused)
        message: bytes = content
        return message

    def let_go(self, n_bytes: int) -> None:
        """Say that a message of so many held bytes is needed no longer."""
        self._give_back(n_bytes)

    def late(self) -> list[tuple[grpc.aio.ServicerContext, str]]:
        """Return the calls, with their ids, whose messages have been coming in for too long while others wait."""
        if not self._waiting:
            return []
        before = time.monotonic() - CROWDED_SECONDS
        found = [(servicer, request_id) for servicer, (since, request_id) in self._coming.items() if since < before]
        for servicer, _ in found:
            del self._coming[servicer]
        return found

    async def _wait(self) -> None:
        """Wait until there is room for the longest message, and take it."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await turn
        except BaseException as error:
            if turn.cancelled():
                with suppress(ValueError):  # it was passed over already
                    self._waiting.remove(turn)
            else:  # its turn had just come
                self._give_back(self._longest)
            if isinstance(error, TimeoutError):
                raise busy() from None
            raise

    def _give_back(self, n_bytes: int) -> None:
        self._held -= n_bytes
        while self._waiting and self._has_room():
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self._held += self._longest
                turn.set_result(None)

    def _has_room(self) -> bool:
        return self._held + self._longest <= MAX_HELD_BYTES or not self._held


def held(content: bytes) -> int:
    """Return how many bytes count of a message that is there."""
    return len(content) if len(content) > SHORT_BYTES else 0
