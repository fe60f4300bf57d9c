"""`GET /boundary`, asked over a socket."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib import colormaps
from numpy.typing import NDArray

from bundle.layout import CARD, EXPERIMENTS
from harness.app_server import AppServer, serving_app
from harness.bundles import change_card, copy, publish
from tests.conftest import MODELS, Server


def pixels(png: bytes) -> NDArray[np.float32]:
    """Return a picture's pixels, float32 [rows, columns, 3] from 0 to 1."""
    picture: NDArray[np.float32] = matplotlib.image.imread(io.BytesIO(png), format="png")[..., :3]
    return picture


@pytest.fixture(scope="module")
def own_models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model `linear` four times: `plain` does not know the true boundary, `named` has another name for a feature,
    and the data of `retrained` may change.
    """
    models = copy(models_dir, tmp_path_factory.mktemp("own") / "models", "linear", EXPERIMENTS)
    published, experiments = models_dir / "linear" / "1", models / EXPERIMENTS
    publish(published, models, "plain", 1, lambda bundle: change_card(bundle, true_boundary=None))
    card = publish(published, models, "named", 1) / CARD
    card.write_text(card.read_text().replace('"x1"', '"Größe\\n€"'))
    publish(published, models, "retrained", 1, lambda bundle: change_card(bundle, experiment="retrained"))
    shutil.copytree(experiments / "gaussian-quantiles", experiments / "retrained")
    return models


@pytest.fixture(scope="module")
def own(own_models: Path) -> Iterator[AppServer]:
    """Them within this process, where one origin's pages are let in."""
    with serving_app(own_models, default_model="linear", cors_origins=("https://one.example",)) as started:
        yield started


def test_the_grid_is_the_cards_domain_with_both_ends(server: Server) -> None:
    body = server.get("/boundary").json()
    assert list(body) == ["model", "version", "epoch", "replicate", "statistic", "x", "y", "probabilities"]
    assert body["x"] == body["y"] == np.linspace(-1.5, 1.5, 300).tolist()
    assert np.shape(body["probabilities"]) == (300, 300)
    assert (body["model"], body["version"], body["epoch"], body["replicate"]) == ("tanh-10-10", 1, 500, 0)
    assert body["statistic"] == "probability"


@pytest.mark.parametrize("name", MODELS)
def test_nodes_have_the_probabilities_of_predict_row_y_column_x(server: Server, name: str) -> None:
    body = server.get(f"/boundary?model={name}&x_min=-1&x_max=0.5&y_min=-0.25&y_max=2&resolution=40").json()
    nodes = [[x, y] for y in body["y"] for x in body["x"]]
    predicted = server.predict(points=nodes, model=name).json()["probabilities"]
    assert np.abs(np.array(predicted).reshape(40, 40) - body["probabilities"]).max() <= 1e-6


def test_npy_json_and_format_give_the_same_numbers(server: Server) -> None:
    path = "/boundary?resolution=77"
    answer = server.get(path, headers={"Accept": "application/x-npy"})
    assert answer.headers["Content-Type"] == "application/x-npy"
    values = np.load(io.BytesIO(answer.content), allow_pickle=False)
    assert (values.dtype, values.shape) == (np.float32, (77, 77))
    assert np.array_equal(values, np.array(server.get(path).json()["probabilities"], np.float32))
    assert server.get(path + "&format=npy").content == answer.content


@pytest.mark.parametrize(
    "query",
    [
        "model=tanh-3&version=1",
        "x_min=-0.1&x_max=0.30000000000000004&y_min=-1e-300&y_max=1e20",
        "statistic=mean",
        "statistic=std",
        "minus=linear",
        "layer=2&unit=7&replicate=3&epoch=10",
    ],
)
def test_an_npy_answer_says_in_a_header_what_the_json_says_beside_the_numbers(server: Server, query: str) -> None:
    path = f"/boundary?resolution=57&{query}"
    document = server.get(path).json()
    fresh, kept = server.get(path + "&format=npy"), server.get(path + "&format=npy")
    unchanged = server.get(path + "&format=npy", headers={"If-None-Match": fresh.headers["ETag"]})
    assert (fresh.status_code, kept.status_code, unchanged.status_code) == (200, 200, 304)
    described = json.loads(fresh.headers["Boundary-Grid"])
    assert {answer.headers["Boundary-Grid"] for answer in (kept, unchanged)} == {fresh.headers["Boundary-Grid"]}
    for axis, feature in (("x", "x1"), ("y", "x2")):
        ends = described.pop(axis)
        assert ends.pop("feature") == feature
        assert np.linspace(ends["min"], ends["max"], ends["nodes"]).tolist() == document.pop(axis)
    document.pop(described.pop("numbers"))
    assert described == document


def test_only_an_npy_answer_has_the_header(server: Server) -> None:
    for kind in ("json", "png"):
        assert "Boundary-Grid" not in server.get(f"/boundary?resolution=5&format={kind}").headers


def test_names_of_features_are_ascii_in_the_header(own: AppServer) -> None:
    """A header is ASCII; a feature may be called anything."""
    header = own.get("/boundary?model=named&resolution=5&format=npy").headers["Boundary-Grid"]
    assert header.isascii()
    assert json.loads(header)["x"]["feature"] == "Größe\n€"


def test_a_page_of_another_origin_may_read_the_header(own: AppServer) -> None:
    answer = own.get("/boundary?resolution=5&format=npy", headers={"Origin": "https://one.example"})
    assert "Boundary-Grid" in answer.headers["Access-Control-Expose-Headers"]


def test_a_large_grid_is_the_same_as_its_parts(server: Server) -> None:
    """2000 nodes an axis are evaluated band by band; no band may be out of place."""
    whole = np.load(io.BytesIO(server.get("/boundary?resolution=2000&format=npy").content))
    assert whole.shape == (2000, 2000)
    nodes = np.linspace(-1.5, 1.5, 2000)
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 2000, (2, 500))
    points = np.stack([nodes[columns], nodes[rows]], axis=1).tolist()
    predicted = server.predict(points=points).json()["probabilities"]
    assert np.abs(whole[rows, columns] - predicted).max() <= 1e-6


def test_the_picture_is_a_png_as_wide_as_asked(server: Server) -> None:
    answer = server.get("/boundary?width=640", headers={"Accept": "image/png"})
    assert answer.headers["Content-Type"] == "image/png"
    picture = pixels(answer.content)
    assert picture.shape[1] == 640
    inside, outside = (np.abs(picture - colormaps["RdBu_r"](band)[:3]).max(axis=2) < 0.01 for band in (0.05, 0.95))
    assert inside.mean() > 0.002  # the lowest probabilities fill the circle, the highest most of the rest
    assert outside.mean() > 0.2
    (rows, columns), (other_rows, other_columns) = (np.nonzero(part[:, :400]) for part in (inside, outside))
    assert other_rows.min() < rows.min() < rows.max() < other_rows.max()
    assert other_columns.min() < columns.min() < columns.max() < other_columns.max()


@pytest.mark.parametrize("span", ["1e-6", "1e-30", "1e-44"])
def test_a_picture_of_next_to_nothing_is_drawn_soon(server: Server, span: str) -> None:
    """The true boundary is then a line that is millions of pictures long."""
    answer = server.get(f"/boundary?format=png&width=200&x_min=0&x_max={span}&y_min=0&y_max={span}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")


@pytest.mark.parametrize(
    "window",
    ["x_min=0&x_max=1e-30&y_min=-1e20&y_max=1e20", "x_min=-1e20&x_max=1e20&y_min=0&y_max=1e-20"],
)
@pytest.mark.parametrize("width", [200, 800])
def test_a_picture_of_next_to_a_line_fills_its_axes(server: Server, window: str, width: int) -> None:
    answer = server.get(f"/boundary?format=png&resolution=20&width={width}&{window}")
    assert answer.status_code == 200, answer.text
    coloured = np.ptp(pixels(answer.content), axis=2) > 0.1
    assert coloured[:, : width // 2].mean() > 0.05  # left of the colour bar; to scale there would be none


@pytest.mark.parametrize(
    ("window", "crosses"),
    [
        ("x_min=-1&x_max=1&y_min=-1&y_max=1", True),
        ("x_min=0.3&x_max=0.4&y_min=-0.1&y_max=0.1", True),
        ("x_min=-30&x_max=30&y_min=-30&y_max=30", True),  # a few pixels wide
        ("x_min=-0.1&x_max=0.1&y_min=-0.1&y_max=0.1", False),  # inside
        ("x_min=1&x_max=2&y_min=1&y_max=2", False),
    ],
)
def test_the_true_boundary_is_dashed_where_it_crosses_the_picture(own: AppServer, window: str, crosses: bool) -> None:
    def picture(name: str) -> NDArray[np.float32]:
        content = own.get(f"/boundary?model={name}&format=png&width=400&{window}").content
        return pixels(content)[80:]  # without the title

    differs = (picture("linear") != picture("plain")).any(axis=2)
    assert differs.any() == crosses
    assert differs.mean() < 0.02  # a line


def test_a_boundary_that_the_client_has_is_not_sent_again(server: Server) -> None:
    first = server.get("/boundary?resolution=50")
    etag = first.headers["ETag"]
    assert etag.startswith('"')  # strong
    assert first.headers["Cache-Control"] == "no-cache"
    again = server.get("/boundary?resolution=50", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize(
    "other", ["resolution=51", "resolution=50&x_min=-1", "resolution=50&model=tanh-3", "resolution=50&format=npy"]
)
def test_another_question_has_another_tag(server: Server, other: str) -> None:
    etag = server.get("/boundary?resolution=50").headers["ETag"]
    assert server.get(f"/boundary?{other}", headers={"If-None-Match": etag}).status_code == 200


def test_with_a_version_the_answer_may_be_kept_for_good(server: Server) -> None:
    assert "immutable" in server.get("/boundary?resolution=5&version=1").headers["Cache-Control"]


def test_a_picture_is_another_when_its_data_are(own: AppServer, own_models: Path) -> None:
    """The points in it are the experiment's, not the version's: training again replaces them."""
    path = "/boundary?model=retrained&resolution=20&width=300&version=1&format=png"
    before = own.get(path)
    known = {"If-None-Match": before.headers["ETag"]}
    assert before.headers["Cache-Control"] == "no-cache"
    assert own.get(path, headers=known).status_code == 304
    data = own_models / EXPERIMENTS / "retrained/dataset.csv"
    data.write_text("\n".join(data.read_text().split("\n")[:50]))
    after = own.get(path, headers=known)
    assert after.status_code == 200
    assert (pixels(after.content) != pixels(before.content)).any()
    data.unlink()
    without = own.get(path, headers={"If-None-Match": after.headers["ETag"]})
    assert (without.status_code, without.headers["Cache-Control"]) == (200, "no-cache")
    assert (pixels(without.content) != pixels(after.content)).any()


def test_a_browser_gets_json_and_an_image_tag_the_picture(server: Server) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    image = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
    path = "/boundary?resolution=10"
    assert server.get(path, headers={"Accept": browser}).headers["Content-Type"] == "application/json"
    assert server.get(path, headers={"Accept": image}).headers["Content-Type"] == "image/png"


def test_what_cannot_be_given_as_accepted_is_406_and_says_what_can(server: Server) -> None:
    answer = server.get("/boundary", headers={"Accept": "application/pdf"})
    assert answer.status_code == 406
    assert "application/x-npy" in answer.json()["detail"]
