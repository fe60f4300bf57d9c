"""A body that breaks off, or whose chunks are malformed, is a 400 that ends its connection, and no 500."""

import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.conftest import Server

PATHS = ("/predict", "/v1/models/linear:predict", "/v2/models/linear/infer", "/v2/repository/index")

BROKEN = {
    "size is no number": b"zz\r\n[]\r\n0\r\n\r\n",
    "size is negative": b"-2\r\n[]\r\n0\r\n\r\n",
    "chunk without its end": b"2\r\n[]X0\r\n\r\n",
    "breaks off in a chunk": b"10\r\n[",
    "breaks off before the last chunk": b"2\r\n[]\r\n",
    "empty": b"",
}


def sent(server: Server, path: str, headers: str, body: bytes) -> HTTPResponse:
    """Send a request, and nothing more; return the response, read to its end."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n\r\n"
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        response = HTTPResponse(connection)
        response.begin()
        response.read()
        assert connection.recv(1) == b""  # the server ends the connection, as it said
        return response


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_chunked_body_is_400_and_ends_its_connection(server: Server, path: str, body: bytes) -> None:
    before = server.tracebacks()
    response = sent(server, path, "Transfer-Encoding: chunked", body)
    assert (response.status, response.getheader("Connection")) == (400, "close")
    assert server.tracebacks() == before


def test_an_error_before_a_long_body_was_read_says_that_the_connection_ends(server: Server) -> None:
    for path, status in (("/predict", 413), ("/v2/models/nobody/infer", 404), ("/nothing", 404)):
        response = sent(server, path, f"Content-Length: {10**8}", b"[" * 100_000)
        assert (response.status, response.getheader("Connection")) == (status, "close"), path
