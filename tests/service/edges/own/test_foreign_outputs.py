"""What a SavedModel from elsewhere gives: never served as a probability unless it is one, or somebody says which."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from bundle import layout
from client import BoundaryClient, InvalidError, RemoteClassifier
from harness.app_server import AppServer, serving_app
from harness.bundles import Spoil, publish
from service import CONTEXT, RECORDER
from service.edges.grpc.open_inference import procedures
from service.rpc.procedure import call_of, respond
from service.rpc.status import Refusal
from tests.service.edges.own.test_boundary import pixels

POINTS = [[0.25, 0.0], [8.0, 0.0], [-8.0, 0.0], [300.0, 25.0]]
MARGINS = [0.25, 8.0, -8.0, 250.0]
"""Of the weights (1, -2)."""


def with_card(**fields: object) -> Spoil:
    def write(bundle: Path) -> None:
        (bundle / layout.CARD).parent.mkdir(exist_ok=True)
        (bundle / layout.CARD).write_text(json.dumps(fields))

    return write


SPECIES = ["setosa", "versicolor", "virginica"]
SCORES = np.array(POINTS) @ [[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]]
"""Of the model with three outputs."""

FEATURES = [{"name": "width", "low": -2, "high": 4}, {"name": "height", "low": 0, "high": 1}]
WIDTHS = [{"name": "width", "low": 1, "high": 9}, {"name": "height", "low": 0, "high": 1}]


def as_in_triton(bundle: Path) -> None:
    with_card(output="logit")(bundle)
    saved = list(bundle.iterdir())
    (bundle / layout.NESTED).mkdir()
    for path in saved:
        path.rename(bundle / layout.NESTED / path.name)


@pytest.fixture(scope="module")
def server(foreign_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Within this process, which has TensorFlow already: a gunicorn would load it for seconds."""
    models, margin = tmp_path_factory.mktemp("outputs") / "models", foreign_models / "margin" / "1"
    publish(foreign_models / "scoring" / "1", models, "probabilities", 1)
    publish(margin, models, "values", 1)
    publish(margin, models, "logits", 1, with_card(output="logit", features=FEATURES))
    publish(margin, models, "named", 1, with_card(features=FEATURES))
    publish(margin, models, "no-probabilities", 1, with_card(output="probability"))
    publish(margin, models, "misspelt", 1, with_card(outputs="logit"))
    publish(margin, models, "other-features", 1, with_card(features=FEATURES[:1]))
    publish(margin, models, "three-classes", 1, with_card(output="logit", classes=["a", "b", "c"]))
    publish(margin, models, "priced", 1, with_card(task="regression", features=FEATURES))
    publish(margin, models, "yes-or-no", 1, with_card(output="logit", task="binary", classes=["no", "yes"]))
    publish(margin, models, "contradictory", 1, with_card(output="value", task="binary"))
    publish(foreign_models / "counting" / "1", models, "counting", 1)
    publish(foreign_models / "logarithm" / "1", models, "logarithm", 1)
    publish(foreign_models / "logarithm" / "1", models, "logarithm-of-widths", 1, with_card(features=WIDTHS))
    publish(margin, models, "as-in-triton", 1, as_in_triton)
    three = foreign_models / "three-outputs" / "1"
    publish(three, models, "scores", 1)
    publish(three, models, "ranked", 1, with_card(output="logit", task="multiclass", classes=SPECIES))
    publish(three, models, "numbered", 1, with_card(output="logit", task="multiclass"))
    publish(three, models, "no-softmax", 1, with_card(classes=SPECIES))
    publish(three, models, "two-classes", 1, with_card(output="logit", classes=SPECIES[:2]))
    with serving_app(models, default_model="values") as started:
        yield started


def test_a_version_says_what_it_gives(server: AppServer) -> None:
    outputs = {"probabilities": "probability", "values": "value", "logits": "logit", "named": "value"}
    for model, output in outputs.items():
        described = server.get(f"/models/{model}/versions/1").json()
        assert (described["output"], described["card"]) == (output, None)


def test_what_does_not_answer_each_point_by_itself_is_not_served(server: AppServer) -> None:
    (version,) = server.get("/models/counting").json()["versions"]
    assert version["reason"] == (
        "the model does not answer each point by itself: its output numbers is [1] for 2 points"
    )
    refused = server.predict(points=POINTS, model="counting")
    assert (refused.status_code, version["reason"] in refused.json()["detail"]) == (503, True)


def test_a_model_is_tried_where_its_card_says_that_it_answers(server: AppServer) -> None:
    (version,) = server.get("/models/logarithm").json()["versions"]
    assert version["state"] == "FAILED"
    assert "a card by hand says by its features' low and high where it answers" in version["reason"]
    answered = server.predict(points=[[1.0, 0.0]], model="logarithm-of-widths")
    assert answered.json()["values"] == [0.0]


def test_a_saved_model_that_lies_as_in_triton_is_served_with_its_card(server: AppServer) -> None:
    probabilities = server.predict(points=POINTS, model="as-in-triton").json()["probabilities"]
    assert probabilities == server.predict(points=POINTS, model="logits").json()["probabilities"]


def test_what_is_no_probability_is_given_as_values_without_labels(server: AppServer) -> None:
    assert server.predict(points=POINTS).json() == {"model": "values", "version": 1, "values": MARGINS}
    refused = server.predict(points=POINTS, threshold=0.5)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["threshold"])
    many = server.predict(points=POINTS, models=["probabilities", "values"]).json()["predictions"]
    assert [list(one) for one in many] == [
        ["model", "version", "probabilities", "labels"],
        ["model", "version", "values"],
    ]


def test_logits_are_given_as_probabilities_with_the_labels_of_these(server: AppServer) -> None:
    answer = server.predict(points=POINTS, model="logits").json()
    assert answer["probabilities"] == pytest.approx(1 / (1 + np.exp(-np.array(MARGINS))), abs=1e-7)
    assert answer["labels"] == [1, 1, 0, 1]
    assert server.predict(points=POINTS, model="logits", threshold=0.9).json()["labels"] == [0, 1, 0, 1]


def test_the_standards_give_the_same_numbers(server: AppServer) -> None:
    tensor = {"name": "points", "datatype": "FP32", "shape": [4, 2], "data": POINTS}
    for model, name in (("values", "values"), ("logits", "probabilities")):
        right = server.predict(points=POINTS, model=model).json()[name]
        columns = server.post(f"/v1/models/{model}:predict", json={"instances": POINTS}).json()["predictions"]
        assert [number for (number,) in columns] == right
        (output,) = server.post(f"/v2/models/{model}/infer", json={"inputs": [tensor]}).json()["outputs"]
        assert (output["name"], output["data"]) == (name, right)
        (described,) = server.get(f"/v2/models/{model}").json()["outputs"]
        assert described["name"] == name
    wanted = {"inputs": [tensor], "outputs": [{"name": "probabilities"}]}
    refused = server.post("/v2/models/values/infer", json=wanted)
    assert (refused.status_code, "there is values" in refused.json()["error"]) == (400, True)


def infer_over_http(server: AppServer, given: str, wanted: list[str]) -> tuple[str, list[int], list[float]]:
    tensor = {"name": given, "datatype": "FP32", "shape": [4, 2], "data": POINTS}
    body = {"inputs": [tensor], "outputs": [{"name": name} for name in wanted]}
    answer = server.post("/v2/models/values/infer", json=body).json()
    if "error" in answer:
        raise ValueError(answer["error"])
    (output,) = answer["outputs"]
    return output["name"], output["shape"], output["data"]


def infer_over_grpc(server: AppServer, given: str, wanted: list[str]) -> tuple[str, list[int], list[float]]:
    """Within this process, by what a worker's gRPC server calls with a message."""
    request = service_pb2.ModelInferRequest(model_name="values")
    request.inputs.add(name=given, datatype="FP32", shape=[4, 2])
    request.raw_input_contents.append(np.array(POINTS, "<f4").tobytes())
    for name in wanted:
        request.outputs.add(name=name)
    context, recorder = server.app.extensions[CONTEXT], server.app.extensions[RECORDER]
    (infer,) = [procedure for procedure in procedures if procedure.path.endswith("/ModelInfer")]
    result = respond(infer, call_of({}, recorder.begin(None), context, context.plane), request.SerializeToString())
    if isinstance(result, Refusal):
        raise ValueError(result.message)  # noqa: TRY004 (as over HTTP)
    answer = service_pb2.ModelInferResponse.FromString(result)
    (output,), (content,) = answer.outputs, answer.raw_output_contents
    return output.name, list(output.shape), np.frombuffer(content, "<f4").tolist()


@pytest.mark.parametrize("infer", [infer_over_http, infer_over_grpc])
def test_a_client_of_another_server_goes_on_with_the_names_in_the_saved_model(
    server: AppServer, infer: Callable[[AppServer, str, list[str]], tuple[str, list[int], list[float]]]
) -> None:
    ours, own = ("values", [4], MARGINS), ("margin", [4, 1], MARGINS)
    assert infer(server, "points", []) == infer(server, "inputs", ["values"]) == ours
    assert infer(server, "inputs", []) == infer(server, "points", ["margin"]) == own
    with pytest.raises(ValueError, match="there is no input 'x'; there is points, which its SavedModel calls inputs"):
        infer(server, "x", [])
    with pytest.raises(ValueError, match="there is no output 'x'; there is values, which its SavedModel calls margin"):
        infer(server, "points", ["x"])


def test_a_map_of_values_is_called_so(server: AppServer) -> None:
    grid = server.get("/boundary?model=values&resolution=3").json()
    assert grid["statistic"] == "value"
    assert np.array(grid["values"])[0].tolist() == [1.5, 3.0, 4.5]
    header = json.loads(server.get("/boundary?model=values&resolution=3&format=npy").headers["Boundary-Grid"])
    assert header["numbers"] == "values"
    refused = server.get("/boundary?model=values&minus=probabilities")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["minus"])


@pytest.mark.parametrize("model", ["values", "logits"])
def test_a_map_is_drawn(server: AppServer, model: str) -> None:
    picture = server.get(f"/boundary?model={model}&format=png&width=200")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")


def test_tiny_values_are_drawn_in_all_colours(server: AppServer) -> None:
    window = "x_min=-1e-9&x_max=1e-9&y_min=-1e-9&y_max=1e-9"
    picture = pixels(server.get(f"/boundary?model=priced&format=png&width=300&{window}").content)
    axes = picture[100:150, 70:180]
    assert np.ptp(axes, axis=(0, 1)).min() > 0.2  # of red, green and blue


def test_a_card_that_somebody_wrote_names_the_features_and_where_they_are_drawn(server: AppServer) -> None:
    grid = server.get("/boundary?model=logits&resolution=2").json()
    assert (grid["x"], grid["y"]) == ([-2, 4], [0, 1])
    refused = server.predict(points=[[1, 2, 3]], model="logits")
    assert "(width, height)" in refused.json()["errors"]["points"][0]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("no-probabilities", "some numbers lie outside [0, 1]; write logit or value"),
        ("misspelt", "unknown field; valid fields: output, task, classes, features."),
        ("other-features", "the card lists 1 features, the model takes 2"),
        ("three-classes", "has 3 and gives one number"),
        ("two-classes", "names 2 classes (setosa, versicolor), the model gives 3 numbers a point"),
        ("no-softmax", "write the output logit, if they are such"),
        ("contradictory", "write logit or probability, or the task regression"),
    ],
)
def test_a_card_that_cannot_be_right_is_refused_with_the_remedy(server: AppServer, model: str, reason: str) -> None:
    (version,) = server.get(f"/models/{model}").json()["versions"]
    assert version["state"] == "FAILED"
    assert reason in version["reason"]


def test_several_numbers_of_which_nothing_is_known_are_given_as_they_are(server: AppServer) -> None:
    body = server.predict(points=POINTS, model="scores").json()
    assert list(body) == ["model", "version", "values"]
    assert np.allclose(body["values"], SCORES)
    assert server.post("/v1/models/scores:predict", json={"instances": POINTS}).json()["predictions"] == body["values"]
    refused = server.get("/boundary?model=scores")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["model"])
    assert "gives 3 numbers a point and nothing says what they are" in refused.json()["detail"]


def test_a_card_that_somebody_wrote_makes_classes_of_them(server: AppServer) -> None:
    softmax = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    for model, classes in (("ranked", SPECIES), ("numbered", ["0", "1", "2"])):
        body = server.predict(points=POINTS, model=model).json()
        assert np.allclose(body["probabilities"], softmax, atol=1e-6)
        assert body["labels"] == [classes[i] for i in softmax.argmax(axis=1)]
        assert server.get(f"/models/{model}/versions/1").json()["classes"] == classes
    grid = server.get("/boundary?model=ranked&resolution=2&class=virginica").json()
    assert np.shape(grid["probabilities"]) == (2, 2)


def test_a_card_that_somebody_wrote_names_two_classes_or_a_task(server: AppServer) -> None:
    assert server.predict(points=POINTS, model="yes-or-no").json()["labels"] == ["yes", "yes", "no", "yes"]
    described = server.get("/models/priced/versions/1").json()
    assert (described["task"], described["output"], described["classes"]) == ("regression", "value", [])
    assert server.predict(points=POINTS, model="priced").json()["values"] == MARGINS


def test_the_client_has_them_apart(server: AppServer) -> None:
    with BoundaryClient(server.url) as client:
        assert client.predict(POINTS).values.tolist() == MARGINS
        assert client.predict(POINTS, "logits").values.tolist() == []
        boundary = client.boundary("values", resolution=3)
        assert (boundary.quantity, boundary.are_probabilities) == ("value", False)
        assert boundary.plot().surface_.get_clim() == pytest.approx((-4.5, 4.5))
        with pytest.raises(TypeError, match="it is no classifier"):
            RemoteClassifier(client, "values").predict(POINTS)
        with pytest.raises(InvalidError, match="threshold"):
            client.predict(POINTS, "values", threshold=0.5)
