"""`GET /boundary` of many features and classes, and `GET /volume`.

What is expected comes from `/predict`, whose numbers are held against TensorFlow's in `test_kinds`.
"""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from tests.conftest import Server
from tests.service.edges.own.test_boundary import pixels

N = 7
SPECIES = ["setosa", "versicolor", "virginica"]
PRICES = ["area", "rooms", "age", "a:b, c"]
DOMAINS = {"area": (20, 220), "rooms": (1, 8), "age": (0, 100), "a:b, c": (-1, 1)}
HELD = {name: (low + high) / 2 for name, (low, high) in DOMAINS.items()}


def ask(server: Server, **query: Any) -> dict[str, Any]:
    answer = server.get("/boundary", params={"resolution": N, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def predicted(server: Server, model: str, points: NDArray[np.floating]) -> NDArray[np.float64]:
    body = server.predict(points=points.tolist(), model=model).json()
    return np.array(body["values" if "values" in body else "probabilities"])


def nodes(features: Sequence[str], shown: Mapping[str, tuple[float, float]], held: Mapping[str, Any]) -> NDArray[Any]:
    """Return the points of a grid, [N², d]: the first of `shown` is x."""
    (x_name, x), (y_name, y) = shown.items()
    y_nodes, x_nodes = np.meshgrid(np.linspace(*y, N), np.linspace(*x, N), indexing="ij")
    columns = {**held, x_name: x_nodes.ravel(), y_name: y_nodes.ravel()}
    return np.stack(np.broadcast_arrays(*(columns[name] for name in features)), axis=1)


def prices(server: Server, shown: Sequence[str], held: Mapping[str, Any]) -> NDArray[np.float64]:
    domains = {name: DOMAINS[name] for name in shown}
    return predicted(server, "prices", nodes(PRICES, domains, {**HELD, **held})).reshape(N, N)


def refused(server: Server, path: str, field: str, words: str) -> None:
    answer = server.get(path)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "shown", "held"),
    [
        ({}, ["area", "rooms"], {}),
        ({"x": "age"}, ["age", "area"], {}),
        ({"y": "area"}, ["rooms", "area"], {}),
        ({"x": "a:b, c", "y": "rooms"}, ["a:b, c", "rooms"], {}),
        ({"hold": "age:12"}, ["area", "rooms"], {"age": 12.0}),
        ({"hold": "a:b, c:-0.5,age:12"}, ["area", "rooms"], {"age": 12.0, "a:b, c": -0.5}),
        ({"x": "age", "y": "a:b, c", "hold": "rooms:2e0,area:30"}, ["age", "a:b, c"], {"rooms": 2.0, "area": 30.0}),
    ],
)
def test_any_two_features_are_drawn_and_the_others_held(
    kinds_server: Server, query: dict[str, str], shown: list[str], held: dict[str, float]
) -> None:
    body = ask(kinds_server, model="prices", **query)
    others = {name: HELD[name] for name in PRICES if name not in shown}
    assert body["features"] == shown
    assert body["held"] == {**others, **held}
    assert (body["statistic"], "probabilities" in body) == ("value", False)
    assert np.allclose(body["values"], prices(kinds_server, shown, held), rtol=1e-5)


def test_a_row_of_the_data_holds_them(kinds_server: Server) -> None:
    data = kinds_server.get("/dataset?experiment=prices").json()
    row = dict(zip(PRICES, data["points"][5], strict=True))
    body = ask(kinds_server, model="prices", hold="row:5")
    held = {name: row[name] for name in ("age", "a:b, c")}
    assert body["held"] == held
    assert np.allclose(body["values"], prices(kinds_server, ["area", "rooms"], held), rtol=1e-5)


def test_a_category_is_held_by_name_and_a_missing_value_is_null(kinds_server: Server) -> None:
    by_name, by_position = (
        ask(kinds_server, model="survival", hold=f"port:{port}") for port in ("Queenstown, IE", "1")
    )
    assert by_name["held"] == by_position["held"] == {"port": "Queenstown, IE"}
    assert by_name["probabilities"] == by_position["probabilities"]
    body = ask(kinds_server, model="survival", x="port", y="fare", hold="row:3")
    assert body["held"] == {"age": None}
    filled = ask(kinds_server, model="survival", x="port", y="fare", hold="age:30")
    assert body["probabilities"] == filled["probabilities"]


def test_averaged_over_the_data_it_is_the_partial_dependence(kinds_server: Server) -> None:
    rows = kinds_server.get("/dataset?experiment=prices").json()["points"]
    shown = ["rooms", "age"]
    slices = [prices(kinds_server, shown, dict(zip(PRICES, row, strict=True))) for row in rows]
    body = ask(kinds_server, model="prices", x="rooms", y="age", average="data")
    assert body["average"] == {"rows": 40, "of": 40}
    assert "held" not in body
    assert np.allclose(body["values"], np.mean(slices, axis=0), rtol=1e-5)


def test_an_average_over_too_many_nodes_is_413_and_says_how_many_may_be(kinds_server: Server) -> None:
    answer = kinds_server.get("/boundary?model=prices&average=data&resolution=2000")
    assert answer.status_code == 413
    most = int(answer.json()["detail"].rpartition(" ")[2])
    assert most == 500  # squared, times 40 rows, that is 10 million
    both = kinds_server.get("/boundary?model=prices&average=data&statistic=mean&resolution=2000").json()["detail"]
    assert "40 rows and 2 training runs; at most 353" in both


def test_several_classes_have_the_most_probable_ones_position_and_its_probability(kinds_server: Server) -> None:
    body = ask(kinds_server, model="flowers")
    expected = ["model", "version", "epoch", "replicate", "statistic", "classes", "x", "y", "label", "values"]
    assert (list(body), body["statistic"], body["classes"]) == (expected, "label", SPECIES)
    every = predicted(kinds_server, "flowers", nodes("xy", {"x": (0, 8), "y": (-1, 3)}, {})).reshape(N, N, 3)
    assert body["label"] == every.argmax(axis=-1).tolist()
    assert np.allclose(body["values"], every.max(axis=-1), atol=1e-6)
    assert len({label for row in body["label"] for label in row}) > 1
    for position, name in enumerate(SPECIES):
        of_class = ask(kinds_server, model="flowers", **{"class": name})
        assert (of_class["class"], of_class["statistic"]) == (name, "probability")
        assert np.allclose(of_class["probabilities"], every[..., position], atol=1e-6)


def test_an_npy_of_labels_has_both_one_behind_the_other(kinds_server: Server) -> None:
    body = ask(kinds_server, model="flowers")
    answer = kinds_server.get(f"/boundary?model=flowers&resolution={N}&format=npy")
    array = np.load(io.BytesIO(answer.content))
    assert (array.dtype, array.shape) == (np.float32, (2, N, N))
    assert array[0].astype(int).tolist() == body["label"]
    assert array[1].tolist() == np.array(body["values"], np.float32).tolist()
    header = json.loads(answer.headers["Boundary-Grid"])
    assert (header["numbers"], header["classes"]) == (["label", "values"], SPECIES)


def test_the_first_of_two_classes_has_what_the_second_lacks(kinds_server: Server) -> None:
    default, no, yes = (ask(kinds_server, model="survival", **q) for q in ({}, {"class": "no"}, {"class": "yes"}))
    assert yes["probabilities"] == default["probabilities"]
    assert np.allclose(np.add(no["probabilities"], yes["probabilities"]), 1, atol=1e-6)


@pytest.mark.parametrize(
    "query", [{"model": "prices", "hold": "age:9"}, {"model": "prices", "average": "data"}, {"model": "survival"}]
)
@pytest.mark.parametrize("epoch", [0, 5])
def test_statistics_are_of_what_the_runs_give(kinds_server: Server, query: dict[str, str], epoch: int) -> None:
    key = "values" if query["model"] == "prices" else "probabilities"
    runs = np.array([ask(kinds_server, **query, epoch=epoch, replicate=r)[key] for r in (0, 1)])
    mean, std = (ask(kinds_server, **query, epoch=epoch, statistic=name) for name in ("mean", "std"))
    assert (mean["statistic"], std["statistic"], mean["replicate"]) == ("mean", "std", None)
    assert np.allclose(mean[key], runs.mean(axis=0), rtol=1e-4)
    assert np.allclose(std["values"], runs.std(axis=0, ddof=1), rtol=1e-3, atol=1e-5)


def test_the_runs_of_several_classes_agree_where_they_give_one_label(kinds_server: Server) -> None:
    first, second = (np.array(ask(kinds_server, model="flowers", replicate=r)["label"]) for r in (0, 1))
    agreement = np.array(ask(kinds_server, model="flowers", statistic="agreement")["values"])
    assert agreement.tolist() == np.where(first == second, 1, 0.5).tolist()
    assert 0.5 < agreement.mean() < 1
    of_class = {"model": "flowers", "class": "virginica"}
    runs = np.array([ask(kinds_server, **of_class, replicate=r)["probabilities"] for r in (0, 1)])
    assert np.allclose(ask(kinds_server, **of_class, statistic="std")["values"], runs.std(axis=0, ddof=1), atol=1e-6)
    mean = ask(kinds_server, model="flowers", statistic="mean")
    every = [ask(kinds_server, model="flowers", statistic="mean", **{"class": name}) for name in SPECIES]
    assert mean["label"] == np.argmax([one["probabilities"] for one in every], axis=0).tolist()


@pytest.mark.parametrize(
    ("query", "minus", "key"),
    [
        ({"model": "prices", "x": "age", "hold": "rooms:2"}, "prices-linear", "values"),
        ({"model": "flowers", "class": "setosa"}, "flowers-linear", "probabilities"),
    ],
)
def test_a_difference_is_of_values_or_of_one_class(
    kinds_server: Server, query: dict[str, str], minus: str, key: str
) -> None:
    difference = np.array(ask(kinds_server, **query, minus=minus)["values"])
    ours, theirs = (np.array(ask(kinds_server, **{**query, "model": name})[key]) for name in (query["model"], minus))
    assert np.allclose(difference, ours - theirs, atol=1e-4)
    assert np.ptp(difference) > 0.01


def test_a_hidden_unit_is_drawn_over_any_two_features(kinds_server: Server) -> None:
    body = ask(kinds_server, model="prices", x="age", y="rooms", layer=2, unit=3, hold="area:100")
    points = nodes(PRICES, {name: DOMAINS[name] for name in ("age", "rooms")}, {**HELD, "area": 100})
    inputs = {"points": points.tolist(), "replicate": 0, "snapshot": 2}
    columns = {"signature_name": "activations", "inputs": inputs}
    units = kinds_server.post("/v1/models/prices:predict", json=columns).json()["outputs"]["layer_2"]
    assert np.allclose(np.ravel(body["values"]), np.array(units)[:, 2], atol=1e-6)


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("model=prices&x=nothing", "x", "features: area, rooms, age, a:b, c."),
        ("model=prices&x=age&y=age", "x", "age is on two axes"),
        ("model=prices&hold=nothing:1", "hold", "age, a:b, c; write name:value pairs"),
        ("model=prices&hold=area:1", "hold", "area is drawn, not held; held are: age, a:b, c."),
        ("model=prices&hold=age:1,age:2", "hold", "given twice"),
        ("model=prices&hold=age:old", "hold", "must be a number within"),
        ("model=prices&hold=age:nan", "hold", "must be a number within"),
        ("model=prices&hold=age", "hold", "write name:value pairs, comma-separated, or row:0"),
        ("model=prices&hold=row:40", "hold", "rows 0 to 39, not 40"),
        ("model=prices&hold=row:-1", "hold", "a number from 0"),
        ("model=prices&hold=age:1&average=data", "hold", "cannot be combined with average"),
        ("model=prices&average=all", "average", "must be data"),
        ("model=flowers&average=data", "average", "no other features"),
        ("model=flowers&hold=length:1", "hold", "no other features"),
        ("model=survival&hold=port:Dover", "hold", "Cherbourg, Queenstown, IE, Southampton"),
        ("model=survival&hold=port:1.5", "hold", "Cherbourg, Queenstown, IE, Southampton"),
        ("model=flowers&class=rosa", "class", ", ".join(SPECIES)),
        ("model=prices&class=1", "class", "gives values and has no classes"),
        ("model=flowers&statistic=std", "class", ", ".join(SPECIES)),
        ("model=flowers&minus=flowers-linear", "class", ", ".join(SPECIES)),
        ("model=flowers&class=setosa&statistic=agreement", "class", "cannot be combined with agreement"),
        ("model=flowers&class=setosa&layer=1&unit=1", "class", "cannot be combined with a layer"),
        ("model=prices&statistic=agreement", "statistic", "use probability, mean or std"),
        ("model=prices&minus=survival", "minus", "gives values"),
        ("model=survival&minus=round", "minus", "has the features x1, x2, x3"),
        ("hold=age:1&holt=age:1", "holt", "valid fields: model, version, x, y, hold, class"),
    ],
)
def test_what_cannot_be_drawn_is_422_and_says_what_can(
    kinds_server: Server, query: str, field: str, words: str
) -> None:
    refused(kinds_server, f"/boundary?{query}", field, words)


def test_a_slice_has_a_tag_of_its_own_and_one_of_the_data_may_change(kinds_server: Server) -> None:
    queries = ["", "x=age", "hold=age:1", "hold=row:1", "hold=row:2", "average=data", "minus=prices-linear"]
    answers = [kinds_server.get(f"/boundary?model=prices&version=1&resolution=3&{query}") for query in queries]
    assert len({answer.headers["ETag"] for answer in answers}) == len(queries)
    immutable = ["immutable" in answer.headers["Cache-Control"] for answer in answers]
    assert immutable == [True, True, True, False, False, False, False]
    for query, answer in zip(queries, answers, strict=True):
        known = {"If-None-Match": answer.headers["ETag"]}
        path = f"/boundary?model=prices&version=1&resolution=3&{query}"
        assert kinds_server.get(path, headers=known).status_code == 304


def test_a_picture_of_classes_has_a_hue_for_each(kinds_server: Server) -> None:
    answer = kinds_server.get("/boundary?model=flowers&format=png&width=400&resolution=100")
    picture = pixels(answer.content)
    hues = mpl.colormaps["tab10"](range(3))[:, :3]
    background = picture[60:-60, 60:-40].reshape(-1, 3)
    paleness = 1 - background
    found = [np.isclose(np.cross(paleness, 1 - hue), 0, atol=0.02).all(axis=1).mean() for hue in hues]
    assert min(found) > 0.01
    assert sum(found) > 0.6


@pytest.mark.parametrize(
    "query",
    [
        "model=prices",
        "model=prices&average=data&x=age&y=area&resolution=20",
        "model=prices&statistic=std&hold=row:1",
        "model=prices&minus=prices-linear",
        "model=prices&layer=1&unit=2",
        "model=survival&x=port&y=age",
        "model=flowers&statistic=agreement",
        "model=flowers&class=setosa",
    ],
)
def test_a_slice_of_every_kind_is_drawn(kinds_server: Server, query: str) -> None:
    answer = kinds_server.get(f"/boundary?format=png&width=300&{query}")
    assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG"), answer.text


def test_a_picture_says_what_is_held(kinds_server: Server) -> None:
    pictures = [
        pixels(kinds_server.get(f"/boundary?model=prices&format=png&width=400&hold={hold}").content)[:40]
        for hold in ("age:50", "age:50.0", "age:51")
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_a_volume_is_over_the_first_three_features_that_are_left(kinds_server: Server) -> None:
    answer = kinds_server.get("/volume?model=prices&resolution=4&x=age&z=area")
    assert answer.headers["Content-Type"] == "application/x-npy"
    volume = np.load(io.BytesIO(answer.content))
    assert (volume.dtype, volume.shape) == (np.float32, (4, 4, 4))
    header = json.loads(answer.headers["Boundary-Grid"])
    assert (header["features"], header["held"]) == (["age", "rooms", "area"], {"a:b, c": 0.0})
    assert (header["statistic"], header["numbers"]) == ("value", "values")


def test_a_volume_has_the_numbers_of_predict_in_the_order_z_y_x(kinds_server: Server) -> None:
    answer = kinds_server.get("/volume?model=prices&resolution=4&x=age&y=a:b, c&z=area&hold=rooms:3")
    header = json.loads(answer.headers["Boundary-Grid"])
    assert header["held"] == {"rooms": 3.0}
    z, y, x = np.meshgrid(*(np.linspace(*DOMAINS[name], 4) for name in ("area", "a:b, c", "age")), indexing="ij")
    points = np.stack([z.ravel(), np.full(64, 3.0), x.ravel(), y.ravel()], axis=1)
    volume = np.load(io.BytesIO(answer.content))
    assert np.allclose(volume.ravel(), predicted(kinds_server, "prices", points), rtol=1e-5)
    assert [header[axis]["feature"] for axis in "xyz"] == ["age", "a:b, c", "area"]


def surface(server: Server, query: str) -> tuple[trimesh.Trimesh, dict[str, Any]]:
    """Return the mesh in the features' units, and what the file says of itself."""
    answer = server.get(f"/volume?{query}", headers={"Accept": "model/gltf-binary"})
    assert answer.headers["Content-Type"] == "model/gltf-binary", answer.text
    length = int.from_bytes(answer.content[12:16], "little")
    document = json.loads(answer.content[20 : 20 + length])
    scene: Any = trimesh.load(io.BytesIO(answer.content), file_type="glb", process=False)
    (mesh,) = scene.geometry.values()
    return mesh, document["asset"]["extras"]


def test_a_surface_is_where_the_probability_is_the_level(kinds_server: Server) -> None:
    for level in (0.5, 0.3):
        mesh, says = surface(kinds_server, f"model=round&resolution=40&level={level}")
        on_it = predicted(kinds_server, "round", np.asarray(mesh.vertices))
        assert len(on_it) > 1000
        assert np.abs(on_it - level).max() < 0.02
        assert (says["level"], says["features"]) == (level, ["x1", "x2", "x3"])
        lower = predicted(kinds_server, "round", np.asarray(mesh.vertices + 0.05 * mesh.vertex_normals))
        assert np.mean(lower < level) > 0.99
        assert np.allclose(np.linalg.norm(mesh.vertex_normals, axis=1), 1, atol=1e-5)


def test_a_viewer_sees_the_box_as_a_cube(kinds_server: Server) -> None:
    answer = kinds_server.get("/volume?model=prices&format=glb&level=200&resolution=20")
    scene: Any = trimesh.load(io.BytesIO(answer.content), file_type="glb")
    assert np.abs(scene.bounds).max() <= 1 + 1e-6
    assert np.ptp(scene.bounds, axis=0).min() > 0.5


def test_a_surface_can_be_of_any_run_and_epoch(kinds_server: Server) -> None:
    meshes = [
        np.asarray(surface(kinds_server, f"model=round&resolution=16&{query}")[0].vertices)
        for query in ("", "replicate=1", "epoch=0")
    ]
    assert len({mesh.tobytes() for mesh in meshes}) == 3


def test_a_level_that_nothing_reaches_gives_a_scene_without_a_mesh(kinds_server: Server) -> None:
    answer = kinds_server.get("/volume?model=round&format=glb&level=7")
    scene: Any = trimesh.load(io.BytesIO(answer.content), file_type="glb")
    assert not scene.geometry


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("model=flowers", "model", "has 2 features; this is drawn over 3"),
        ("model=prices&z=area&x=area", "x", "on two axes"),
        ("model=prices&format=glb", "level", "gives values"),
        ("model=round&class=2", "class", "has the classes 0, 1"),
        ("model=round&replicate=7", "replicate", "has replicates 0 to 1"),
        ("model=round&epoch=2", "epoch", "recorded epochs: 0, 1, 5"),
        ("model=round&resolution=1", "resolution", "from 2 to 128"),
        ("model=round&hold=x1:1", "hold", "no other features"),
    ],
)
def test_what_no_volume_is_of_is_422(kinds_server: Server, query: str, field: str, words: str) -> None:
    refused(kinds_server, f"/volume?{query}", field, words)


def test_too_fine_a_volume_is_413_and_another_media_type_406(kinds_server: Server) -> None:
    answer = kinds_server.get("/volume?model=round&resolution=129")
    assert (answer.status_code, "at most 128" in answer.json()["detail"]) == (413, True)
    answer = kinds_server.get("/volume?model=round", headers={"Accept": "image/png"})
    assert (answer.status_code, "model/gltf-binary" in answer.json()["detail"]) == (406, True)


def test_a_volume_is_tagged_and_kept_as_a_grid_is(kinds_server: Server) -> None:
    paths = [
        f"/volume?model=round&version=1&resolution=8&{query}" for query in ("", "format=glb", "class=0", "level=0.2")
    ]
    answers = [kinds_server.get(path) for path in paths]
    assert len({answer.headers["ETag"] for answer in answers}) == len(paths)
    for path, answer in zip(paths, answers, strict=True):
        assert "immutable" in answer.headers["Cache-Control"]
        assert kinds_server.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert "immutable" not in kinds_server.get("/volume?model=round&resolution=8").headers["Cache-Control"]


def test_a_volume_in_json_has_the_same_numbers_and_what_the_header_says(kinds_server: Server) -> None:
    path = "/volume?model=prices&resolution=3&format="
    npy, document = kinds_server.get(path + "npy"), kinds_server.get(path + "json").json()
    values = np.array(document.pop("values"), np.float32)
    assert values.tolist() == np.load(io.BytesIO(npy.content)).tolist()
    assert document == json.loads(npy.headers["Boundary-Grid"])
