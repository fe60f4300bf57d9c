"""`/v1`: TensorFlow Serving's REST API, read by its published messages and compared with TensorFlow itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import requests
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from bundle import layout
from harness.app_server import AppServer, serving_app
from harness.bundles import copy, publish, without_saved_model
from harness.server import HttpServer
from tests.conftest import MODELS, Server
from tests.service.edges.standards import POINTS, predicted

ROWS = POINTS.tolist()
PREDICT = "/v1/models/tanh-10-10:predict"
STATES = get_model_status_pb2.ModelVersionStatus.State


def ask(server: HttpServer, path: str = PREDICT, **body: object) -> Any:
    answer = server.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def status_of(server: HttpServer, path: str) -> dict[int, Any]:
    """Return what is said of each version, read as strictly as protobuf reads."""
    answer = server.get(path)
    assert answer.status_code == 200, answer.text
    read = json_format.Parse(answer.text, get_model_status_pb2.GetModelStatusResponse(), ignore_unknown_fields=False)
    return {entry.version: entry for entry in read.model_version_status}


def signatures_of(server: HttpServer, path: str) -> Any:
    answer = server.get(path)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert set(document) == {"model_spec", "metadata"}
    assert document["model_spec"]["name"] == path.split("/")[3]
    return json_format.Parse(
        orjson.dumps(document["metadata"]["signature_def"]),
        get_model_metadata_pb2.SignatureDefMap(),
        ignore_unknown_fields=False,
    )


def signatures_in(bundle: Path) -> Any:
    """Return the signatures as they stand in a SavedModel, but for what takes no points: its weights, its own start."""
    saved = saved_model_pb2.SavedModel.FromString((bundle / layout.SAVED_MODEL).read_bytes())
    found = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in saved.meta_graphs[0].signature_def.items():
        if name != "weights" and not name.startswith("__"):
            found.signature_def[name].CopyFrom(signature)
    return found


def test_rows_and_columns_bare_and_named_give_the_same(server: Server) -> None:
    right = predicted(server)
    named = [{"points": row} for row in ROWS]
    for path in (PREDICT, "/v1/models/tanh-10-10/versions/1:predict", "/v1/models/tanh-10-10/versions/0:predict"):
        assert ask(server, path, instances=ROWS) == {"predictions": right}
        assert ask(server, path, instances=named) == {"predictions": right}
        assert ask(server, path, inputs=ROWS) == {"outputs": right}
        assert ask(server, path, inputs={"points": ROWS}) == {"outputs": right}


@pytest.mark.parametrize(
    "content_type", [None, "application/x-www-form-urlencoded", "application/json", "text/plain; charset=utf-8"]
)
def test_any_content_type_is_taken(server: Server, content_type: str | None) -> None:
    """`curl -d` sends a form's."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = server.post(PREDICT, data=orjson.dumps({"instances": ROWS}), headers=headers)
    assert answer.json() == {"predictions": predicted(server)}


def test_keys_that_are_not_known_are_left_aside(server: Server) -> None:
    right = {"predictions": predicted(server)}
    assert ask(server, instances=ROWS, model_name="other", parameters=None, signature_name="serving_default") == right
    assert ask(server, inputs={"points": ROWS, "other": "x"}) == {"outputs": right["predictions"]}


def test_every_signature_gives_what_tensorflow_gives(server: Server, models_dir: Path) -> None:
    for name in MODELS:
        loaded = tf.saved_model.load(str(models_dir / name / "1"))
        for signature in loaded.signatures.keys() - {"weights"}:
            function = loaded.signatures[signature]
            scalars = {"replicate": 3, "snapshot": 2} if signature in ("at", "activations") else {}
            right = function(
                points=tf.constant(POINTS), **{key: tf.constant(value, tf.int32) for key, value in scalars.items()}
            )
            columns = {"points": ROWS, **scalars}
            outputs = ask(server, f"/v1/models/{name}:predict", signature_name=signature, inputs=columns)["outputs"]
            if len(right) == 1:
                (only,) = right
                outputs = {only: outputs}
            assert set(outputs) == set(right)
            for output, values in outputs.items():
                assert np.shape(values) == right[output].shape
                assert np.abs(values - right[output].numpy()).max() < 1e-6, (name, signature, output)


def test_replicates_in_rows_are_one_list_a_point(server: Server) -> None:
    rows = ask(server, signature_name="replicates", instances=ROWS)["predictions"]
    assert np.shape(rows) == (3, 30)
    assert rows == ask(server, signature_name="replicates", inputs=ROWS)["outputs"]
    last = len(server.get("/models/tanh-10-10").json()["card"]["epochs"]) - 1
    columns = {"points": ROWS, "replicate": 7, "snapshot": last}
    assert np.array(rows)[:, 7] == pytest.approx(ask(server, signature_name="at", inputs=columns)["outputs"], abs=1e-6)
    assert [row[0] for row in rows] == pytest.approx(predicted(server), abs=1e-6)


def test_one_run_and_one_unit_are_what_the_boundary_shows(server: Server) -> None:
    epochs = server.get("/models/tanh-10-10").json()["card"]["epochs"]
    grid = {"x_min": -1, "x_max": 0.5, "y_min": -0.25, "y_max": 1, "resolution": 4, "replicate": 2, "epoch": epochs[1]}
    shown = server.get("/boundary", params=grid).json()
    columns = {"points": [[x, y] for y in shown["y"] for x in shown["x"]], "replicate": 2, "snapshot": 1}
    ours = ask(server, signature_name="at", inputs=columns)["outputs"]
    assert np.ravel(shown["probabilities"]) == pytest.approx(ours, abs=1e-6)
    layers = ask(server, signature_name="activations", inputs=columns)["outputs"]
    assert {name: np.shape(values) for name, values in layers.items()} == {"layer_1": (16, 10), "layer_2": (16, 10)}
    for layer, unit in ((1, 1), (2, 10)):
        map_of_unit = server.get("/boundary", params={**grid, "layer": layer, "unit": unit}).json()["values"]
        assert np.ravel(map_of_unit) == pytest.approx(np.array(layers[f"layer_{layer}"])[:, unit - 1], abs=1e-6)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"instances": ROWS, "inputs": ROWS}, "expecting only one of 'inputs' or 'instances'"),
        ({"instances": ROWS, "signature_name": 7}, "'signature_name' key must be a string value"),
        ({"instances": ROWS, "signature_name": None}, "'signature_name' key must be a string value"),
        ({"instances": ROWS, "signature_name": "none"}, 'Serving signature name: "none" not found in signature def'),
        ({"instances": ROWS, "signature_name": "é" * 10**6}, f'Serving signature name: "{"é" * 100}…" not found'),
        ({"instances": "x"}, "Excepting 'instances' to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": [{"points": [0, 0]}, [0, 0]]}, "Expecting object but got list at item 1 of input list"),
        ({"instances": [{"points": [0, 0], "x": 1}]}, "Failed to process element: 0 of 'instances' list"),
        ({"instances": [{}]}, "keys must be equal to: points"),
        ({"instances": [[0, 0], {"points": [0, 0]}]}, "points: point 1"),
        ({"inputs": {"x": ROWS}}, "Missing named input: points in 'inputs' object."),
        ({"inputs": {"points": ROWS}, "signature_name": "at"}, "Missing named input: replicate in 'inputs' object."),
        ({"inputs": ROWS, "signature_name": "at"}, "expecting an object as multiple input tensors required: points"),
        ({"instances": ROWS, "signature_name": "at"}, "takes replicate and snapshot once for all points"),
        ({"instances": [[0.1, True]]}, "point 0 must hold numbers only"),
        ({"instances": [[0.1, "0.2"]]}, "point 0 must hold numbers only"),
        ({"inputs": [[0.1, None]]}, "point 0 must hold numbers only"),
        ({"instances": [0.1, 0.2]}, "points: point 0 must be a list"),
        ({"inputs": [[0.1, 0.2], [0.3]]}, "points: point 1 must be a list of numbers as long as the others"),
        ({"instances": [[0.1]]}, "model tanh-10-10 takes 2 numbers a point (x1, x2), not 1"),
    ],
)
def test_what_is_wrong_is_400_in_tensorflow_servings_words(server: Server, body: dict[str, object], words: str) -> None:
    answer = server.post(PREDICT, json=body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("replicate", "snapshot", "words"),
    [
        (30, 0, "has replicates 0 to 29, not 30"),
        (-1, 0, "has replicates 0 to 29, not -1"),
        (2**63, 0, "has replicates 0 to 29"),
        (0, 10**6, "not 1000000"),
        (0, -1, "not -1"),
        (0.0, 0, "is not of expected type: int32"),
        ("0", 0, "is not of expected type: int32"),
        (True, 0, "is not of expected type: int32"),
        ([0], 0, "is not of expected type: int32"),
        (0, None, "is not of expected type: int32"),
    ],
)
def test_a_run_or_snapshot_that_was_not_recorded_is_400(
    server: Server, replicate: object, snapshot: object, words: str
) -> None:
    body = {"signature_name": "at", "inputs": {"points": ROWS, "replicate": replicate, "snapshot": snapshot}}
    answer = server.post(PREDICT, json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "/v1/models/nothing:predict", 404, "Servable not found for request: Latest(nothing)"),
        ("POST", "/v1/models/linear/versions/7:predict", 404, "Servable not found for request: Specific(linear, 7)"),
        ("POST", "/v1/models/linear/versions/x:predict", 404, "Servable not found for request: Specific(linear, x)"),
        ("GET", "/v1/models/nothing", 404, "Could not find any versions of model nothing"),
        ("GET", "/v1/models/linear/versions/7", 404, "Could not find version 7 of model linear"),
        ("GET", "/v1/models/nothing/metadata", 404, "Servable not found for request: Latest(nothing)"),
        ("GET", "/v1/models/linear/versions/7/metadata", 404, "Specific(linear, 7)"),
        ("GET", "/v1/models", 404, "Malformed request: GET /v1/models"),
        ("POST", "/v1/models/linear:classify", 404, "Malformed request: POST /v1/models/linear:classify"),
        ("POST", "/v1/models/linear", 405, "Malformed request: POST /v1/models/linear"),
    ],
)
def test_what_is_not_there_is_named(server: Server, method: str, path: str, status: int, words: str) -> None:
    answer = requests.request(method, server.url + path, json={"instances": ROWS}, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


@pytest.mark.parametrize("path", ["", "/versions/1", "/versions/0"])
def test_the_status_is_what_the_published_message_says(server: Server, path: str) -> None:
    (entry,) = status_of(server, f"/v1/models/linear{path}").values()
    assert (entry.version, entry.state) == (1, STATES.Value("AVAILABLE"))
    assert (entry.status.error_code, entry.status.error_message) == (0, "")


@pytest.mark.parametrize("path", ["", "/versions/1", "/versions/0"])
def test_the_metadata_are_the_saved_models_own_signatures(server: Server, models_dir: Path, path: str) -> None:
    for name in MODELS:
        assert signatures_of(server, f"/v1/models/{name}{path}/metadata") == signatures_in(models_dir / name / "1")


@pytest.fixture(scope="module")
def mixed_models(models_dir: Path, foreign_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a broken version, a foreign model, and foreign models that cannot be served."""
    models = copy(models_dir, tmp_path_factory.mktemp("mixed"), "linear")
    publish(models_dir / "linear" / "1", models, "linear", 2, without_saved_model)
    publish(foreign_models / "as-keras-exports" / "1", models, "foreign", 5)
    (models / "no-version" / "001").mkdir(parents=True)
    return copy(foreign_models, models, "two-inputs", "fixed-size")


@pytest.fixture(scope="module")
def mixed(mixed_models: Path) -> Iterator[AppServer]:
    """Within this process, which has TensorFlow already: a gunicorn would load it for seconds."""
    with serving_app(mixed_models, default_model="linear") as started:
        yield started


def test_a_version_that_failed_has_ended_with_its_reason(mixed: AppServer) -> None:
    statuses = status_of(mixed, "/v1/models/linear")
    assert {number: STATES.Name(entry.state) for number, entry in statuses.items()} == {2: "END", 1: "AVAILABLE"}
    assert statuses[2].status.error_code == 13  # INTERNAL
    assert statuses[2].status.error_message == "there is no saved_model.pb"
    assert list(status_of(mixed, "/v1/models/linear/versions/2")) == [2]
    assert mixed.post("/v1/models/linear/versions/2:predict", json={"instances": ROWS}).status_code == 404
    assert ask(mixed, "/v1/models/linear:predict", instances=ROWS)["predictions"]


def test_a_foreign_model_answers_in_its_own_names_and_shapes(mixed: AppServer) -> None:
    right = predicted(mixed, model="foreign")
    assert right == pytest.approx(1 / (1 + np.exp(-(POINTS @ [1, -2]))), abs=1e-6)
    column = [[value] for value in right]
    for path in ("/v1/models/foreign:predict", "/v1/models/foreign/versions/5:predict"):
        assert ask(mixed, path, instances=ROWS) == {"predictions": column}
        assert ask(mixed, path, instances=[{"inputs": row} for row in ROWS]) == {"predictions": column}
        assert ask(mixed, path, inputs={"inputs": ROWS}) == {"outputs": column}
    answer = mixed.post("/v1/models/foreign:predict", json={"inputs": {"points": ROWS}})
    assert answer.json() == {"error": "Missing named input: inputs in 'inputs' object."}
    infer = {"inputs": [{"name": "points", "shape": [3, 2], "datatype": "FP32", "data": ROWS}]}
    assert mixed.post("/v2/models/foreign/infer", json=infer).json()["outputs"][0]["data"] == right


def test_an_empty_signature_name_is_the_default(mixed: AppServer) -> None:
    default = ask(mixed, "/v1/models/foreign:predict", instances=ROWS)
    assert ask(mixed, "/v1/models/foreign:predict", signature_name="", instances=ROWS) == default


@pytest.mark.parametrize("path", ["", "/versions/1", "/versions/0"])
def test_a_model_without_versions_is_not_found_and_says_why(mixed: AppServer, path: str) -> None:
    answer = mixed.get(f"/v1/models/no-version{path}")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("Could not find any versions of model no-version; it has no folder")


def test_several_outputs_are_objects_in_rows_and_in_columns(mixed: AppServer) -> None:
    score, twice = POINTS @ np.array([[1], [-2]], np.float32), 2 * POINTS[:, 0]
    columns = ask(mixed, "/v1/models/foreign:predict", signature_name="both", inputs=ROWS)["outputs"]
    assert np.array(columns["score"]) == pytest.approx(score, abs=1e-6)
    assert np.array(columns["twice"]) == pytest.approx(twice, abs=1e-6)
    rows = ask(mixed, "/v1/models/foreign:predict", signature_name="both", instances=ROWS)["predictions"]
    assert rows == [{"score": s, "twice": t} for s, t in zip(columns["score"], columns["twice"], strict=True)]


def test_a_foreign_models_signatures_are_shown_as_far_as_they_can_be_asked(
    mixed: AppServer, mixed_models: Path
) -> None:
    shown = signatures_of(mixed, "/v1/models/foreign/metadata")
    saved = signatures_in(mixed_models / "foreign" / "5")
    assert set(shown.signature_def) == {"serving_default", "both"}
    for name, signature in shown.signature_def.items():
        assert signature == saved.signature_def[name]
    for name in ("strings", "mean", "flagged", "scaled", "wider"):
        answer = mixed.post("/v1/models/foreign:predict", json={"signature_name": name, "instances": ROWS})
        assert (answer.status_code, answer.json()) == (
            400,
            {
                "error": f'Serving signature name: "{name}" not found in signature def; '
                "available signatures: both, serving_default"
            },
        )


@pytest.mark.parametrize(
    ("name", "words"), [("two-inputs", "needs one float input [n, d]"), ("fixed-size", "needs float outputs [n, …]")]
)
def test_a_foreign_model_that_cannot_be_asked_says_why_and_hurts_no_other(
    mixed: AppServer, name: str, words: str
) -> None:
    (entry,) = status_of(mixed, f"/v1/models/{name}").values()
    assert STATES.Name(entry.state) == "END"
    assert words in entry.status.error_message
    answer = mixed.post(f"/v1/models/{name}:predict", json={"instances": ROWS})
    assert answer.status_code == 404
    assert f"Servable not found for request: Latest({name})" in answer.json()["error"]
