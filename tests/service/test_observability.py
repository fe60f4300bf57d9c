"""`GET /metrics` is true of all workers together, and the log is JSON that names the request."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from harness import bundles
from harness.server import HttpServer
from service.observability import LAST_SERVED_NAME
from service.server import request_log
from service.server.request_log import FLUSH_SECONDS, MAX_LINES, RequestLog
from tests.conftest import ROOT, Server, StartServer, running, wait_for


def samples(server: Server) -> dict[tuple[str, str, str, str], float]:
    """Return the counted requests by endpoint, model, version and status."""
    answer = server.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        tuple(sample.labels[name] for name in ("endpoint", "model", "version", "status")): sample.value  # type: ignore[misc]
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "boundary_request_seconds_count"
    }


def _all_samples(server: Server) -> Iterator[Sample]:
    for family in text_string_to_metric_families(server.get("/metrics").text):
        yield from family.samples


def value(server: HttpServer, name: str, **labels: str) -> float:
    """Return the sum of a metric's samples with these labels. Of all lines only its own are parsed."""
    lines = [line + "\n" for line in server.get("/metrics").text.splitlines() if line.startswith(name)]
    found = [
        sample.value
        for family in text_string_to_metric_families("".join(lines))
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


def test_requests_are_counted_over_all_workers_and_the_same_at_every_scrape(server: Server) -> None:
    key = ("predict.post_predict", "tanh-3", "1", "200")
    before = samples(server).get(key, 0)
    for _ in range(40):  # each a connection of its own, so both workers answer some
        assert server.predict(points=[[0, 0]], model="tanh-3").status_code == 200
    assert [samples(server)[key] for _ in range(6)] == [before + 40] * 6


def test_counters_go_on_over_a_reload(start_server: StartServer, models_dir: Path) -> None:
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), WEB_CONCURRENCY="2")
    wait_for(lambda: len(server.workers()) == 2)
    for _ in range(10):
        server.predict(points=[[0, 0]])
    before = set(server.workers())
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(server.workers()) == 2 and not before & set(server.workers()))
    server.predict(points=[[0, 0]])
    assert samples(server)["predict.post_predict", "tanh-10-10", "1", "200"] == 11
    wait_for(lambda: value(server, "boundary_versions") > 0)  # the least of all workers, of which one may still load
    assert value(server, "boundary_versions") == 7


def test_the_series_of_versions_that_are_served_no_longer_go(
    start_server: StartServer, models_dir: Path, tmp_path: Path
) -> None:
    models = bundles.copy(models_dir, tmp_path / "models", "linear", "tanh-3")
    second = {"service.observability.RETIRED_SECONDS": 1}
    server = start_server(SERVICE_MODELS_DIR=str(models), SERVICE_POLL_SECONDS="0.1", constants=second)

    def points() -> dict[tuple[str, str], float]:
        asked = {"model": "linear"}, {"model": "tanh-3"}
        assert [server.predict(points=[[0, 0]], **model).status_code for model in asked] == [200, 200]
        found = (sample for sample in _all_samples(server) if sample.name == "boundary_points_total")
        return {(sample.labels["model"], sample.labels["version"]): sample.value for sample in found}

    def serves(version: int) -> bool:
        return bool(server.predict(points=[[0, 0]], model="linear").json()["version"] == version)

    def has_lost_the_first() -> bool:
        seen.append(points())
        return ("linear", "1") not in seen[-1]

    seen = [points()]
    for version in (2, 3):
        bundles.publish(models / "linear" / "1", models, "linear", version)
        wait_for(partial(serves, version))
        seen.append(points())
    wait_for(has_lost_the_first)
    first = {"model": "linear", "version": "1"}
    assert not [sample for sample in _all_samples(server) if first.items() <= sample.labels.items()]
    assert set(seen[-1]) == {("linear", "2"), ("linear", "3"), ("tanh-3", "1")}
    for before, after in pairwise(seen):
        assert all(after[kept] >= before[kept] for kept in before.keys() & after.keys())


def test_a_file_that_a_worker_has_only_begun_does_not_hide_the_others(server: Server) -> None:
    """prometheus-client makes each file empty and then gives it its size; a scrape between the two answered 500."""
    mapped = Path(f"/proc/{server.workers()[0]}/maps").read_text()
    (directory,) = set(re.findall(r"(/\S+)/counter_\d+\.db", mapped))
    begun = Path(directory, "counter_99.db")
    begun.touch()
    try:
        assert [server.get("/metrics").status_code for _ in range(4)] == [200] * 4
        assert value(server, "boundary_versions") == 7
    finally:
        begun.unlink()


def test_errors_are_counted_by_their_status(server: Server) -> None:
    before = samples(server).get(("predict.post_predict", "", "", "422"), 0)
    server.predict(points=[])
    assert samples(server)["predict.post_predict", "", "", "422"] == before + 1


def test_points_and_versions_are_counted(server: Server) -> None:
    before = value(server, "boundary_points_total", model="relu-3")
    server.predict(points=[[0, 0]] * 7, model="relu-3")
    server.get("/boundary?model=relu-3&resolution=10")
    assert value(server, "boundary_points_total", model="relu-3") == before + 107
    assert value(server, "boundary_versions") == 7
    assert value(server, "boundary_build_info") == 1


def test_the_log_has_a_line_of_json_for_each_request(server: Server) -> None:
    server.post("/predict", json={"points": [[0, 0]]}, headers={"X-Request-ID": "find-me-1"})
    (entry,) = [entry for entry in server.events("request") if entry["request_id"] == "find-me-1"]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/predict", 200)
    assert (entry["model"], entry["version"], entry["level"]) == ("tanh-10-10", "1", "info")
    assert 0 < float(str(entry["milliseconds"])) < 30_000


def test_every_answer_carries_the_request_id(server: Server) -> None:
    given = server.get("/models", headers={"X-Request-ID": "mine"})
    assert given.headers["X-Request-ID"] == "mine"
    assert re.fullmatch(r"[0-9a-f]{32}", server.get("/models").headers["X-Request-ID"])
    strange = server.get("/models", headers={"X-Request-ID": "a b\tc" * 50})
    assert re.fullmatch(r"[0-9a-f]{32}", strange.headers["X-Request-ID"])


@pytest.fixture(scope="module")
def without_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gunicorn whose models are still to be trained."""
    directory = tmp_path_factory.mktemp("without")
    environment = {"SERVICE_DEFAULT_MODEL": "nope", "SERVICE_POLL_SECONDS": "0.2"}
    with running(directory, SERVICE_MODELS_DIR=str(directory / "models"), **environment) as started:
        yield started


def test_health_checks_do_not_fill_the_log(without_models: Server) -> None:
    without_models.get("/health/live", headers={"X-Request-ID": "quiet"})
    without_models.get("/health/ready", headers={"X-Request-ID": "loud"})  # 503: there are no models
    assert [entry["request_id"] for entry in without_models.events("request")][-1] == "loud"
    assert "quiet" not in without_models.log.read_text()


def test_the_log_says_where_models_are_missing(without_models: Server, models_dir: Path) -> None:
    """What is missing may still be trained, so the service starts."""
    models = without_models.log.parent / "models"
    told = [(line["directory"], line["directory_exists"]) for line in without_models.events("no models")]
    assert told == [(str(models), False)]
    models.mkdir()
    (models / "linear").symlink_to(models_dir / "linear")
    without_models.process.send_signal(signal.SIGHUP)
    wait_for(lambda: bool(without_models.events("no default model")))
    (line,) = without_models.events("no default model")
    assert (line["default_model"], line["models"]) == ("nope", ["linear"])
    (models / "linear").unlink()
    wait_for(lambda: len(without_models.workers()) == 1 and without_models.get("/health/ready").status_code == 503)


@pytest.fixture
def full_pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A standard error stream that takes nothing more until somebody reads; its two ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b" " * 4096)
    with os.fdopen(writing, "wb", 0) as stderr:
        monkeypatch.setattr(request_log, "sys", SimpleNamespace(stderr=stderr))  # pytest puts back sys.stderr itself
        yield reading, writing
        monkeypatch.undo()
    os.close(reading)


def read_paths(reading: int, last: str) -> list[str]:
    """Return the paths that were logged into a pipe, up to this one."""
    text = ""
    while f'"{last}"' not in text:
        text += os.read(reading, 65_536).decode()
    return re.findall(r'"path":"([^"]*)"', text)


def test_the_log_goes_on_after_a_write_that_failed(full_pipe: tuple[int, int]) -> None:
    reading, _ = full_pipe
    log = RequestLog()
    log.write(path="lost")
    time.sleep(5 * FLUSH_SECONDS)  # the write fails now
    os.read(reading, 65_536)
    log.write(path="kept")
    assert read_paths(reading, "kept") == ["kept"]


def test_a_reader_that_hangs_does_not_fill_the_memory(full_pipe: tuple[int, int]) -> None:
    reading, writing = full_pipe
    os.set_blocking(writing, True)  # the write hangs from now on
    log = RequestLog()
    for number in range(3 * MAX_LINES):
        log.write(path=str(number))
    paths = read_paths(reading, str(3 * MAX_LINES - 1))
    assert MAX_LINES <= len(paths) < 2 * MAX_LINES


EVENT = re.compile(r"""(?<!\.)\blog\.\w+\(\s*"([^"]+)\"""")
"""What is logged as JSON; gunicorn's own log is `self.log`."""


def test_operators_find_every_event_and_metric_in_their_tables() -> None:
    tables = (ROOT / "docs/operations.md").read_text()
    events = {event for path in (ROOT / "service").rglob("*.py") for event in EVENT.findall(path.read_text())}
    metrics = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("boundary_")} - {LAST_SERVED_NAME}
    assert {"request failed", "the gRPC loop failed"} <= events
    assert "boundary_loop_faults" in metrics
    assert {name for name in events if f"`{name}`" not in tables} == set()
    assert {name for name in metrics if not re.search(f"`{name}(_total)?`", tables)} == set()
