"""What is written below the models directory is served without a restart, and never harms what is served."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from bundle import layout
from harness.bundles import copy, publish, without_saved_model
from tests.conftest import Server, StartServer, running, wait_for

POLL = 0.2


@pytest.fixture(scope="module")
def models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test has models of its own, by their names."""
    return copy(models_dir, tmp_path_factory.mktemp("followed") / "models", "linear")


@pytest.fixture(scope="module")
def follower(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, both of which are there."""
    environment = {"SERVICE_POLL_SECONDS": str(POLL), "SERVICE_DEFAULT_MODEL": "linear", "WEB_CONCURRENCY": "2"}
    with running(tmp_path_factory.mktemp("follower"), SERVICE_MODELS_DIR=str(models), **environment) as started:
        wait_for(lambda: len(started.workers()) == 2)
        yield started


def everywhere(server: Server, path: str, holds: Callable[[requests.Response], bool]) -> None:
    """Wait until every worker answers as it should."""
    with server.each_worker() as sessions:
        wait_for(lambda: all(holds(session.get(server.url + path, timeout=60)) for session in sessions))


def test_a_new_version_takes_over_and_the_one_before_can_still_be_asked(
    follower: Server, models: Path, models_dir: Path
) -> None:
    before = follower.predict(points=[[1, 1]]).json()  # by the model that is the default
    publish(models_dir / "tanh-3" / "1", models, "linear", 2)
    everywhere(follower, "/boundary?resolution=2", lambda answer: answer.json()["version"] == 2)
    assert follower.predict(points=[[1, 1]], version=1).json() == before
    publish(models_dir / "linear" / "1", models, "linear", 3)
    everywhere(follower, "/boundary?resolution=2", lambda answer: answer.json()["version"] == 3)
    assert follower.predict(points=[[1, 1]], version=2).status_code == 200
    assert follower.predict(points=[[1, 1]], version=1).status_code == 404


def test_a_new_model_appears_and_a_removed_one_goes_away(follower: Server, models: Path, models_dir: Path) -> None:
    publish(models_dir / "tanh-3" / "1", models, "another", 1)
    everywhere(follower, "/models/another", lambda answer: answer.status_code == 200)
    shown = follower.get("/health/ready").json()["models"]
    assert {"another", "linear"} <= {*shown}
    assert shown == sorted(shown)
    assert follower.predict(points=[[0, 0]], model="another").status_code == 200
    shutil.rmtree(models / "another")
    everywhere(follower, "/models/another", lambda answer: answer.status_code == 404)
    assert "another" not in follower.get("/health/ready").json()["models"]


def test_a_version_that_does_not_load_is_shown_and_the_one_before_answers_on(
    follower: Server, models: Path, models_dir: Path
) -> None:
    publish(models_dir / "linear" / "1", models, "broken", 1)
    everywhere(follower, "/models/broken", lambda answer: answer.json().get("latest") == 1)
    publish(models_dir / "linear" / "1", models, "broken", 2)
    everywhere(follower, "/models/broken", lambda answer: answer.json()["latest"] == 2)
    publish(models_dir / "linear" / "1", models, "broken", 3, without_saved_model)
    everywhere(follower, "/models/broken", lambda answer: answer.json()["versions"][0]["state"] == "FAILED")
    newest, *others = follower.get("/models/broken").json()["versions"]
    assert (newest["version"], newest["reason"]) == (3, "there is no saved_model.pb")
    assert [(status["version"], status["state"]) for status in others] == [(2, "AVAILABLE"), (1, "AVAILABLE")]
    assert follower.predict(points=[[0, 0]], model="broken").json()["version"] == 2

    def failures() -> int:
        failed = follower.events("failed to load")
        return sum((entry["model"], entry["version"]) == ("broken", 3) for entry in failed)

    wait_for(lambda: failures() == 2)
    time.sleep(5 * POLL)
    assert failures() == 2  # once a worker, not at each look
    publish_again = models_dir / "linear" / "1" / layout.SAVED_MODEL
    shutil.copy(publish_again, models / "broken" / "3" / layout.SAVED_MODEL)  # repaired
    everywhere(follower, "/boundary?model=broken&resolution=2", lambda answer: answer.json()["version"] == 3)


def test_a_service_that_started_without_models_becomes_ready(
    tmp_path: Path, models_dir: Path, start_server: StartServer
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    server = start_server(SERVICE_MODELS_DIR=str(empty), SERVICE_POLL_SECONDS=str(POLL))
    assert server.get("/health/ready").status_code == 503
    assert {entry["directory"] for entry in server.events("no models")} == {str(empty)}
    publish(models_dir / "tanh-10-10" / "1", empty, "tanh-10-10", 1)
    everywhere(server, "/health/ready", lambda answer: answer.status_code == 200)


def test_no_request_fails_or_is_answered_wrongly_while_versions_come(
    follower: Server, models: Path, models_dir: Path
) -> None:
    """Odd versions are the linear model, even ones tanh-3: version and numbers must belong together."""
    publish(models_dir / "linear" / "1", models, "changing", 1)
    everywhere(follower, "/models/changing", lambda answer: answer.json().get("latest") == 1)
    right = {}
    for parity, name in ((1, "linear"), (0, "tanh-3")):
        publish(models_dir / name / "1", models, f"reference-{name}", 1)
        everywhere(follower, f"/models/reference-{name}", lambda answer: answer.json().get("latest") == 1)
        right[parity] = follower.predict(points=[[0.3, 0.7]], model=f"reference-{name}").json()["probabilities"]
    stop = False

    def ask() -> set[int]:
        seen = set()
        with requests.Session() as session:
            while not stop:
                time.sleep(0.005)
                answer = session.post(
                    follower.url + "/predict", json={"points": [[0.3, 0.7]], "model": "changing"}, timeout=30
                )
                assert answer.status_code == 200, answer.text
                body = answer.json()
                assert body["probabilities"] == right[body["version"] % 2], body
                seen.add(body["version"])
        return seen

    with ThreadPoolExecutor(3) as pool:
        askers = [pool.submit(ask) for _ in range(3)]
        try:
            for version in range(2, 8):
                publish(models_dir / ("linear" if version % 2 else "tanh-3") / "1", models, "changing", version)
                everywhere(
                    follower,
                    "/boundary?model=changing&resolution=2",
                    lambda answer, version=version: answer.json()["version"] == version,  # type: ignore[misc]
                )
        finally:
            stop = True
        seen = set.union(*(asker.result(timeout=30) for asker in askers))
    assert len(seen) >= 5
