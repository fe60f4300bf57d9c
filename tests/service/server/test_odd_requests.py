"""Whatever way a request is written, it is refused or answered, and its connection kept or closed, as gunicorn's own
worker does it: also where the loop could answer, so that one request never depends on whether its grid is cached.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Server, running

GRID = "/boundary?resolution=9"
BODY = '{"points": [[0.1, 0.2]]}'
PROBE = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

REQUEST_LINES = {
    "plain": "GET {} HTTP/1.1",
    "HTTP/1.0": "GET {} HTTP/1.0",
    "HEAD": "HEAD {} HTTP/1.1",
    "another method": "DELETE {} HTTP/1.1",
    "OPTIONS": "OPTIONS {} HTTP/1.1",
    "OPTIONS for all": "OPTIONS * HTTP/1.1",
    "asterisk": "GET * HTTP/1.1",
    "CONNECT": "CONNECT {} HTTP/1.1",
    "CONNECT to an authority": "CONNECT x:80 HTTP/1.1",
    "authority": "GET x:80 HTTP/1.1",
    "absolute": "GET http://x{} HTTP/1.1",
    "absolute, https": "GET https://x{} HTTP/1.1",
    "absolute, with a port": "GET http://x:80{} HTTP/1.1",
    "absolute, IPv6": "GET http://[::1]:80{} HTTP/1.1",
    "absolute, with a user": "GET http://me:secret@x{} HTTP/1.1",
    "absolute, broken": "GET http://[x{} HTTP/1.1",
    "relative": "GET models HTTP/1.1",
    "dots": "GET /../models/..{} HTTP/1.1",
    "fragment": "GET {}#here HTTP/1.1",
    "two slashes": "GET /{} HTTP/1.1",
    "three slashes": "GET //{} HTTP/1.1",
    "quotes": 'GET {}"x" HTTP/1.1',
    "escape": "GET {}%20 HTTP/1.1",
    "broken escape": "GET {}%zz HTTP/1.1",
    "not ASCII": "GET {}\xe4 HTTP/1.1",
    "NUL": "GET {}\0 HTTP/1.1",
    "DEL": "GET {}\x7f HTTP/1.1",
    "tab in the target": "GET {}\t HTTP/1.1",
    "lower case": "get {} HTTP/1.1",
    "mixed case": "Get {} HTTP/1.1",
    "short method": "GE {} HTTP/1.1",
    "long method": "G" * 21 + " {} HTTP/1.1",
    "hash in the method": "GE# {} HTTP/1.1",
    "colon in the method": "GET: {} HTTP/1.1",
    "NUL in the method": "GET\0 {} HTTP/1.1",
    "umlaut in the method": "G\xcbT {} HTTP/1.1",
    "hyphen in front": "-GET {} HTTP/1.1",
    "no method": " {} HTTP/1.1",
    "no target": "GET HTTP/1.1",
    "no version": "GET {}",
    "RTSP": "GET {} RTSP/1.0",
    "ICE": "SOURCE {} ICE/1.0",
    "FTP": "GET {} FTP/1.1",
    "small letters": "GET {} http/1.1",
    "HTTP/0.9": "GET {} HTTP/0.9",
    "HTTP/1.2": "GET {} HTTP/1.2",
    "HTTP/1": "GET {} HTTP/1",
    "HTTP/11": "GET {} HTTP/11",
    "HTTP/2.0": "GET {} HTTP/2.0",
    "HTTP/01.1": "GET {} HTTP/01.1",
    "digits of other scripts": "GET {} HTTP/1.\xb9",
    "two spaces first": "GET  {} HTTP/1.1",
    "two spaces then": "GET {}  HTTP/1.1",
    "space at the end": "GET {} HTTP/1.1 ",
    "space in front": " GET {} HTTP/1.1",
    "tabs": "GET\t{}\tHTTP/1.1",
    "vertical tab": "GET {}\x0bHTTP/1.1",
    "CR in the line": "GET {} \rHTTP/1.1",
    "bare LF in the line": "GET {} HTTP/1.1\nX: y",
    "CR in front": "\rGET {} HTTP/1.1",
    "LF in front": "\nGET {} HTTP/1.1",
    "CRLF in front": "\r\nGET {} HTTP/1.1",
    "two CRLFs in front": "\r\n\r\nGET {} HTTP/1.1",
    "BOM in front": "\xef\xbb\xbfGET {} HTTP/1.1",
    "long": "GET {}&" + "x" * 3000 + " HTTP/1.1",
    "too long": "GET {}&" + "x" * 5000 + " HTTP/1.1",
    "the HTTP/2 preface": "PRI * HTTP/2.0",
    "a PROXY line": "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET {} HTTP/1.1",
}

FIELDS = {
    "none": "",
    "Connection: close": "Connection: close",
    "close, in capitals": "Connection: CLOSE",
    "close and more": "Connection: close, te",
    "keep-alive and more": "Connection: keep-alive, te",
    "something else": "Connection: te",
    "nothing in Connection": "Connection:",
    "both, in two fields": "Connection: keep-alive\r\nConnection: close",
    "Proxy-Connection": "Proxy-Connection: close",
    "100 fields": "\r\n".join(f"X-{i}: y" for i in range(99)),
    "101 fields": "\r\n".join(f"X-{i}: y" for i in range(100)),
    "a long field": "X: " + "y" * 3000,
    "a field of 8 kB": "X: " + "y" * 8000,
    "too long a field": "X: " + "y" * 9000,
    "contradicting schemes": "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off",
    "schemes that agree": "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on",
    "contradicting protocols": "X-Forwarded-Protocol: ssl\r\nX-Forwarded-Proto: http",
    "one scheme twice": "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http",
    "one scheme": "X-Forwarded-Proto: https",
    "forwarded": "Forwarded: for=1.2.3.4;proto=https\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: y",
    "two hosts": "Host: y",
    "the host twice": "Host: x",
    "two types": "Content-Type: a/b\r\nContent-Type: a/b",
    "a repeated field": "Accept: a/b\r\nAccept: */*",
    "an underscore": "X_Y: z",
    "a hidden length": "Content_Length: 3",
    "a hidden coding": "Transfer_Encoding: chunked",
    "a script's name": "SCRIPT_NAME: /x",
    "a path": "PATH_INFO: /models",
    "space before the colon": "X : y",
    "tab before the colon": "X\t: y",
    "no name": ": y",
    "no colon": "X",
    "space in the name": "X Y: z",
    "brackets in the name": "X(Y): z",
    "odd marks in the name": "X.Y|Z~!#$%&'*+^`: z",
    "umlaut in the name": "X\xdf: y",
    "NUL in the name": "X\0Y: z",
    "umlaut in the value": "X: caf\xe9",
    "tabs around the value": "X: \t y \t ",
    "NUL in the value": "X: y\0z",
    "bell in the value": "X: y\az",
    "DEL in the value": "X: y\x7fz",
    "CR in the value": "X: y\rz",
    "LF in the value": "X: y\nz",
    "LF at the end": "X: y\nY: z",
    "folded": "X: y\r\n z",
    "folded by a tab": "X: y\r\n\tz",
    "folded first": " X: y",
    "Expect": "Expect: 100-continue",
    "another expectation": "Expect: 200-ok",
    "Upgrade": "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "WebSocket": "Connection: Upgrade\r\nUpgrade: websocket",
    "Upgrade alone": "Upgrade: h2c",
    "trailers": "TE: trailers\r\nTrailer: X",
    "an odd host": "X: y\r\nHost : z",
    "an id that cannot be quoted": 'X-Request-ID: "\xe9',
}

LENGTHS = {
    "right": "Content-Length: 24",
    "missing": "",
    "none": "Content-Length: 0",
    "nothing": "Content-Length:",
    "a zero in front": "Content-Length: 024",
    "plus": "Content-Length: +24",
    "minus": "Content-Length: -24",
    "minus zero": "Content-Length: -0",
    "hexadecimal": "Content-Length: 0x18",
    "underscore": "Content-Length: 2_4",
    "space": "Content-Length: 2 4",
    "point": "Content-Length: 24.0",
    "superscript": "Content-Length: 2\xb2",
    "letters": "Content-Length: all",
    "a list": "Content-Length: 24, 24",
    "twice": "Content-Length: 24\r\nContent-Length: 24",
    "twice, differing": "Content-Length: 24\r\nContent-Length: 3",
    "longer": "Content-Length: 25",
    "shorter": "Content-Length: 23",
    "huge": "Content-Length: " + "9" * 40,
    "space before the colon": "Content-Length : 24",
    "and chunked": "Content-Length: 24\r\nTransfer-Encoding: chunked",
    "chunked": "Transfer-Encoding: chunked",
    "identity": "Transfer-Encoding: identity\r\nContent-Length: 24",
    "an unknown coding": "Transfer-Encoding: cow\r\nContent-Length: 24",
}

UNFINISHED = (
    "cut in the line",
    "cut after the line",
    "cut in a field",
    "cut before the end",
    "CR alone",
    "longer",
    "chunked",
)
"""The ends of the names of requests that a server waits for the rest of."""


def head(*lines: str) -> str:
    return "\r\n".join([*filter(None, lines), "", ""])


def requests_of(target: str) -> dict[str, str]:
    lines = {f"line: {name}": f"{line.format(target)}\r\nHost: x\r\n\r\n" for name, line in REQUEST_LINES.items()}
    fields = {
        f"{version} fields: {name}": head(f"GET {target} HTTP/{version}", "Host: x", field)
        for version in ("1.1", "1.0")
        for name, field in FIELDS.items()
    }
    others = {
        "no field at all": f"GET {target} HTTP/1.1\r\n\r\n",
        "LF alone": f"GET {target} HTTP/1.1\nHost: x\n\n",
        "CR alone": f"GET {target} HTTP/1.1\rHost: x\r\r",
        "LF at the end": f"GET {target} HTTP/1.1\r\nHost: x\r\n\n",
        "cut in the line": f"GET {target}",
        "cut after the line": f"GET {target} HTTP/1.1\r\n",
        "cut in a field": f"GET {target} HTTP/1.1\r\nHost: x",
        "cut before the end": f"GET {target} HTTP/1.1\r\nHost: x\r\n\r",
        "two at once": f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n" * 2,
        "two at once, HTTP/1.0": f"GET {target} HTTP/1.0\r\nHost: x\r\n\r\n" * 2,
        "half another": f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\nGET /",
        "nonsense behind": f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n\0\0\r\n\r\n",
        "CRLF behind": f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n\r\n",
        "a body that GET has": f"GET {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\n{BODY}",
    }
    return {**lines, **fields, **others}


def predictions() -> dict[str, str]:
    return {
        f"{version} length: {name}": head(f"POST /predict HTTP/{version}", "Content-Type: application/json", length)
        + BODY
        for version in ("1.1", "1.0")
        for name, length in LENGTHS.items()
    }


@pytest.fixture(scope="module")
def ours(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("ours"), SERVICE_MODELS_DIR=str(models_dir)) as started:
        started.get(GRID)  # cached from now on, so that the loop answers
        yield started


@pytest.fixture(scope="module")
def gunicorns(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same app under gunicorn's own worker with threads."""
    environment = {"SERVICE_MODELS_DIR": str(models_dir), "GUNICORN_CMD_ARGS": "--worker-class gthread"}
    with running(tmp_path_factory.mktemp("gunicorns"), **environment) as started:
        yield started


def fate(server: Server, request: str, is_unfinished: bool) -> list[str]:
    """Return the statuses that come back, and what they say of the connection: of what was sent first, and then of the
    probe that follows where the connection is kept. Not of 100 (Continue), which a server may leave out.
    """
    received = b""
    with socket.create_connection(server.address, timeout=60) as connection, suppress(ConnectionError):
        connection.sendall(request.encode("latin-1"))
        if is_unfinished:  # the end tells a server that nothing more comes
            connection.shutdown(socket.SHUT_WR)
        while b"\r\n\r\n" not in received and (piece := connection.recv(2**16)):
            received += piece
        if not is_unfinished:
            connection.sendall(PROBE)
        while piece := connection.recv(2**16):
            received += piece
    fields = "" if is_unfinished else "|Connection: [a-z-]+"  # gunicorn may say keep-alive there, and close
    return re.findall(r"HTTP/1\.[01] [2-5]\d\d " + fields, received.decode("latin-1"))


def test_odd_requests_for_what_the_loop_could_answer_meet_the_fate_that_gunicorn_has_for_them(
    ours: Server, gunicorns: Server
) -> None:
    requests = {
        f"{target}: {name}": request
        for target in ("/health/live", GRID)
        for name, request in requests_of(target).items()
    } | predictions()
    assert len(requests) > 400
    found = {
        name: [fate(server, request, name.endswith(UNFINISHED)) for server in (ours, gunicorns)]
        for name, request in requests.items()
    }
    differing = {name: fates for name, fates in found.items() if fates[0] != fates[1]}
    assert not differing, "\n".join(f"{name}: {fates}" for name, fates in differing.items())
    assert len({str(fates) for fates in found.values()}) > 10
