"""The client against a real service: NumPy arrays in, NumPy arrays out, and errors by their kind."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client import BoundaryClient, BoundaryParams, InvalidError, NotFoundError, ProblemError, TooLargeError
from tests.conftest import MODELS, ROOT, Server

POINTS = [[0.1, 0.2], [0.9, -0.4], [-1.5, 1.5]]


@pytest.fixture
def client(server: Server) -> Iterator[BoundaryClient]:
    with BoundaryClient(server.url) as opened:
        yield opened


def test_points_become_probabilities_and_labels(client: BoundaryClient) -> None:
    prediction = client.predict(POINTS)
    assert (prediction.model, prediction.version) == ("tanh-10-10", 1)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.shape == (3,)
    assert prediction.labels.dtype == np.int64
    assert prediction.labels.tolist() == [0, 1, 1]


def test_the_numbers_are_the_services_to_the_last_bit(client: BoundaryClient, server: Server) -> None:
    points = np.random.default_rng(7).uniform(-1.5, 1.5, (500, 2)).astype(np.float32)
    raw = server.predict(points=points.tolist(), model="relu-3").json()["probabilities"]
    assert np.array_equal(client.predict(points, "relu-3").probabilities, np.array(raw, np.float32))


def test_version_and_threshold_are_passed_on(client: BoundaryClient) -> None:
    assert client.predict(POINTS, "tanh-3", version=1, threshold=0).labels.tolist() == [1, 1, 1]
    with pytest.raises(NotFoundError, match="no version 99"):
        client.predict(POINTS, "tanh-3", version=99)


def test_predictions_of_several_models_are_by_name_in_the_given_order(client: BoundaryClient) -> None:
    predictions = client.predict_many(POINTS, ["tanh-3", "linear"])
    assert list(predictions) == ["tanh-3", "linear"]
    assert np.array_equal(predictions["linear"].probabilities, client.predict(POINTS, "linear").probabilities)
    assert set(client.predict_many(POINTS)) == set(MODELS)
    assert all(sum(prediction.labels) == 3 for prediction in client.predict_many(POINTS, threshold=0).values())


def test_a_boundary_is_a_grid_with_its_coordinates(client: BoundaryClient) -> None:
    grid = client.boundary("tanh-10", 1, x_min=-1, x_max=0.5, y_min=-0.25, y_max=2, resolution=30)
    assert (grid.model, grid.version, grid.features) == ("tanh-10", 1, ("x1", "x2"))
    assert np.array_equal(grid.x, np.linspace(-1, 0.5, 30))
    assert np.array_equal(grid.y, np.linspace(-0.25, 2, 30))
    assert grid.values.dtype == np.float32
    assert grid.values.shape == (30, 30)
    row, column = 3, 21
    node = client.predict([[grid.x[column], grid.y[row]]], "tanh-10")
    assert grid.values[row, column] == pytest.approx(node.probabilities[0], abs=1e-6)


def test_a_boundary_has_the_values_of_the_npy_file_bit_for_bit(client: BoundaryClient, server: Server) -> None:
    file = server.get("/boundary", headers={"Accept": "application/x-npy"}).content
    assert np.array_equal(client.boundary().values, np.load(io.BytesIO(file), allow_pickle=False))


BOUNDARY_PARAMS: list[tuple[BoundaryParams, bool]] = [
    ({"replicate": 3}, True),
    ({"epoch": 0}, True),
    ({"replicate": 3, "epoch": 10}, True),
    ({"statistic": "mean"}, True),
    ({"statistic": "mean", "epoch": 10}, True),
    ({"statistic": "std"}, False),
    ({"statistic": "agreement"}, False),
    ({"minus": "linear"}, False),
    ({"minus": "linear", "statistic": "mean"}, False),
    ({"minus": "relu-10", "replicate": 3, "epoch": 0}, False),
    ({"layer": 2, "unit": 7}, False),
    ({"layer": 1, "unit": 2, "replicate": 3, "epoch": 0}, False),
]


@pytest.mark.parametrize(("params", "are_probabilities"), BOUNDARY_PARAMS)
def test_every_parameter_reaches_the_service_and_its_values_come_back(
    client: BoundaryClient, server: Server, params: BoundaryParams, are_probabilities: bool
) -> None:
    query: BoundaryParams = {**params, "resolution": 5}
    raw = server.get("/boundary", params=query).json()
    grid = client.boundary(**query)
    assert grid.to_document() == raw
    assert ("probabilities" in raw, grid.are_probabilities) == (are_probabilities, are_probabilities)
    assert np.array_equal(grid.values, np.array(raw.get("probabilities", raw.get("values")), np.float32))
    assert not np.array_equal(grid.values, client.boundary(resolution=5).values)
    assert (grid.epoch, grid.replicate) == (raw["epoch"], raw["replicate"])
    assert grid.statistic == params.get("statistic", "probability")
    assert (grid.replicate is None) == ("statistic" in params)
    assert (grid.minus, grid.layer, grid.unit) == (params.get("minus"), params.get("layer"), params.get("unit"))
    picture = server.get("/boundary", params={**query, "width": 300, "format": "png"}).content
    assert client.picture(width=300, **query) == picture


def test_an_unknown_parameter_never_leaves_the_client() -> None:
    with BoundaryClient("http://127.0.0.1:1") as client:
        with pytest.raises(TypeError, match="unexpected keyword arguments: seed"):
            client.boundary(seed=3)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword arguments: format"):
            client.picture(format="png")  # type: ignore[call-arg]


BOUNDS = st.tuples(*[st.floats(-1e4, 1e4)] * 2).filter(lambda ends: np.float32(ends[0]) < np.float32(ends[1]))


@given(x=BOUNDS, y=BOUNDS, resolution=st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_a_grid_that_came_as_npy_is_the_json_to_the_last_bit(
    server: Server, x: tuple[float, float], y: tuple[float, float], resolution: int
) -> None:
    query: BoundaryParams = {"x_min": x[0], "x_max": x[1], "y_min": y[0], "y_max": y[1], "resolution": resolution}
    with BoundaryClient(server.url) as client:
        assert client.boundary(**query).to_document() == server.get("/boundary", params=query).json()


def test_a_comparison_is_also_a_table_and_a_picture(client: BoundaryClient, server: Server) -> None:
    assert client.comparison_table().encode() == server.get("/comparison?format=csv").content
    markdown = client.comparison_table("gaussian-quantiles", "markdown")
    assert markdown.encode() == server.get("/comparison?format=markdown").content
    assert client.comparison_picture() == server.get("/comparison?format=png").content
    narrow = client.comparison_picture("gaussian-quantiles", width=321)
    assert (narrow[:4], int.from_bytes(narrow[16:20], "big")) == (b"\x89PNG", 321)


def test_a_picture_is_a_png_of_the_given_width(client: BoundaryClient) -> None:
    picture = client.picture("linear", x_min=-1, resolution=20, width=321)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(picture[16:20], "big") == 321


def test_comparison_models_and_dataset_are_those_of_the_service(client: BoundaryClient, server: Server) -> None:
    comparison = client.comparison()
    assert comparison.document == server.get("/comparison").json()
    assert comparison == client.comparison("gaussian-quantiles")
    assert client.models() == server.get("/models").json()
    assert client.model("tanh-3") == server.get("/models/tanh-3").json()
    assert client.model("tanh-3", 1) == server.get("/models/tanh-3/versions/1").json()
    data, raw = client.dataset(), server.get("/dataset").json()
    assert (data.experiment, data.features) == ("gaussian-quantiles", ("x1", "x2"))
    assert data.points.dtype == np.float32
    assert data.points.shape == (len(raw["labels"]), 2)
    assert data.true_boundary is not None
    assert data.true_boundary.center == (0, 0)
    assert data.true_boundary.radius == raw["true_boundary"]["radius"]
    assert data.to_document() == raw


def test_invalid_values_are_an_error_that_names_the_field_and_the_request(client: BoundaryClient) -> None:
    with pytest.raises(InvalidError, match="point 1 has no value of x1") as caught:
        client.predict([[0.0, 0.0], [np.nan, 0.0]])
    error = caught.value
    assert error.status == 422
    assert list(error.errors) == ["points"]
    assert error.detail.startswith("points: ")
    assert error.request_id


@pytest.mark.parametrize(
    ("ask", "kind", "status"),
    [
        (lambda client: client.predict(POINTS, "nope"), NotFoundError, 404),
        (lambda client: client.predict_many(POINTS, ["nope"]), NotFoundError, 404),
        (lambda client: client.predict_many(POINTS, []), InvalidError, 422),
        (lambda client: client.predict([]), InvalidError, 422),
        (lambda client: client.predict([0.1, 0.2]), InvalidError, 422),
        (lambda client: client.boundary("linear", 99), NotFoundError, 404),
        (lambda client: client.picture("linear", 99), NotFoundError, 404),
        (lambda client: client.picture(y_min=3), InvalidError, 422),
        (lambda client: client.boundary(x_min=3), InvalidError, 422),
        (lambda client: client.boundary(resolution=2001), TooLargeError, 413),
        (lambda client: client.predict(np.zeros((100_001, 2))), TooLargeError, 413),
        (lambda client: client.picture(width=1), InvalidError, 422),
        (lambda client: client.boundary(replicate=99), InvalidError, 422),
        (lambda client: client.boundary(epoch=17), InvalidError, 422),
        (lambda client: client.boundary(statistic="median"), InvalidError, 422),
        (lambda client: client.boundary(statistic="std", replicate=1), InvalidError, 422),
        (lambda client: client.boundary(minus="nope"), NotFoundError, 404),
        (lambda client: client.boundary(layer=3, unit=1), InvalidError, 422),
        (lambda client: client.boundary(layer=1), InvalidError, 422),
        (lambda client: client.picture("linear", layer=1, unit=1), InvalidError, 422),
        (lambda client: client.comparison_picture("nope"), NotFoundError, 404),
        (lambda client: client.comparison_picture(width=1), InvalidError, 422),
        (lambda client: client.comparison_table("nope"), NotFoundError, 404),
        (lambda client: client.comparison("nope"), NotFoundError, 404),
        (lambda client: client.dataset("nope"), NotFoundError, 404),
        (lambda client: client.model("nope"), NotFoundError, 404),
        (lambda client: client.model("../health/live"), NotFoundError, 404),
        (lambda client: client.model("tanh-3", 99), NotFoundError, 404),
    ],
)
def test_a_problem_is_an_error_of_its_kind(
    client: BoundaryClient, ask: Callable[[BoundaryClient], object], kind: type[ProblemError], status: int
) -> None:
    with pytest.raises(kind) as caught:
        ask(client)
    assert caught.value.status == status
    assert "\n" not in str(caught.value)


def test_ragged_points_never_leave_the_client() -> None:
    with BoundaryClient("http://127.0.0.1:1") as client, pytest.raises(ValueError, match="inhomogeneous"):
        client.predict([[0, 0], [1]])


def test_the_client_imports_nothing_of_the_service() -> None:
    code = "import client.cli, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT))
    assert "requests" in loaded
    assert not {"flask", "tensorflow", "service", "training", "marshmallow", "matplotlib", "sklearn"} & set(loaded)
