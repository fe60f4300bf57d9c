"""What the tests of the two standard interfaces share: bodies, and raw requests."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import orjson
import requests
from numpy.typing import NDArray

from harness.server import HttpServer
from tests.conftest import Server

HEADER_LENGTH = "Inference-Header-Content-Length"

POINTS = np.array([[0.1, 0.2], [0.9, -0.4], [-1.2, 0.7]], np.float32)

Floats = NDArray[np.float32]

_WHOLE = [[1, 0], [2, 127], [3, 3]]
OF_DATATYPES: dict[str, NDArray[np.number]] = {
    "FP64": np.array([[0.1, 1 / 3], [1e-300, 2.5], [-1e19, 16777217]]),
    "FP16": np.array([[0.1, 1 / 3], [6e-8, 2.5], [-65504, 1]], np.float16),
    **{f"INT{8 * size}": np.array(_WHOLE, f"<i{size}") * -1 for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": np.array(_WHOLE, f"<u{size}") * 2 for size in (1, 2, 4, 8)},
}
"""Points in every datatype of numbers but FP32."""
OF_DATATYPES["INT64"][0] = np.iinfo(np.int64).min, np.iinfo(np.int64).max
OF_DATATYPES["UINT64"][0, 0] = np.iinfo(np.uint64).max


def address(server: HttpServer) -> str:
    """Return host and port, as clients take them."""
    return urlsplit(server.url).netloc


def tensor(points: Floats = POINTS, **changes: object) -> dict[str, object]:
    """Return the input of infer with its data, which `changes` may replace; None leaves a key out."""
    whole = {"name": "points", "shape": list(points.shape), "datatype": "FP32", "data": points.ravel().tolist()}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def with_bytes(points: Floats = POINTS, /, **document: object) -> tuple[bytes, dict[str, str]]:
    """Return the body of infer with the points as bytes behind its JSON, and its headers."""
    content = points.astype("<f4").tobytes()
    head = orjson.dumps(
        {"inputs": [tensor(points, data=None, parameters={"binary_data_size": len(content)})], **document}
    )
    return head + content, {HEADER_LENGTH: str(len(head))}


def split(answer: requests.Response) -> tuple[dict[str, object], Floats]:
    """Return the JSON and the numbers of an answer with bytes behind its JSON."""
    length = int(answer.headers[HEADER_LENGTH])
    return orjson.loads(answer.content[:length]), np.frombuffer(answer.content[length:], "<f4")


def predicted(server: HttpServer, points: NDArray[np.number] = POINTS, **options: object) -> list[float]:
    """Return what the service's own interface says."""
    answer = server.predict(points=points.tolist(), **options)
    assert answer.status_code == 200, answer.text
    probabilities: list[float] = answer.json()["probabilities"]
    return probabilities


def exchange(server: Server, content: bytes) -> tuple[int, str]:
    """Send bytes as they are, and return the status and the whole answer."""
    with socket.create_connection(server.address, timeout=60) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read().decode()
    return int(answer.split()[1]), answer


@contextmanager
def connections(server: Server, headers: dict[str, str] | None = None) -> Iterator[list[requests.Session]]:
    """Give a session with each worker, which sends these headers."""
    with server.each_worker() as sessions:
        for session in sessions:
            session.headers.update(headers or {})
        yield sessions
