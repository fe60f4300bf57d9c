"""The client with models of several classes, of classes with names, and regressions."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import trimesh
from click.testing import CliRunner
from matplotlib.collections import QuadMesh
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.inspection import DecisionBoundaryDisplay, partial_dependence
from sklearn.metrics import accuracy_score, get_scorer, log_loss, r2_score
from sklearn.model_selection import cross_val_score
from sklearn.utils.validation import check_is_fitted

from client import BoundaryClient, InvalidError, RemoteClassifier, RemoteRegressor
from client.cli import main
from tests.conftest import Server

SPECIES = ["setosa", "versicolor", "virginica"]


@pytest.fixture(scope="module")
def client(kinds_server: Server) -> Iterator[BoundaryClient]:
    with BoundaryClient(kinds_server.url) as opened, mpl.rc_context({"backend": "agg"}):
        yield opened


def run(server: Server, *arguments: str) -> str:
    result = CliRunner().invoke(main, ["--url", server.url, *arguments], terminal_width=200)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("model", "point"), [("flowers", [1, 2]), ("prices", [30, 4, 1, 0.5]), ("survival", [30, 14, 2])]
)
def test_a_prediction_says_what_the_service_says(
    client: BoundaryClient, kinds_server: Server, model: str, point: list[float]
) -> None:
    assert client.predict([point], model).to_document() == kinds_server.predict(points=[point], model=model).json()


def test_a_prediction_has_class_names_for_labels(client: BoundaryClient) -> None:
    flowers = client.predict([[1, 2], [7, 0]], "flowers")
    assert (flowers.classes, flowers.probabilities.shape) == (tuple(SPECIES), (2, 3))
    assert flowers.labels.tolist() == [SPECIES[i] for i in flowers.probabilities.argmax(axis=1)]
    assert client.predict([[1, 2, 0]], "survival").labels.tolist()[0] in ("no", "yes")
    assert client.predict([[0, 0, 0]], "round").labels.tolist() == [0]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        (",14,Southampton", [None, 14, "Southampton"]),
        ("30,,", [30, None, None]),
        ('30,14,"Queenstown, IE"', [30, 14, "Queenstown, IE"]),
    ],
)
def test_a_point_on_the_command_line_may_lack_values_and_quote_names(
    kinds_server: Server, text: str, point: list[object]
) -> None:
    printed = json.loads(run(kinds_server, "predict", text, "--model", "survival", "--json"))
    assert printed == kinds_server.predict(points=[point], model="survival").json()


def test_points_may_name_categories_and_lack_values(client: BoundaryClient) -> None:
    frame = pd.DataFrame({"age": [30.0, np.nan], "fare": [14, 20], "port": ["Cherbourg", "Southampton"]})
    right = client.predict([[30, 14, 0], [30, 20, 2]], "survival").probabilities
    rows: list[list[float | str | None]] = [[30, 14, "Cherbourg"], [None, 20, "Southampton"]]
    every: list[Any] = [frame, frame.to_numpy(), rows]
    for points in every:
        assert np.array_equal(client.predict(points, "survival").probabilities, right)
    with pytest.raises(InvalidError, match="Queenstown"):
        client.predict([[30, 14, "1"]], "survival")  # a text is a category, not a number
    with pytest.raises(InvalidError, match="has no value of x1"):
        client.predict([[np.nan, 0, 0]], "round")


@pytest.mark.parametrize(
    "params",
    [
        {"model": "flowers"},
        {"model": "flowers", "class_": "virginica"},
        {"model": "prices", "x": "age", "hold": {"rooms": 3, "a:b, c": -0.5}},
        {"model": "prices", "average": "data", "statistic": "std"},
        {"model": "survival", "y": "port", "hold": "row:2"},
        {"model": "survival", "hold": {"port": "Queenstown, IE"}},
        {"model": "prices", "minus": "prices-linear"},
    ],
)
def test_a_boundary_says_what_the_json_says(client: BoundaryClient, kinds_server: Server, params: Any) -> None:
    boundary = client.boundary(**params, resolution=5)
    hold = params.get("hold")
    if isinstance(hold, dict):
        hold = ",".join(f"{name}:{value}" for name, value in hold.items())
    query = {"class" if name == "class_" else name: value for name, value in params.items()} | {"hold": hold}
    assert boundary.to_document() == kinds_server.get("/boundary", params={**query, "resolution": 5}).json()


def test_a_boundary_of_several_classes_is_drawn_by_their_hues(client: BoundaryClient) -> None:
    boundary = client.boundary("flowers", resolution=30)
    assert (boundary.quantity, boundary.classes) == ("label", tuple(SPECIES))
    assert boundary.labels is not None
    display = boundary.plot()
    assert isinstance(display.surface_, QuadMesh)
    assert display.line_ is not None
    legend = display.ax_.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == SPECIES
    hues = mpl.colormaps["tab10"](range(3))[:, :3]
    colours = np.asarray(display.surface_.get_array())
    aside = np.cross(1 - colours, 1 - hues[boundary.labels])
    assert np.abs(aside).max() < 1e-6


def test_a_slice_is_drawn_over_its_features(client: BoundaryClient) -> None:
    display = client.boundary("prices", x="age", y="area", resolution=9).plot()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel(), display.ax_.get_aspect()) == ("age", "area", "auto")


def test_a_volume_is_in_the_order_z_y_x(client: BoundaryClient) -> None:
    volume = client.volume("prices", x="age", y="area", z="rooms", hold={"a:b, c": 0.25}, resolution=3)
    assert (volume.features, volume.held) == (("age", "area", "rooms"), {"a:b, c": 0.25})
    assert not volume.are_probabilities
    i, j, k = 2, 0, 1
    point = [volume.y[j], volume.z[k], volume.x[i], 0.25]
    assert volume.values[k, j, i] == pytest.approx(client.predict([point], "prices").values[0], rel=1e-5)
    assert "values=<float32 (3, 3, 3)>" in repr(volume)


def test_a_surface_is_a_gltf_file(client: BoundaryClient) -> None:
    scene: Any = trimesh.load(io.BytesIO(client.surface("round", level=0.3, resolution=12)), file_type="glb")
    (mesh,) = scene.geometry.values()
    assert np.abs(client.predict(mesh.vertices, "round").probabilities - 0.3).max() < 0.2


@pytest.mark.parametrize(("experiment", "kind"), [("flowers", "U"), ("prices", "f"), ("survival", "U"), ("round", "i")])
def test_data_of_every_kind_are_what_the_service_says(
    client: BoundaryClient, kinds_server: Server, experiment: str, kind: str
) -> None:
    data = client.dataset(experiment)
    assert data.labels.dtype.kind == kind
    assert data.to_document() == kinds_server.get(f"/dataset?experiment={experiment}").json()
    assert np.isnan(data.points).any() == (experiment == "survival")


def test_a_regressions_comparison_is_a_table_of_r2(client: BoundaryClient) -> None:
    frame = pd.DataFrame(client.comparison("prices")).set_index("model")
    assert frame.loc["prices", "r2_mean"] == pytest.approx(0.775)
    assert frame.loc["prices", "served_rmse"] == 12.5


def test_a_remote_classifier_has_the_classes_of_its_model(client: BoundaryClient) -> None:
    flowers = RemoteClassifier(client, "flowers")
    data = client.dataset("flowers")
    check_is_fitted(flowers)
    assert is_classifier(flowers)
    assert clone(flowers) is flowers
    assert flowers.classes_.tolist() == SPECIES
    probabilities = flowers.predict_proba(data.points)
    assert np.array_equal(flowers.predict(data.points), flowers.classes_[probabilities.argmax(axis=1)])
    assert flowers.score(data.points, data.labels) == accuracy_score(data.labels, flowers.predict(data.points))
    loss = log_loss(data.labels, probabilities, labels=SPECIES)
    assert get_scorer("neg_log_loss")(flowers, data.points, data.labels) == pytest.approx(-loss)
    assert len(cross_val_score(flowers, data.points, data.labels, cv=3)) == 3
    display = DecisionBoundaryDisplay.from_estimator(
        flowers, data.points, grid_resolution=6, class_of_interest="setosa"
    )
    assert display.response.shape == (6, 6)


def test_two_named_classes_are_labels_too(client: BoundaryClient) -> None:
    survival = RemoteClassifier(client, "survival")
    frame = pd.DataFrame({"age": [30.0, None], "fare": [14.0, 20.0], "port": ["Cherbourg", "Southampton"]})
    p = survival.predict_proba(frame)
    assert p.shape == (2, 2)
    assert survival.predict(frame).tolist() == ["yes" if yes >= 0.5 else "no" for yes in p[:, 1]]


def test_a_remote_regressor_scores_as_scikit_learn_does(client: BoundaryClient) -> None:
    prices = RemoteRegressor(client, "prices")
    data = client.dataset("prices")
    check_is_fitted(prices)
    assert is_regressor(prices)
    assert clone(prices) is prices
    assert prices.fit(data.points, data.labels) is prices
    assert prices.feature_names_in_.tolist() == ["area", "rooms", "age", "a:b, c"]
    predicted = prices.predict(data.points)
    assert (predicted.dtype, predicted.shape) == (np.float64, (40,))
    weights = np.arange(40)
    for sample_weight in (None, weights):
        right = r2_score(data.labels, predicted, sample_weight=sample_weight)
        assert prices.score(data.points, data.labels, sample_weight) == pytest.approx(right)
    assert get_scorer("r2")(prices, data.points, data.labels) == pytest.approx(prices.score(data.points, data.labels))
    assert len(cross_val_score(prices, data.points, data.labels, cv=3)) == 3


def test_scikit_learns_partial_dependence_is_the_services(client: BoundaryClient) -> None:
    data = client.dataset("prices")
    ours = client.boundary("prices", x="age", y="rooms", average="data", resolution=4)
    grid = {2: ours.x, 1: ours.y}
    theirs = partial_dependence(
        RemoteRegressor(client, "prices"),
        data.points.astype(np.float64),
        [1, 2],
        custom_values=grid,
        method="brute",
    )
    assert np.allclose(theirs["average"][0], ours.values, rtol=1e-4)


def test_a_model_of_the_other_kind_is_refused(client: BoundaryClient) -> None:
    with pytest.raises(TypeError, match="gives values, not probabilities"):
        RemoteClassifier(client, "prices").predict([[30, 4, 1, 0.5]])
    assert not hasattr(RemoteClassifier(client, "prices"), "classes_")
    with pytest.raises(TypeError, match="gives probabilities, not values"):
        RemoteRegressor(client, "flowers").predict([[1, 2]])


def test_the_command_line_predicts_every_kind(kinds_server: Server) -> None:
    assert "virginica" in run(kinds_server, "predict", "1,2", "--model", "flowers")
    assert "Cherbourg" in run(kinds_server, "predict", "30,14,Cherbourg", "--model", "survival")
    values = json.loads(run(kinds_server, "predict", "30,4,1,0.5", "--model", "prices", "--json"))["values"]
    assert f"{values[0]:.6g}" in run(kinds_server, "predict", "30,4,1,0.5", "--model", "prices")


def test_the_command_line_draws_slices_and_writes_surfaces(kinds_server: Server, tmp_path: Path) -> None:
    options = ["--model", "prices", "--x", "age", "--hold", "rooms:3,a:b, c:0", "--resolution", "5"]
    summed_up = run(kinds_server, "boundary", *options)
    assert "age: 0 to 100, 5 nodes" in summed_up
    assert "rooms = 3, a:b, c = 0" in summed_up
    averaged = run(kinds_server, "boundary", "--model", "prices", "--average", "data", "--resolution", "5")
    assert "40 of 40 points" in averaged
    assert "setosa" in run(kinds_server, "boundary", "--model", "flowers", "--resolution", "5")
    of_class = ["--model", "flowers", "--class", "setosa", "--resolution", "5"]
    assert "P(y = setosa) ≥ 0.5" in run(kinds_server, "boundary", *of_class)
    run(kinds_server, "volume", "--model", "round", "--resolution", "6", "-o", str(tmp_path / "v.npy"))
    assert np.load(tmp_path / "v.npy").shape == (6, 6, 6)
    run(
        kinds_server, "volume", "--model", "round", "--resolution", "6", "--level", "0.3", "-o", str(tmp_path / "v.glb")
    )
    assert (tmp_path / "v.glb").read_bytes()[:4] == b"glTF"
    refused = CliRunner().invoke(main, ["volume", "--level", "1", "-o", "v.npy"])
    assert (refused.exit_code, "--level is of a surface" in refused.output) == (2, True)


def test_the_command_line_counts_labels_and_shows_the_range_of_values(kinds_server: Server) -> None:
    flowers, prices = (run(kinds_server, "dataset", "--experiment", name) for name in ("flowers", "prices"))
    assert all(name in flowers for name in SPECIES)
    assert "lowest" in prices
    assert "R²" in run(kinds_server, "comparison", "--experiment", "prices", "--pairs")
