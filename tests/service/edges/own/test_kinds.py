"""Models of several classes, of classes with names, and regressions: what each interface answers for them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from tests.conftest import Server

PORTS = ["Cherbourg", "Queenstown, IE", "Southampton"]
SPECIES = ["setosa", "versicolor", "virginica"]
POINTS = {
    "flowers": [[1.0, 2.0], [7.0, 0.0], [3.0, 1.5]],
    "prices": [[30.0, 4.0, 1.0, 0.5], [200.0, 2.0, 90.0, -0.5]],
    "survival": [[30.0, 14.0, 0.0], [4.0, 400.0, 1.0], [70.0, 20.0, 2.0]],
}
Expected = Callable[[str], NDArray[np.float32]]


@pytest.fixture(scope="module")
def expected(kinds_models: Path) -> Expected:
    """What TensorFlow answers for the points of a model."""

    def evaluate(name: str) -> NDArray[np.float32]:
        signature = tf.saved_model.load(str(kinds_models / name / "1")).signatures["serving_default"]
        (values,) = signature(points=tf.constant(POINTS[name], tf.float32)).values()
        answer: NDArray[np.float32] = values.numpy()
        return answer

    return evaluate


def near(values: Any, expected: NDArray[np.float32]) -> bool:
    return np.shape(values) == expected.shape and bool(np.allclose(values, expected, rtol=1e-5, atol=1e-6))


def test_several_classes_have_a_probability_each_and_the_most_probable_ones_name(
    kinds_server: Server, expected: Expected
) -> None:
    body = kinds_server.predict(points=POINTS["flowers"], model="flowers").json()
    assert list(body) == ["model", "version", "probabilities", "labels", "classes"]
    right = expected("flowers")
    assert near(body["probabilities"], right)
    assert body["classes"] == SPECIES
    assert body["labels"] == [SPECIES[i] for i in right.argmax(axis=1)]


def test_two_named_classes_have_the_seconds_probability_and_names_for_labels(
    kinds_server: Server, expected: Expected
) -> None:
    body = kinds_server.predict(points=POINTS["survival"], model="survival").json()
    right = expected("survival")
    assert near(body["probabilities"], right)
    assert body["classes"] == ["no", "yes"]
    assert body["labels"] == ["yes" if p >= 0.5 else "no" for p in right]
    threshold = float(np.sort(right)[1])
    strict = kinds_server.predict(points=POINTS["survival"], model="survival", threshold=threshold).json()
    assert strict["labels"] == ["yes" if p >= threshold else "no" for p in right]


def test_classes_0_and_1_stay_numbers_without_a_list_of_them(kinds_server: Server) -> None:
    body = kinds_server.predict(points=[[0, 0, 0], [1.5, 1.5, 1.5]], model="round").json()
    assert list(body) == ["model", "version", "probabilities", "labels"]
    assert body["labels"] == [0, 1]


def test_a_regression_has_values_alone(kinds_server: Server, expected: Expected) -> None:
    body = kinds_server.predict(points=POINTS["prices"], model="prices").json()
    assert list(body) == ["model", "version", "values"]
    assert near(body["values"], expected("prices"))


@pytest.mark.parametrize(("model", "words"), [("flowers", ", ".join(SPECIES)), ("prices", "gives values")])
def test_a_threshold_is_for_two_classes(kinds_server: Server, model: str, words: str) -> None:
    answer = kinds_server.predict(points=POINTS[model], model=model, threshold=0.4)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["threshold"])
    assert words in answer.json()["detail"]


def test_models_of_every_kind_answer_together(kinds_server: Server) -> None:
    """`all` is every model that takes as many numbers a point."""
    found = kinds_server.predict(points=[[1, 2]], models="all").json()["predictions"]
    assert [prediction["model"] for prediction in found] == ["flowers", "flowers-linear"]
    found = kinds_server.predict(points=[[1, 2, 1]], models=["survival", "round"]).json()["predictions"]
    assert [prediction.get("classes") for prediction in found] == [["no", "yes"], None]


def test_a_category_may_be_named_in_place_of_its_position(kinds_server: Server) -> None:
    named = [[*numbers, PORTS[int(port)]] for *numbers, port in POINTS["survival"]]
    by_name, by_position = (
        kinds_server.predict(points=points, model="survival").json() for points in (named, POINTS["survival"])
    )
    assert by_name == by_position
    mixed = [named[0], POINTS["survival"][1], named[2]]
    assert kinds_server.predict(points=mixed, model="survival").json() == by_position


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[1, 2, 0], [1, 2, "Dover"]], ["point 1", "port", "'Dover'", *PORTS]),
        ([[1, "Cherbourg", 0]], ["point 0", "fare has no categories"]),
        ([[1, 2, 3]], ["point 0 has 3 for port", "from 0 to 2", *PORTS]),
        ([[1, 2, 0.5]], ["point 0 has 0.5 for port"]),
        ([["1", 2, 0]], ["age has no categories"]),
        ([[1, "Cherbourg"]], ["takes 3 numbers", "not 2"]),
        ([[1, 2, ["Cherbourg"]]], ["numbers only"]),
        ([[1, 2, 0], [1, 2, True]], ["point 1 must not hold true or false", "the name of a category"]),
        ([[1, 1e39, "Cherbourg"]], ["point 0 must hold finite numbers"]),
    ],
)
def test_what_is_no_category_is_422_and_the_categories_are_listed(
    kinds_server: Server, points: Sequence[Any], words: Sequence[str]
) -> None:
    answer = kinds_server.predict(points=points, model="survival")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["points"])
    for word in words:
        assert word in answer.json()["detail"]


def test_a_missing_value_is_filled_in_where_the_model_learned_to(kinds_server: Server) -> None:
    with_null, with_fill = (
        kinds_server.predict(points=[[age, 20, port]], model="survival").json()
        for age, port in ((None, "Southampton"), (30, 2))
    )
    assert with_null == with_fill
    refused = kinds_server.predict(points=[[1, 2, 0], [1, None, 2]], model="round")
    assert refused.status_code == 422
    assert "point 1 has no value of x2, and the model fills in none; send a number." in refused.json()["detail"]


@pytest.mark.parametrize("model", ["flowers", "prices", "survival"])
def test_the_standards_carry_the_same_tensors(kinds_server: Server, expected: Expected, model: str) -> None:
    right = expected(model)
    name = "values" if model == "prices" else "probabilities"
    points, width = POINTS[model], len(POINTS[model][0])
    shape = list(right.shape)
    rows = kinds_server.post(f"/v1/models/{model}:predict", json={"instances": points}).json()["predictions"]
    columns = kinds_server.post(f"/v1/models/{model}:predict", json={"inputs": points}).json()["outputs"]
    assert near(rows, right)
    assert near(columns, right)
    signatures = kinds_server.get(f"/v1/models/{model}/metadata").json()["metadata"]["signature_def"]["signature_def"]
    sizes = [int(dim["size"]) for dim in signatures["serving_default"]["outputs"][name]["tensor_shape"]["dim"]]
    assert sizes == [-1, *shape[1:]]
    tensor = {"name": "points", "datatype": "FP32", "shape": [len(points), width], "data": points}
    (output,) = kinds_server.post(f"/v2/models/{model}/infer", json={"inputs": [tensor]}).json()["outputs"]
    assert (output["name"], output["shape"]) == (name, shape)
    assert near(np.reshape(output["data"], shape), right)
    binary = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    answer = kinds_server.post(f"/v2/models/{model}/infer", json=binary)
    length = int(answer.headers["Inference-Header-Content-Length"])
    assert near(np.frombuffer(answer.content[length:], "<f4").reshape(shape), right)
    (described,) = kinds_server.get(f"/v2/models/{model}").json()["outputs"]
    assert described == {"name": name, "datatype": "FP32", "shape": [-1, *shape[1:]]}
    (configured,) = kinds_server.get(f"/v2/models/{model}/config").json()["output"]
    assert configured["dims"] == (shape[1:] or [1])
    assert ("reshape" in configured) == (len(shape) == 1)


def test_a_version_says_its_task_and_classes(kinds_server: Server) -> None:
    kinds = {
        "flowers": ("multiclass", "probability", SPECIES),
        "prices": ("regression", "value", []),
        "survival": ("binary", "probability", ["no", "yes"]),
        "round": ("binary", "probability", ["0", "1"]),
    }
    for model, kind in kinds.items():
        found = kinds_server.get(f"/models/{model}/versions/1").json()
        assert (found["task"], found["output"], found["classes"]) == kind
        assert (found["card"]["task"], found["card"]["classes"]) == (kind[0], kind[2])
        assert found["engine"] == "litert"


@pytest.mark.parametrize("model", ["flowers", "prices", "survival"])
def test_with_the_weights_a_network_can_be_evaluated_elsewhere(
    kinds_server: Server, expected: Expected, model: str
) -> None:
    found = kinds_server.get(f"/models/{model}/versions/1/weights?epoch=5").json()
    x = np.array(POINTS[model])
    if "feature_fill" in found:
        x = np.where(np.isnan(x), found["feature_fill"], x)
    if "feature_mean" in found:
        x = (x - found["feature_mean"]) / found["feature_sd"]
    if model == "survival":  # its port has three categories
        x = np.column_stack([x[:, :2], np.eye(3)[x[:, 2].astype(int)]])
    *hidden, last = found["layers"]
    for layer in hidden:
        x = np.tanh(x @ layer["kernel"][0] + layer["bias"][0])
    z = x @ last["kernel"][0] + last["bias"][0]
    answers = {
        "flowers": lambda: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "prices": lambda: z[:, 0] * 50 + 200,
        "survival": lambda: 1 / (1 + np.exp(-z[:, 0])),
    }
    assert near(answers[model](), expected(model))


def test_the_data_have_names_for_labels_values_of_a_target_and_null_for_what_is_missing(kinds_server: Server) -> None:
    flowers, prices, survival, plain = (
        kinds_server.get(f"/dataset?experiment={name}").json() for name in ("flowers", "prices", "survival", "round")
    )
    assert (set(flowers["labels"]), flowers["classes"], flowers["target"]) == (set(SPECIES), SPECIES, "species")
    assert all(isinstance(label, float) for label in prices["labels"])
    assert ("classes" in prices, prices["target"]) == (False, "price")
    assert [i for i, point in enumerate(survival["points"]) if None in point] == [3]
    assert set(survival["labels"]) == {"no", "yes"}
    assert set(plain["labels"]) == {0, 1}
    assert list(plain) == ["experiment", "features", "points", "labels", "split", "true_boundary"]
    rows = kinds_server.get("/dataset?experiment=flowers&format=csv").text.splitlines()
    assert rows[0] == "length,width,label,split"
    assert rows[1].split(",")[2] == flowers["labels"][0]


def test_the_comparison_of_a_regression_is_by_r2_with_its_errors(kinds_server: Server) -> None:
    path = "/comparison?experiment=prices"
    document = kinds_server.get(path).json()
    assert (document["dataset"]["task"], document["models"][0]["accuracy"]) == ("regression", None)
    assert document["models"][0]["metrics"]["r2"]["values"] == [0.75, 0.8]
    header, first, *_ = kinds_server.get(path, headers={"Accept": "text/csv"}).text.splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert (row["model"], row["served_r2"], row["served_rmse"], row["r2_mean"]) == ("prices", "0.75", "12.5", "0.775")
    assert (row["mae_mean"], row["accuracy_mean"]) == ("9.275", "")
    table = kinds_server.get(path, headers={"Accept": "text/markdown"}).text
    assert "R²" in table
    assert "RMSE" in table
    assert "0.775" in table
    assert "accuracy" not in table


@pytest.mark.parametrize("experiment", ["flowers", "prices", "survival"])
def test_a_comparison_of_every_kind_is_drawn(kinds_server: Server, experiment: str) -> None:
    picture = kinds_server.get(f"/comparison?experiment={experiment}&format=png&width=300")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")


def test_the_comparison_of_several_classes_has_no_cells_of_two(kinds_server: Server) -> None:
    answer = kinds_server.get("/comparison?experiment=flowers&format=csv")
    assert answer.status_code == 200
    assert "served_accuracy" in answer.text
    assert "served_tn" not in answer.text
    assert "test accuracy" in kinds_server.get("/comparison?experiment=flowers&format=markdown").text


def test_the_document_lets_categories_and_missing_values_be_sent_where_a_model_takes_them(
    kinds_server: Server, server: Server
) -> None:
    def number(of: Server) -> dict[str, Any]:
        schemas = of.get("/openapi.json").json()["components"]["schemas"]
        found: dict[str, Any] = schemas["PredictRequest"]["properties"]["points"]["items"]["items"]
        return found

    assert [kind["type"] for kind in number(kinds_server)["anyOf"]] == ["number", "string", "null"]
    assert number(server)["type"] == "number"
