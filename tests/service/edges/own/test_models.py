"""`GET /models…` and `GET /health/…`: what is served, and what is not and why."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bundle import layout
from harness import bundles
from harness.app_server import AppServer, serving_app
from harness.bundles import Spoil, change_card, publish, without_saved_model
from service.app import create_app
from service.settings import Settings
from tests.conftest import MODELS, Server, running
from tests.service.edges.own.test_boundary import pixels


def test_every_model_is_listed_with_its_versions(server: Server) -> None:
    body = server.get("/models").json()
    assert body["default_model"] == "tanh-10-10"
    assert [model["name"] for model in body["models"]] == sorted(MODELS)
    for model in body["models"]:
        assert model["versions"] == [{"version": 1, "state": "AVAILABLE", "reason": None}]


def test_a_model_and_a_version_show_their_card(server: Server) -> None:
    body = server.get("/models/tanh-10-10").json()
    assert body["latest"] == 1
    card = body["card"]
    assert (card["hidden_layers"], card["activation"], card["parameters"]) == ([10, 10], "tanh", 151)
    assert card["protocol"] == {
        "optimizer": "adam",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 500,
        "loss": "binary_crossentropy",
        "seed": 3,
        "candidates": None,
    }
    assert len(card["history"]["loss"]) == len(card["history"]["validation_accuracy"]) == 500
    version = server.get("/models/tanh-10-10/versions/1").json()
    assert version["card"] == card
    assert (version["state"], version["engine"], version["fingerprint"]) == ("AVAILABLE", "litert", card["fingerprint"])
    assert version["signatures"] == ["activations", "at", "replicates", "serving_default", "weights"]


def test_the_compiled_form_is_close_to_the_saved_model(server: Server) -> None:
    for name in MODELS:
        assert server.get(f"/models/{name}").json()["card"]["compiled"]["max_difference"]["serving_default"] <= 1e-6


def test_health_says_alive_and_ready_with_every_model(server: Server) -> None:
    assert server.get("/health/live").json() == {"live": True}
    body = server.get("/health/ready").json()
    assert body == {"ready": True, "models": sorted(MODELS), "failed": []}


def test_without_models_the_service_is_alive_but_not_ready_and_says_what_to_do(tmp_path: Path) -> None:
    with serving_app(tmp_path / "nothing-here") as server:
        assert server.get("/health/live").status_code == 200
        ready = server.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert ready.headers["Retry-After"]
        answer = server.predict(points=[[0, 0]])
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert answer.headers["Retry-After"]
        assert "python -m training train" in answer.json()["detail"]


def _make_unreadable(path: Path) -> None:
    """Have every read of a file fail, also for root."""
    path.unlink()
    path.symlink_to("/proc/self/mem")


SPOILT: dict[str, tuple[Spoil, str]] = {
    "without-saved-model": (without_saved_model, "there is no saved_model.pb"),
    "empty-card": (lambda bundle: (bundle / layout.CARD).write_text("{}"), "card.json"),
    "half-a-card": (lambda bundle: (bundle / layout.CARD).write_text("{"), "card.json"),
    "compiled-form-not-on-card": (lambda bundle: change_card(bundle, compiled=None), "compiled"),
    "other-compiled-form": (
        lambda bundle: (bundle / layout.COMPILED).write_bytes(b"TFL3 no more"),
        "not the one that the card describes",
    ),
    "other-weights": (lambda bundle: (bundle / "variables/variables.index").write_bytes(b""), "stale"),
    "without-compiled-form": (lambda bundle: (bundle / layout.COMPILED).unlink(), "there is no compiled form"),
    "unreadable-compiled-form": (
        lambda bundle: _make_unreadable(bundle / layout.COMPILED),
        "the compiled form cannot be read",
    ),
    "unreadable-weights": (
        lambda bundle: _make_unreadable(bundle / "variables/variables.index"),
        "a file cannot be read",
    ),
}
"""Models of which version 2 is spoilt, by what was done to it, and a word of the reason that is given for it."""


@pytest.fixture(scope="module")
def own(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Models in every state, where TensorFlow is installed and cannot be imported."""
    directory = tmp_path_factory.mktemp("own")
    models = bundles.copy(models_dir, directory / "models", "linear", "tanh-10-10")
    change_card(models / "linear" / "1", diverged=[5])
    change_card(models / "tanh-10-10" / "1", diverged=list(range(1, 30)))
    whole = models_dir / "linear" / "1"
    for name, (spoil, _) in SPOILT.items():
        publish(whole, models, name, 1)
        spoil(publish(whole, models, name, 2))
    publish(whole, models, "improved", 1)
    publish(models_dir / "tanh-3" / "1", models, "improved", 2)
    publish(whole, models, "nothing-loads", 1, without_saved_model)
    publish(whole, models, "without-extras", 1, lambda bundle: shutil.rmtree(bundle / layout.EXTRAS))
    for version in ("1", "0", "01", "v2", ".partial-2", "-1"):
        shutil.copytree(whole, models / "half-written" / version)
    for reserved in ("_draft", ".partial-1"):
        shutil.copytree(models_dir / "linear", models / reserved)
    (models / "notes.txt").write_text("not a model")
    (directory / "tensorflow").mkdir()
    (directory / "tensorflow/__init__.py").write_text("raise ImportError('libcrypt.so.1: cannot open shared object')")
    with running(directory, SERVICE_MODELS_DIR=str(models), PYTHONPATH=str(directory)) as started:
        yield started


SERVED = sorted(["half-written", "improved", "linear", "tanh-10-10", *SPOILT])
"""Those of these that answer."""

FAILED = ["nothing-loads", "without-extras"]


def test_a_new_version_answers_and_the_one_before_can_still_be_asked(own: Server) -> None:
    latest, first = (own.predict(points=[[1, 1]], model="improved", **v).json() for v in ({}, {"version": 1}))
    assert (latest["version"], first["version"]) == (2, 1)
    assert latest["probabilities"] != first["probabilities"]
    assert own.get("/boundary?model=improved&version=1&resolution=2").json()["version"] == 1


@pytest.mark.parametrize("name", SPOILT)
def test_a_broken_version_is_shown_with_its_reason_and_the_one_before_answers(own: Server, name: str) -> None:
    assert own.get("/health/ready").status_code == 200
    assert own.predict(points=[[0, 0]], model=name).json()["version"] == 1
    newest, before = own.get(f"/models/{name}").json()["versions"]
    assert (newest["version"], newest["state"]) == (2, "FAILED")
    assert SPOILT[name][1] in newest["reason"]
    assert str(own.log.parent) not in newest["reason"]  # where the models are too
    assert before == {"version": 1, "state": "AVAILABLE", "reason": None}
    assert (name, 2) in [(entry["model"], entry["version"]) for entry in own.events("failed to load")]
    assert own.predict(points=[[0, 0]], model=name, version=2).status_code == 404
    assert own.get(f"/models/{name}/versions/2").json()["engine"] is None


def test_a_model_of_which_nothing_loads_is_503_and_hurts_no_other(own: Server) -> None:
    ready = own.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "models": SERVED, "failed": FAILED})
    assert own.predict(points=[[0, 0]], model="nothing-loads").status_code == 503
    every = own.predict(points=[[0, 0]], models="all")
    assert (every.status_code, [one["model"] for one in every.json()["predictions"]]) == (200, SERVED)


def test_half_written_and_reserved_names_are_never_models(own: Server) -> None:
    models = {model["name"]: model["versions"] for model in own.get("/models").json()["models"]}
    assert list(models) == sorted([*SERVED, *FAILED])
    assert [version["version"] for version in models["half-written"]] == [1]


def test_tensorflow_gives_the_same_numbers(models_dir: Path, tmp_path: Path, server: Server) -> None:
    """Within this process, which has TensorFlow already: a server would load it for seconds."""
    models = bundles.copy(models_dir, tmp_path / "models", "linear", "tanh-10-10")
    slow = create_app(Settings(models_dir=models, engine="tensorflow", log_level="ERROR")).test_client()
    assert slow.get("/models/linear/versions/1").get_json()["engine"] == "tensorflow"
    points = np.random.default_rng(5).uniform(-1.5, 1.5, (300, 2)).tolist()
    for name in ("linear", "tanh-10-10"):
        theirs = slow.post("/predict", json={"points": points, "model": name}).get_json()["probabilities"]
        ours = server.predict(points=points, model=name).json()["probabilities"]
        assert np.abs(np.array(theirs) - ours).max() <= 1e-6
        path = f"/models/{name}/versions/1/weights?replicate=4"
        assert slow.get(path).get_json() == server.get(path).json()


@pytest.fixture(scope="module")
def with_foreign(
    models_dir: Path, foreign_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AppServer]:
    """Within this process too. Models of our own, of which one is stale, and from elsewhere, of which one takes points
    of three numbers.
    """
    directory = tmp_path_factory.mktemp("foreign")
    models = bundles.copy(models_dir, directory / "models", "linear", "tanh-10-10")
    publish(models_dir / "linear" / "1", models, "stale", 1, lambda bundle: change_card(bundle, fingerprint="0" * 64))
    publish(foreign_models / "scoring" / "1", models, "from-elsewhere", 3)
    publish(foreign_models / "of-three" / "1", models, "of-three", 1)
    with serving_app(models) as started:
        yield started


def test_any_saved_model_of_the_right_shape_is_served(with_foreign: AppServer) -> None:
    server = with_foreign
    body = server.predict(points=[[0.5, -0.25], [0, 0]], model="from-elsewhere").json()
    assert body["version"] == 3
    assert body["probabilities"] == pytest.approx([1 / (1 + np.exp(-1.0)), 0.5], abs=1e-6)
    described = server.get("/models/from-elsewhere/versions/3").json()
    assert (described["card"], described["engine"]) == (None, "tensorflow")
    weights = server.get("/models/from-elsewhere/versions/3/weights")
    assert (weights.status_code, "no signature for them" in weights.json()["detail"]) == (404, True)
    boundary = server.get("/boundary?model=from-elsewhere&resolution=2").json()
    assert (boundary["x"], boundary["epoch"]) == ([-1.5, 1.5], None)
    assert server.get("/boundary?model=from-elsewhere&format=png").status_code == 200
    assert server.get("/models/linear/versions/1").json()["engine"] == "litert"


def test_all_models_are_those_that_take_as_many_numbers_a_point(with_foreign: AppServer) -> None:
    def answering(point: list[float]) -> list[str]:
        answer = with_foreign.predict(points=[point], models="all")
        assert answer.status_code == 200, answer.text
        return [prediction["model"] for prediction in answer.json()["predictions"]]

    assert answering([0, 0]) == ["from-elsewhere", "linear", "stale", "tanh-10-10"]
    assert answering([0, 0, 0]) == ["of-three"]
    refused = with_foreign.predict(points=[[0, 0, 0, 0]], models="all")
    assert (refused.status_code, "not 4" in refused.json()["detail"]) == (422, True)


def test_a_stale_compiled_form_is_left_for_the_saved_model(with_foreign: AppServer) -> None:
    assert with_foreign.get("/models/stale/versions/1").json()["engine"] == "tensorflow"


def test_where_tensorflow_cannot_be_imported_only_what_needs_it_fails(own: Server) -> None:
    (version,) = own.get("/models/without-extras").json()["versions"]
    reason = "there is no compiled form: this needs TensorFlow, which cannot be imported here"
    assert version == {"version": 1, "state": "FAILED", "reason": reason}
    assert own.predict(points=[[0, 0]], model="tanh-10-10").status_code == 200


def test_a_replicate_that_diverged_cannot_be_asked_and_is_left_out_of_statistics(own: Server, server: Server) -> None:
    answer = own.get("/boundary?model=linear&replicate=5&resolution=2")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["replicate"])
    assert "replicate 5 of model linear diverged" in answer.json()["detail"]
    path = "/boundary?model=linear&statistic=mean&resolution=5"
    without, run, every = (
        np.array(asked.get(path).json()["probabilities"])
        for asked, path in ((own, path), (server, path.replace("statistic=mean", "replicate=5")), (server, path))
    )
    assert np.abs(without - (30 * every - run) / 29).max() < 1e-6
    titles = [pixels(asked.get(path + "&format=png").content)[:30] for asked in (own, server)]
    assert titles[0].min() < 0.5  # there is one
    assert (titles[0] != titles[1]).any()  # mean of 29 runs, not of 30
    alone = own.get("/boundary?statistic=std&resolution=2")
    assert (alone.status_code, "has 30 replicates, of which all but one diverged" in alone.text) == (422, True)


def test_a_cards_history_is_left_out_where_it_is_not_wanted(server: Server) -> None:
    whole, short = (server.get(f"/models/tanh-3/versions/1?history={wanted}").json() for wanted in ("true", "false"))
    assert len(whole["card"]["history"]["loss"]) > 100
    assert short == {**whole, "card": {**whole["card"], "history": None}}
