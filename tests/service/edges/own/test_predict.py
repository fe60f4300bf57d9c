"""`POST /predict`, asked over a socket."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import MODELS, Server

POINTS = [[0.1, 0.2], [0.9, -0.4], [-1.5, 1.5]]


def test_the_default_model_answers_with_probabilities_and_labels(server: Server) -> None:
    answer = server.predict(points=POINTS)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert list(body) == ["model", "version", "probabilities", "labels"]
    assert (body["model"], body["version"]) == ("tanh-10-10", 1)
    assert all(0 <= p <= 1 for p in body["probabilities"])
    assert body["labels"] == [0, 1, 1]  # inside the circle, outside, far outside


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_those_of_the_saved_model_in_tensorflow(server: Server, models_dir: Path, name: str) -> None:
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (5000, 2)).astype(np.float32)
    signature = tf.saved_model.load(str(models_dir / name / "1")).signatures["serving_default"]
    expected = signature(points=tf.constant(points))["probabilities"].numpy()
    answered = server.predict(points=points.tolist(), model=name).json()["probabilities"]
    apart = np.abs(np.array(answered) - expected)
    assert np.mean(apart <= 1e-6) >= 0.999
    assert apart.max() <= 2e-6  # float32 leaves a few points in 100,000 further apart: docs/decisions/0004-precision.md


@pytest.mark.parametrize("n", [1, 63, 64, 65, 512, 513, 1023, 1024, 1025, 1500, 4096, 4097, 5200])
def test_the_same_point_has_the_same_probability_wherever_it_stands_in_a_request(server: Server, n: int) -> None:
    points = np.random.default_rng(n).uniform(-1.5, 1.5, (n, 2)).round(3).tolist()
    together = server.predict(points=points).json()["probabilities"]
    assert len(together) == n
    for i in {0, n // 2, n - 1}:
        alone = server.predict(points=[points[i]]).json()["probabilities"][0]
        assert together[i] == pytest.approx(alone, abs=2e-7)


def test_a_model_and_a_version_can_be_named(server: Server) -> None:
    body = server.predict(points=POINTS, model="linear", version=1).json()
    assert (body["model"], body["version"]) == ("linear", 1)


def test_several_models_answer_in_the_order_asked(server: Server) -> None:
    body = server.predict(points=POINTS, models=["tanh-3", "linear"]).json()
    assert [p["model"] for p in body["predictions"]] == ["tanh-3", "linear"]
    for prediction in body["predictions"]:
        assert prediction == server.predict(points=POINTS, model=prediction["model"]).json()


def test_all_models_answer_at_once(server: Server) -> None:
    body = server.predict(points=POINTS, models="all").json()
    assert sorted(p["model"] for p in body["predictions"]) == sorted(MODELS)


def test_a_label_is_1_from_the_threshold_on(server: Server) -> None:
    probability = server.predict(points=[[0.35, 0.1]]).json()["probabilities"][0]
    assert server.predict(points=[[0.35, 0.1]], threshold=probability - 1e-6).json()["labels"] == [1]
    assert server.predict(points=[[0.35, 0.1]], threshold=probability + 1e-6).json()["labels"] == [0]


def test_served_labels_have_the_accuracy_on_the_card(server: Server) -> None:
    dataset = server.get("/dataset").json()
    test = [i for i, part in enumerate(dataset["split"]) if part == "test"]
    labels = np.array(dataset["labels"])[test]
    for name in MODELS:
        answered = server.predict(points=[dataset["points"][i] for i in test], model=name).json()["labels"]
        card = server.get(f"/models/{name}").json()["card"]
        assert (np.array(answered) == labels).mean() == pytest.approx(card["metrics"]["accuracy"], abs=1e-12)
