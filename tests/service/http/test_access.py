"""Keys keep others out where a file names some; other origins' pages are answered where they are named."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from service import CONTEXT, keys
from service.app import create_app
from service.http.context import Call
from service.http.endpoint import Endpoints, respond
from service.http.responses import RawResponse
from service.request_record import RequestRecord
from service.settings import Settings
from tests.conftest import ALICE, ALICE_LINE, MODELS, ROOT, Server, running, wait_for

BOB, BOB_LINE = keys.make("bob")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def named(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


@pytest.fixture(scope="module")
def started(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker: what was known is what that worker read last, and each reads when it is asked."""
    directory = tmp_path_factory.mktemp("access")
    (directory / "keys").write_text(ALICE_LINE + "\n")
    environment = {
        "SERVICE_API_KEYS_FILE": str(directory / "keys"),
        "SERVICE_CORS_ORIGINS": "https://one.example,https://two.example",
    }
    with running(directory, SERVICE_MODELS_DIR=str(models_dir), **environment) as server:
        yield server


@pytest.fixture
def key_file(started: Server) -> Path:
    return started.log.parent / "keys"


@pytest.fixture
def own(started: Server, key_file: Path) -> Server:
    """The same server, once it knows Alice alone again."""
    replace_keys(key_file, "# who may ask", "", ALICE_LINE)
    wait_for(lambda: status(started, ALICE) == 200)
    return started


def replace_keys(key_file: Path, *lines: str) -> None:
    """Write the file beside its place and rename it, so that it is read at once."""
    new = key_file.with_suffix(".new")
    new.write_text("\n".join([*lines, ""]))
    new.replace(key_file)


def status(server: Server, key: str) -> int:
    return server.get("/models", headers=bearer(key)).status_code


@pytest.mark.parametrize("send", [bearer, named])
def test_a_key_is_taken_in_both_headers(guarded: Server, send: Callable[[str], dict[str, str]]) -> None:
    body = {"points": [[0, 0]]}
    before = len(guarded.events("request"))
    assert guarded.post("/predict", json=body, headers=send(ALICE)).status_code == 200
    assert guarded.post("/predict", json=body, headers=send(BOB)).status_code == 401
    assert guarded.post("/predict", json=body, headers={"Authorization": ALICE}).status_code == 401  # not as a Bearer's
    assert guarded.post("/predict", json=body, headers={"Authorization": f"Basic {ALICE}"}).status_code == 401
    asked = guarded.events("request")[before:]
    assert [(entry["status"], entry["client"]) for entry in asked] == [(200, "alice"), *[(401, "")] * 3]
    assert ALICE not in guarded.log.read_text()


def test_without_a_key_only_health_and_documents_answer(guarded: Server) -> None:
    for path in ("/models", "/boundary", "/comparison", "/dataset", "/metrics", "/models/linear"):
        answer = guarded.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "X-API-Key" in answer.json()["detail"]
    for path in ("/health/live", "/health/ready", "/openapi.json", "/docs"):
        assert guarded.get(path).status_code == 200, path


def test_the_open_document_tells_nothing_that_needs_a_key(guarded: Server) -> None:
    document = guarded.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for response in operation["responses"].values():
                assert not [content for content in response.get("content", {}).values() if "example" in content], path
    text = json.dumps(document)
    assert '"example"' in text  # of requests, which are the same everywhere
    for name in (*MODELS, "gaussian-quantiles"):
        assert name not in text


def test_wherever_the_document_asks_for_a_key_there_is_no_answer_without_one(guarded: Server) -> None:
    document = guarded.get("/openapi.json").json()
    closed = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            url = guarded.url + path.format(name="linear", version="1", number="1")
            answer = requests.request(method, url, timeout=30)
            needs_key = any(operation["security"])
            assert (answer.status_code == 401) == needs_key, (method, path, answer.status_code)
            if needs_key:
                assert requests.request(method, url, headers=bearer(ALICE), timeout=30).status_code != 401, path
            closed += needs_key
    assert closed == 34


def test_an_endpoint_needs_a_key_unless_it_is_declared_public(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(ALICE_LINE + "\n")
    endpoints = Endpoints("new")
    endpoints.get("/closed")(lambda _: RawResponse([b"told"], "text/plain"))
    endpoints.get("/open", public=True)(lambda _: RawResponse([b"told"], "text/plain"))
    app = create_app(Settings(models_dir=tmp_path, api_keys_file=tmp_path / "keys"))
    context = app.extensions[CONTEXT]
    call = Call("", {}, io.BytesIO(), RequestRecord("id", 0), context, context.plane)
    assert [respond(endpoint, call, {}).status for endpoint in endpoints] == [401, 200]


def test_what_a_key_is_needed_for_is_for_no_shared_cache(guarded: Server) -> None:
    answer = guarded.get("/boundary?model=tanh-3&version=1&resolution=3", headers=bearer(ALICE))
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_keys_are_added_and_withdrawn_without_a_restart(own: Server, key_file: Path) -> None:
    replace_keys(key_file, BOB_LINE)
    assert (status(own, BOB), status(own, ALICE)) == (200, 401)
    key_file.unlink()
    assert status(own, BOB) == 200  # while there is no file, what was known holds


def test_a_name_may_have_several_keys_while_they_are_changed(own: Server, key_file: Path) -> None:
    new, line = keys.make("alice")
    before = len(own.events("request"))
    replace_keys(key_file, ALICE_LINE, line)
    assert [status(own, key) for key in (ALICE, new, BOB)] == [200, 200, 401]
    asked = own.events("request")[before:]
    assert [(entry["status"], entry["client"]) for entry in asked] == [(200, "alice"), (200, "alice"), (401, "")]
    replace_keys(key_file, line)
    assert [status(own, key) for key in (ALICE, new)] == [401, 200]


def test_a_file_that_turns_wrong_lets_nobody_in_and_stops_nothing(own: Server, key_file: Path) -> None:
    before = own.workers()
    key_file.write_text("nonsense\n")
    own.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(own.workers()) == 1 and own.workers() != before)
    wait_for(lambda: status(own, ALICE) == 401)
    assert "line 1" in str(own.events("cannot read keys")[-1]["reason"])
    key_file.write_text(ALICE_LINE + "\n")
    assert status(own, ALICE) == 200


def test_a_file_that_is_wrong_at_the_start_stops_it_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("nonsense\n")
    environment = {**os.environ, "SERVICE_API_KEYS_FILE": str(tmp_path / "keys"), "PORT": "0"}
    command = [sys.executable, "-m", "gunicorn"]
    started = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert started.returncode != 0
    assert "the service does not start: line 1 of" in started.stderr
    assert "Traceback" not in started.stderr


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}


def test_only_named_origins_may_read_answers(own: Server) -> None:
    for origin, allowed in [("https://two.example", True), ("https://three.example", False)]:
        preflight = requests.options(own.url + "/predict", headers={"Origin": origin, **PREFLIGHT}, timeout=10)
        assert preflight.status_code == 200  # a browser sends no key with it
        answer = own.get("/models", headers={"Origin": origin, **bearer(ALICE)})
        assert answer.status_code == 200
        for response in (preflight, answer):
            assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert (
        "ETag" in own.get("/models", headers={"Origin": "https://one.example"}).headers["Access-Control-Expose-Headers"]
    )


@pytest.mark.parametrize("let_in", ["", "https://one.example", "https://one.example,https://two.example", "*"])
def test_what_is_kept_for_one_origin_is_never_another_ones_answer(tmp_path: Path, let_in: str) -> None:
    settings = Settings(models_dir=tmp_path, cors_origins=tuple(filter(None, let_in.split(","))))
    client = create_app(settings).test_client()
    for origin in ("https://one.example", "https://three.example", None):
        answer = client.get("/explorer/main.js", headers={} if origin is None else {"Origin": origin})
        is_let_in = origin is not None and (let_in == "*" or origin in let_in.split(","))
        expected = ("*" if let_in == "*" else origin) if is_let_in else None
        assert answer.headers.get("Access-Control-Allow-Origin") == expected
        assert "Origin" in answer.headers["Vary"]


def test_a_page_whose_origin_is_not_let_in_keeps_nothing_for_good(own: Server) -> None:
    origins = {None: "immutable", "https://one.example": "immutable", "https://three.example": "no-cache"}
    for way in ({}, {"X_By": "a thread"}):
        for origin, how_long in origins.items():
            headers = {**way, **bearer(ALICE), **({} if origin is None else {"Origin": origin})}
            answer = own.get("/boundary?model=linear&version=1&resolution=3", headers=headers)
            assert how_long in answer.headers["Cache-Control"]
            assert answer.headers["Vary"] == "Accept, Origin"
            assert ("Access-Control-Allow-Origin" in answer.headers) == (origin == "https://one.example")


def test_no_origin_is_named_by_default(server: Server) -> None:
    answer = server.get("/models", headers={"Origin": "https://one.example"})
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_browsers_are_told_to_trust_nothing(server: Server) -> None:
    for path in ("/models", "/docs", "/nothing"):
        assert server.get(path).headers["X-Content-Type-Options"] == "nosniff"
    policy = server.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
