"""`GET /comparison` and `GET /dataset`, asked over a socket."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.datasets import make_gaussian_quantiles

from bundle.layout import COMPARISON, EXPERIMENTS
from harness import bundles
from harness.app_server import AppServer, serving_app
from tests.conftest import MODELS, Server
from tests.service.edges.own.test_boundary import pixels
from tests.service.test_observability import value


def test_the_comparison_has_the_models_in_the_experiments_order_and_every_pair_once(server: Server) -> None:
    body = server.get("/comparison").json()
    assert list(body) == ["experiment", "dataset", "protocol", "models", "pairs", "failed", "recipe"]
    assert [result["model"] for result in body["models"]] == list(MODELS)
    pairs = [(pair["a"], pair["b"]) for pair in body["pairs"]]
    assert pairs == [(a, b) for i, a in enumerate(MODELS) for b in MODELS[i + 1 :]]


def test_the_notebooks_numbers_stand_beside_ours(server: Server) -> None:
    results = {result["model"]: result for result in server.get("/comparison").json()["models"]}
    notebook = {name: result["notebook_accuracy"] for name, result in results.items()}
    assert notebook == {
        "linear": 0.518,
        "tanh-3": 0.768,
        "tanh-10": 0.970,
        "tanh-10-10": 0.991,
        "relu-3": None,
        "relu-10": None,
        "relu-10-10": None,
    }
    assert [result["parameters"] for result in results.values()] == [3, 13, 41, 151, 13, 41, 151]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("linear", 0.40, 0.62),
        ("tanh-3", 0.70, 1),
        ("tanh-10", 0.93, 1),
        ("relu-10", 0.93, 1),
        ("tanh-10-10", 0.975, 1),
        ("relu-10-10", 0.975, 1),
    ],
)
def test_each_architecture_is_as_good_as_it_should_be(server: Server, name: str, low: float, high: float) -> None:
    results = {result["model"]: result for result in server.get("/comparison").json()["models"]}
    assert low <= results[name]["served"]["accuracy"] <= high


def test_the_served_replicate_is_the_first_of_the_values(server: Server) -> None:
    for result in server.get("/comparison").json()["models"]:
        assert result["served"]["accuracy"] == pytest.approx(result["accuracy"]["values"][0], abs=1e-12)
        (tn, fp), (fn, tp) = result["served"]["confusion_matrix"]
        assert tn + fp + fn + tp == 600
        assert (tn + tp) / 600 == pytest.approx(result["served"]["accuracy"], abs=1e-12)


def test_csv_and_markdown_hold_the_same_table(server: Server) -> None:
    results = server.get("/comparison").json()["models"]
    answer = server.get("/comparison", headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["model"] for row in rows] == [result["model"] for result in results]
    assert [float(row["accuracy_mean"]) for row in rows] == [result["accuracy"]["mean"] for result in results]
    markdown = server.get("/comparison?format=markdown")
    assert markdown.headers["Content-Type"].startswith("text/markdown")
    lines = markdown.text.splitlines()
    assert len(lines) == 2 + len(results)
    assert f"| {results[0]['accuracy']['mean']:.3f} |" in lines[2]


def test_the_data_are_the_notebooks(server: Server) -> None:
    points, labels = make_gaussian_quantiles(n_samples=2000, n_features=2, n_classes=2, random_state=3, cov=0.1)
    body = server.get("/dataset").json()
    assert body["features"] == ["x1", "x2"]
    assert np.array_equal(np.array(body["points"], np.float32), points.astype(np.float32))
    assert body["labels"] == labels.tolist()
    counts = {part: body["split"].count(part) for part in ("train", "validation", "test")}
    assert counts == {"train": 1120, "validation": 280, "test": 600}


def test_the_data_as_csv_are_the_same(server: Server) -> None:
    body = server.get("/dataset").json()
    rows = list(csv.DictReader(io.StringIO(server.get("/dataset", headers={"Accept": "text/csv"}).text)))
    assert [[float(row["x1"]), float(row["x2"])] for row in rows] == body["points"]
    assert [int(row["label"]) for row in rows] == body["labels"]
    assert [row["split"] for row in rows] == body["split"]


@pytest.mark.parametrize("path", ["/comparison", "/dataset", "/models", "/models/linear", "/openapi.json"])
def test_what_the_client_has_is_not_sent_again(server: Server, path: str) -> None:
    etag = server.get(path).headers["ETag"]
    again = server.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_other_representations_are_406(server: Server) -> None:
    assert server.get("/comparison", headers={"Accept": "application/pdf"}).status_code == 406
    assert server.get("/dataset", headers={"Accept": "text/markdown"}).status_code == 406


@pytest.mark.parametrize(
    ("name", "low", "high"), [("tanh-10-10", 0.985, 1), ("tanh-10", 0.97, 1), ("tanh-3", 0.8, 0.9)]
)
def test_the_mean_over_runs_is_where_it_should_be(server: Server, name: str, low: float, high: float) -> None:
    results = {result["model"]: result for result in server.get("/comparison").json()["models"]}
    assert len(results[name]["accuracy"]["values"]) == results[name]["replicates"] == 30
    assert low <= results[name]["accuracy"]["mean"] <= high


def test_the_notebooks_number_for_three_units_lies_within_our_range(server: Server) -> None:
    results = {result["model"]: result for result in server.get("/comparison").json()["models"]}
    assert results["tanh-3"]["accuracy"]["min"] < 0.768 < results["tanh-3"]["accuracy"]["max"]


def test_no_linear_run_is_better_than_the_best_straight_line(server: Server) -> None:
    linear = server.get("/comparison").json()["models"][0]
    assert 0.45 <= linear["accuracy"]["mean"] <= 0.56
    assert linear["population_accuracy"]["max"] <= 0.633


def test_exact_accuracy_is_near_what_test_data_say(server: Server) -> None:
    """A test set of 600 has a standard error of at most 0.0204 a run."""
    for result in server.get("/comparison").json()["models"]:
        tested, exact = (np.array(result[key]["values"]) for key in ("accuracy", "population_accuracy"))
        assert np.abs(tested - exact).max() < 4 * 0.0204
        assert tested.mean() == pytest.approx(exact.mean(), abs=4 * 0.0204 / np.sqrt(30))


def test_the_true_boundary_is_told(server: Server) -> None:
    circle = {"center": [0.0, 0.0], "radius": pytest.approx(np.sqrt(0.2 * np.log(2)))}
    assert server.get("/dataset").json()["true_boundary"] == circle
    assert server.get("/comparison").json()["dataset"]["true_boundary"] == circle
    card = server.get("/models/linear").json()["card"]
    assert (card["true_boundary"], card["replication"], card["diverged"]) == (circle, "redrawn", [])
    data = server.get("/dataset").json()
    outside = np.linalg.norm(data["points"], axis=1) > data["true_boundary"]["radius"]
    assert np.mean(outside == np.array(data["labels"])) > 0.97  # the sample's median is near the population's


def test_the_comparison_has_a_picture(server: Server) -> None:
    answer = server.get("/comparison?width=640", headers={"Accept": "image/png"})
    assert answer.headers["Content-Type"] == "image/png"
    picture = pixels(answer.content)
    assert picture.shape[1] == 640
    assert marks(picture, RUN) > 100
    assert marks(picture, NOTEBOOK) == 5  # four models, and the legend


RUN, NOTEBOOK = "#8ebedb", "#d6604d"
"""The colours of a training run, which shines through, and of the notebook's."""


def marks(picture: NDArray[np.float32], colour: str) -> int:
    """Return how many separate marks of a colour there are in a picture."""
    _, count = ndimage.label(np.abs(picture - to_rgb(colour)).max(axis=2) < 0.02)
    return int(count)


@pytest.fixture(scope="module")
def own_models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment under other names; two have another number of the notebook's."""
    models = bundles.copy(models_dir, tmp_path_factory.mktemp("own"), "linear", EXPERIMENTS)
    marked: dict[str, dict[int, float | None]] = {"unmarked": {0: None}, "low": {-1: 0.2}, "drawn": {}}
    for name, numbers in marked.items():
        copied = shutil.copytree(models_dir / EXPERIMENTS / "gaussian-quantiles", models / EXPERIMENTS / name)
        comparison = json.loads((copied / COMPARISON).read_text())
        for place, number in numbers.items():
            comparison["models"][place]["notebook_accuracy"] = number
        (copied / COMPARISON).write_text(json.dumps(comparison))
    return models


@pytest.fixture(scope="module")
def own(own_models: Path) -> Iterator[AppServer]:
    with serving_app(own_models, default_model="linear") as started:
        yield started


def test_the_notebooks_mark_is_explained_where_the_first_model_has_none(own: AppServer) -> None:
    picture = pixels(own.get("/comparison?experiment=unmarked&format=png").content)
    assert marks(picture, NOTEBOOK) == 4  # three models, and the legend


def test_no_result_lies_under_the_legend(own: AppServer) -> None:
    picture = pixels(own.get("/comparison?experiment=low&format=png&width=400").content)
    assert marks(picture, NOTEBOOK) == 6  # five models, and the legend


def test_the_comparisons_picture_is_drawn_once_a_worker_and_not_for_who_has_it(
    own: AppServer, own_models: Path
) -> None:
    def looked_up() -> dict[str, float]:
        return {result: value(own, "boundary_cache_total", result=result) for result in ("hit", "miss")}

    path = "/comparison?experiment=drawn&format=png"
    before = looked_up()
    first, again = own.get(path), own.get(path)
    assert first.content == again.content
    etag = first.headers["ETag"]
    assert own.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert looked_up() == {result: count + 1 for result, count in before.items()}
    assert own.get(path + "&width=500").headers["ETag"] != etag
    file = own_models / EXPERIMENTS / "drawn" / COMPARISON
    file.write_text(file.read_text().replace('"experiment": "gaussian-quantiles"', '"experiment": "trained-again"'))
    changed = own.get(path, headers={"If-None-Match": etag})
    assert (changed.status_code, changed.content == first.content) == (200, False)
