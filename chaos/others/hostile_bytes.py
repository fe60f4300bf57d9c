"""What a stranger may send to a server: broken HTTP, and requests whose bodies are no points."""

import itertools
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE_SECONDS = 1.0
"""For an answer; to some of these there is none."""


def requests(path: str, rows: bytes) -> list[bytes]:
    """Return hostile requests to a path whose bodies have points where `rows` stands, in the server's own format."""
    deep = b"[" * 100_000
    points = (
        b"[[1]]",
        b"[[1,2,3]]",
        b"[[]]",
        b"[]",
        b"[[1e999,0]]",
        b"[[NaN,0]]",
        b'[["a","b"]]',
        b"null",
        b"{}",
        deep,
    )
    bodies = [*(rows.replace(b"POINTS", each) for each in points), b"", b"{", b"\xff\xfe", b"[1,2]", deep]
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
    return [
        *(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies),
        random.Random(1).randbytes(4096),  # noqa: S311 (not a secret)
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%00%ff/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        head + b"Content-Length: 10\r\nContent-Length: 20\r\n\r\n0123456789",
        head + b"Content-Length: -1\r\n\r\n",
        head + b"Content-Length: 99999\r\n\r\n{",
        head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ]


@contextmanager
def sent_to(port: int, path: str, rows: bytes) -> Iterator[dict[str, int]]:
    """Send them over and over during the block; the dict counts all (`sent`) and those answered by a 5xx (`5xx`)."""
    stop, counts = threading.Event(), {"sent": 0, "5xx": 0}

    def send() -> None:
        for request in itertools.cycle(requests(path, rows)):
            if stop.wait(0.02):
                return
            counts["sent"] += 1
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
                connection.sendall(request)
                counts["5xx"] += connection.recv(64).startswith(b"HTTP/1.1 5")

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join()
