"""A client that speaks HTTP/2 by itself, so that it can leave undone what grpcio's would do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def call_of(path: str) -> bytes:
    """Return the header fields of a call, each as it is."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "x",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    pairs = [(name.encode(), value.encode()) for name, value in fields.items()]
    return b"".join(bytes([0, len(name)]) + name + bytes([len(value)]) + value for name, value in pairs)


def framed(message: bytes) -> bytes:
    """Return a message as gRPC sends it."""
    return b"\0" + len(message).to_bytes(4, "big") + message


@contextmanager
def raw(address: str, window: int = 65535) -> Iterator[socket.socket]:
    """Connect; a server may send so many bytes on each stream."""
    host, _, port = address.rpartition(":")
    settings = INITIAL_WINDOW_SIZE.to_bytes(2, "big") + window.to_bytes(4, "big")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
        yield client


def frames(client: socket.socket) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield kind, flags, stream and content of what the server sends."""
    with client.makefile("rb") as received:
        while head := received.read(9):
            yield head[3], head[4], int.from_bytes(head[5:], "big"), received.read(int.from_bytes(head[:3], "big"))


def granted(client: socket.socket, until: int | None = None) -> Iterator[int]:
    """Yield how many bytes more the first stream may send, each time the server says so, until a frame of a kind."""
    for kind, _, stream, content in frames(client):
        if kind == until:
            return
        if (kind, stream) == (WINDOW_UPDATE, 1):
            yield int.from_bytes(content, "big")
