"""`GET /boundary` beyond the served model: any run, any epoch, statistics, differences and hidden units.

What is expected comes from TensorFlow opening the SavedModel.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from matplotlib import colormaps
from numpy.typing import NDArray

from tests.conftest import Server
from tests.service.edges.own.test_boundary import pixels

N = 25
AXIS = np.linspace(-1.5, 1.5, N)
NODES = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2).astype(np.float32)
CLOSE = 5e-6  # float32 against float64 in the steepest of the runs
Ask = Callable[..., NDArray[np.float32]]


@pytest.fixture(scope="module")
def saved_model(models_dir: Path) -> Callable[[str], Any]:
    loaded: dict[str, Any] = {}

    def signatures(name: str) -> Any:
        if name not in loaded:
            loaded[name] = tf.saved_model.load(str(models_dir / name / "1"))
        return loaded[name].signatures

    return signatures


def at(signatures: Any, replicate: int, snapshot: int, signature: str = "at") -> dict[str, NDArray[np.float32]]:
    index = {"replicate": tf.constant(replicate), "snapshot": tf.constant(snapshot)}
    return {key: value.numpy() for key, value in signatures[signature](points=NODES, **index).items()}


def ask(server: Server, key: str = "values", **query: Any) -> NDArray[np.float32]:
    answer = server.get("/boundary", params={"resolution": N, **query})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert ("values" in body, "probabilities" in body) == (key == "values", key == "probabilities")
    return np.array(body[key], np.float32).reshape(-1)


@pytest.mark.parametrize("name", ["tanh-10-10", "relu-3", "linear"])
@pytest.mark.parametrize(("replicate", "position"), [(0, 0), (0, -1), (7, 3), (29, -1), (29, 0)])
def test_any_run_after_any_recorded_epoch(
    server: Server, saved_model: Callable[[str], Any], name: str, replicate: int, position: int
) -> None:
    epochs = server.get(f"/models/{name}").json()["card"]["epochs"]
    ours = ask(server, "probabilities", model=name, replicate=replicate, epoch=epochs[position])
    theirs = at(saved_model(name), replicate, range(len(epochs))[position])["probabilities"]
    assert np.abs(ours - theirs).max() < CLOSE


def test_the_answer_says_which_run_and_epoch_it_is(server: Server) -> None:
    body = server.get("/boundary?resolution=2&replicate=4&epoch=0").json()
    assert (body["replicate"], body["epoch"], body["statistic"]) == (4, 0, "probability")


def test_the_last_epoch_of_the_served_run_is_what_predict_answers_with(server: Server) -> None:
    ours = ask(server, "probabilities", model="tanh-10", replicate=0, epoch=500)
    predicted = server.predict(points=NODES.tolist(), model="tanh-10").json()["probabilities"]
    assert np.abs(ours - np.array(predicted, np.float32)).max() <= 1e-6


@pytest.mark.parametrize("name", ["tanh-3", "tanh-10-10"])
def test_statistics_are_over_all_runs(server: Server, saved_model: Callable[[str], Any], name: str) -> None:
    runs = saved_model(name)["replicates"](points=NODES)["probabilities"].numpy().T
    assert runs.shape == (30, N * N)
    assert np.abs(ask(server, "probabilities", model=name, statistic="mean") - runs.mean(axis=0)).max() < CLOSE
    assert np.abs(ask(server, model=name, statistic="std") - runs.std(axis=0, ddof=1)).max() < CLOSE
    share = (runs >= 0.5).mean(axis=0)
    assert np.abs(ask(server, model=name, statistic="agreement") - np.maximum(share, 1 - share)).max() < 1e-6


def test_statistics_can_be_of_an_earlier_epoch(server: Server, saved_model: Callable[[str], Any]) -> None:
    runs = np.stack([at(saved_model("tanh-3"), r, 1)["probabilities"] for r in range(30)])
    ours = ask(server, "probabilities", model="tanh-3", statistic="mean", epoch=1)
    assert np.abs(ours - runs.mean(axis=0)).max() < CLOSE


@pytest.mark.parametrize("query", [{}, {"replicate": 5}, {"epoch": 3}, {"statistic": "mean"}])
def test_a_difference_is_of_the_same_question_to_both_models(server: Server, query: dict[str, Any]) -> None:
    difference = ask(server, model="tanh-10", minus="relu-3", **query)
    ours, theirs = (ask(server, "probabilities", model=name, **query) for name in ("tanh-10", "relu-3"))
    assert np.abs(difference - (ours - theirs)).max() < 1e-6
    assert np.ptp(difference) > 1e-3


@pytest.mark.parametrize(("layer", "unit"), [(1, 1), (1, 10), (2, 3)])
def test_a_hidden_units_activation(server: Server, saved_model: Callable[[str], Any], layer: int, unit: int) -> None:
    for replicate, epoch, snapshot in ((0, 500, 60), (3, 2, 2)):
        query: dict[str, Any] = {
            "model": "tanh-10-10",
            "layer": layer,
            "unit": unit,
            "replicate": replicate,
            "epoch": epoch,
        }
        theirs = at(saved_model("tanh-10-10"), replicate, snapshot, "activations")[f"layer_{layer}"][:, unit - 1]
        assert np.abs(ask(server, **query) - theirs).max() < CLOSE


def test_each_question_has_a_tag_of_its_own(server: Server) -> None:
    queries = [
        *("", "replicate=1", "epoch=1", "statistic=mean", "statistic=std", "minus=linear"),
        *("layer=1&unit=1", "layer=1&unit=2", "layer=2&unit=1"),
    ]
    tags = {server.get(f"/boundary?resolution=3&{query}").headers["ETag"] for query in queries}
    assert len(tags) == len(queries)
    same = {server.get(f"/boundary?resolution=3&{query}").headers["ETag"] for query in ("", "replicate=0", "epoch=500")}
    assert len(same) == 1


def test_a_difference_may_change_although_a_version_is_named(server: Server) -> None:
    """The version is the model's; the newest version of the other one answers."""
    answer = server.get("/boundary?resolution=3&version=1&minus=linear")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("query", "colours", "bands"),
    [
        ("", "RdBu_r", 10),
        ("statistic=std", "viridis", 15),
        ("statistic=agreement", "viridis", 10),
        ("minus=linear", "RdBu_r", 20),
        ("layer=1&unit=1", "RdBu_r", 20),
    ],
)
def test_every_question_has_a_picture_in_its_colours(server: Server, query: str, colours: str, bands: int) -> None:
    answer = server.get(f"/boundary?{query}&resolution=50&format=png&width=400")
    assert answer.headers["Content-Type"] == "image/png"
    picture = pixels(answer.content)
    assert picture.shape[1] == 400
    palette = colormaps[colours]((np.arange(bands) + 0.5) / bands)[:, :3]
    shares = [(np.abs(picture - colour).max(axis=2) < 0.01).mean() for colour in palette]
    assert sum(shares) > 0.2  # of the whole picture, with its margins
    assert min(shares) > 0.0005  # each band is in the colour bar, at least


def test_a_picture_is_of_the_epoch_and_the_run_that_were_asked_for(server: Server) -> None:
    answers = [
        server.get(f"/boundary?resolution=20&format=png&width=200&{query}") for query in ("", "epoch=0", "replicate=1")
    ]
    lower = [pixels(answer.content)[40:].tobytes() for answer in answers]  # without the title, which says so too
    assert len(set(lower)) == 3


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("replicate=30", "replicate", "has replicates 0 to 29, not 30"),
        ("replicate=-1", "replicate", "greater than or equal to 0"),
        ("epoch=17", "epoch", "recorded epochs: 0, 1, 2, 3"),
        ("epoch=-1", "epoch", "greater than or equal to 0"),
        ("epoch=100&model=linear", "epoch", "19, 20."),
        ("epoch=98&minus=linear", "epoch", "was not recorded for model linear"),
        ("statistic=median", "statistic", "probability, mean, std, agreement"),
        ("statistic=mean&replicate=1", "replicate", "one training run"),
        ("minus=linear&statistic=std", "minus", "only with probability or mean"),
        ("layer=1", "unit", "both or neither"),
        ("unit=1", "unit", "both or neither"),
        ("layer=3&unit=1", "layer", "has hidden layers 1 to 2"),
        ("layer=1&unit=11", "unit", "has units 1 to 10, not 11"),
        ("layer=0&unit=1", "layer", "greater than or equal to 1"),
        ("model=linear&layer=1&unit=1", "layer", "no hidden layers"),
        ("layer=1&unit=1&minus=linear", "layer", "cannot be combined"),
        ("layer=1&unit=1&statistic=mean", "layer", "cannot be combined"),
    ],
)
def test_what_cannot_be_asked_is_422_and_says_what_can(server: Server, query: str, field: str, words: str) -> None:
    answer = server.get(f"/boundary?{query}")
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]
    assert words in answer.json()["detail"]


def test_minus_an_unknown_model_is_404(server: Server) -> None:
    assert server.get("/boundary?minus=nothing").status_code == 404
