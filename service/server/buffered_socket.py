"""What stands between a thread and a client: a whole request to read, and room for the response. It never waits."""

import io
from collections.abc import Sequence
from contextlib import suppress
from socket import socket

MAX_PIECES = 1024
"""IOV_MAX: so many pieces are sent by one system call."""

JOIN_UP_TO_BYTES = 2**13
"""So few bytes are sent sooner as one piece."""


class Outgoing:
    """The bytes of a response that its client has not taken yet."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.size = sum(map(len, pieces))
        self._pieces: Sequence[bytes | memoryview] = pieces if self.size > JOIN_UP_TO_BYTES else (b"".join(pieces),)

    def send(self, client: socket) -> int:
        """Send what a client takes now, and return how much that was.

        Raises:
            OSError: the client has gone.
        """
        before = self.size
        with suppress(BlockingIOError):
            while self.size:
                one = len(self._pieces) == 1
                self._drop(client.send(self._pieces[0]) if one else client.sendmsg(self._pieces[:MAX_PIECES]))
        return before - self.size

    def _drop(self, sent: int) -> None:
        self.size -= sent
        if not self.size:
            self._pieces = ()
            return
        first = 0
        while sent >= len(self._pieces[first]):
            sent -= len(self._pieces[first])
            first += 1
        self._pieces = [memoryview(self._pieces[first])[sent:], *self._pieces[first + 1 :]]


class BufferedSocket:
    """Stands for a connection's socket while a thread answers a request with gunicorn.

    Attributes:
        client: the socket.
        is_whole: whether nothing of the request is still to come.
    """

    def __init__(self, client: socket, received: bytes | bytearray, *, is_whole: bool) -> None:
        self.client = client
        self.is_whole = is_whole
        self._received = io.BytesIO(received)
        self._sent: list[bytes] = []

    def response(self) -> Outgoing:
        """Send what the client takes at once; return the rest.

        Raises:
            OSError: the client has gone.
        """
        outgoing = Outgoing(self._sent)
        self._sent = []
        outgoing.send(self.client)
        return outgoing

    def unread(self) -> bytes:
        """Return what is behind the request."""
        return self._received.read()

    # A socket's methods, as far as gunicorn calls them.

    def recv(self, size: int) -> bytes:
        """Return what was received; when all is read, nothing, as at the end of a connection."""
        return self._received.read(size)

    def sendall(self, data: bytes) -> None:
        """Keep a piece of the response."""
        self._sent.append(bytes(data))

    def send(self, data: bytes) -> int:
        """Drop a 100 (Continue), which alone is sent so: the body is there."""
        return len(data)

    def gettimeout(self) -> None:
        """Return None: this never waits."""

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing: this never waits."""

    def setblocking(self, flag: bool) -> None:
        """Do nothing: this never waits."""

    def shutdown(self, how: int) -> None:
        """Do nothing: the loop closes the connection once the response is sent."""

    def close(self) -> None:
        """Do nothing: the loop closes the connection once the response is sent."""
