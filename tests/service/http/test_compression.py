"""What never changes is compressed, once, for whoever takes gzip; one point's answer, grids and errors are not."""

import gzip

import pytest
import requests

from tests.conftest import Server

COMPRESSED = [
    "/models/tanh-10-10/versions/1",
    "/models/tanh-10-10/versions/1/weights",
    "/models/tanh-3/versions/1/weights?packed=true",
    "/dataset",
    "/dataset?format=csv",
    "/comparison",
    "/openapi.json",
    "/",
    "/explorer/explorer.css",
    "/explorer/main.js",
]


def ask(server: Server, path: str, coding: str | None, **headers: str) -> tuple[requests.Response, bytes]:
    """Return an answer with its body as it was sent."""
    answer = server.get(path, headers={"Accept-Encoding": coding, **headers}, stream=True)
    return answer, answer.raw.read(decode_content=False)


OF_BOTH_KINDS = ("/dataset", "/explorer/main.js")
"""An answer that is made and a file: what clients say is read in two places."""


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        *((path, "gzip") for path in COMPRESSED),
        *((path, taken) for path in OF_BOTH_KINDS for taken in ("gzip, deflate, br, zstd", "br;q=1, gzip;q=0.5")),
    ],
)
def test_text_that_is_known_by_a_tag_is_compressed(server: Server, path: str, taken: str) -> None:
    _, plain = ask(server, path, None)
    for _ in range(3):  # by a thread first, then out of the cache, by either worker
        answer, body = ask(server, path, taken)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) == len(body) < 0.8 * len(plain)
        assert gzip.decompress(body) == plain


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        *((path, None) for path in COMPRESSED),
        *((path, taken) for path in OF_BOTH_KINDS for taken in ("identity", "br", "gzip;q=0")),
    ],
)
def test_who_does_not_take_gzip_gets_it_as_it_is(server: Server, path: str, taken: str | None) -> None:
    answer, body = ask(server, path, taken)
    assert "Content-Encoding" not in answer.headers
    assert int(answer.headers["Content-Length"]) == len(body)
    assert body[:2] != b"\x1f\x8b"


@pytest.mark.parametrize("path", COMPRESSED)
def test_each_coding_has_a_tag_of_its_own_and_says_what_it_depends_on(server: Server, path: str) -> None:
    tags = {}
    for coding in ("gzip", "identity"):
        answer, _ = ask(server, path, coding)
        assert "Accept-Encoding" in answer.headers["Vary"]
        tags[coding] = answer.headers["ETag"]
        unchanged, body = ask(server, path, coding, **{"If-None-Match": tags[coding]})
        assert (unchanged.status_code, body) == (304, b"")
        assert unchanged.headers["ETag"] == tags[coding]
    assert tags["gzip"] != tags["identity"]
    assert ask(server, path, "identity", **{"If-None-Match": tags["gzip"]})[0].status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/boundary?resolution=50", "/boundary?resolution=50&format=npy", "/boundary?resolution=20&format=png", "/models",
     "/health/ready", "/models/unknown", "/metrics"],
)  # fmt: skip
def test_grids_pictures_errors_and_what_is_small_are_sent_as_they_are(server: Server, path: str) -> None:
    answer, _ = ask(server, path, "gzip")
    assert "Content-Encoding" not in answer.headers


def test_answers_to_points_are_sent_as_they_are(server: Server) -> None:
    for points in ([[0.5, 0.5]], [[0.5, 0.5]] * 2000):
        answer = server.post("/predict", json={"points": points}, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


def test_head_says_what_get_would_send(server: Server) -> None:
    asked = {"headers": {"Accept-Encoding": "gzip"}, "timeout": 30}
    head = requests.head(server.url + "/dataset", **asked)  # type: ignore[arg-type]
    get, body = ask(server, "/dataset", "gzip")
    same = ("Content-Encoding", "Content-Length", "ETag", "Vary")
    assert [head.headers[name] for name in same] == [get.headers[name] for name in same]
    assert (head.content, int(head.headers["Content-Length"])) == (b"", len(body))
