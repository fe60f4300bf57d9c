"""The examples, run as their README says, print what the service's other answers say too; and so do the pages' own."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from harness.app_server import serving_app
from tests import console
from tests.conftest import ROOT, Server

EXAMPLES = ROOT / "examples"
MIGRATION = ROOT / "docs" / "migration.md"
POINTS = [[0.1, 0.2], [0.9, -0.4]]
COMMANDS = dict(re.findall(r"^\| \[([^]]+)\].*\| `([^`]+)` \|$", (EXAMPLES / "README.md").read_text(), re.MULTILINE))

Run = Callable[[str], list[str]]


@pytest.fixture
def run(server: Server) -> Run:
    """Run an example by its README's command and return the lines that it prints."""

    def run_it(name: str) -> list[str]:
        program, *arguments = shlex.split(COMMANDS[name])
        command = [sys.executable if program == "python" else program, *arguments]
        environment = {**os.environ, "BOUNDARY_URL": server.url}
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout.splitlines()

    return run_it


@pytest.fixture(scope="module")
def expected(server: Server) -> list[float]:
    """P(y = 1) of POINTS."""
    found: list[float] = server.predict(points=POINTS, model="tanh-10-10").json()["probabilities"]
    return found


def test_every_example_is_in_the_readme() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {*COMMANDS, "README.md", "__init__.py"}


def test_curl_gets_the_same_of_every_interface(run: Run, server: Server, expected: list[float]) -> None:
    own, boundary, rows, columns, states, infer, metadata = [
        json.loads(line) for line in run("curl.sh") if line.startswith("{")
    ]
    assert own["probabilities"] == rows["predictions"] == columns["outputs"] == infer["outputs"][0]["data"] == expected
    nodes = [[x, y] for y in boundary["y"] for x in boundary["x"]]
    there = server.predict(points=nodes, model="tanh-10-10").json()["probabilities"]
    assert np.ravel(boundary["probabilities"]) == pytest.approx(there, abs=1e-6)
    assert [found["version"] for found in states["model_version_status"]] == metadata["versions"] == ["1"]


def test_the_python_client_predicts_draws_and_compares(run: Run, server: Server, expected: list[float]) -> None:
    linear, deep, boundary, *records = run("predict.py")
    ours = server.predict(points=POINTS, model="linear").json()
    assert _numbers(linear.partition(") = ")[2]) == pytest.approx([*ours["probabilities"], *ours["labels"]])
    assert _numbers(deep.partition(") = ")[2]) == pytest.approx([*expected, 0, 1])
    values = np.array(server.get("/boundary?model=tanh-10-10&resolution=200").json()["probabilities"])
    assert boundary == f"tanh-10-10: {(values < 0.5).sum()} of 40000 nodes are class 0"
    compared = server.get("/comparison").json()["models"]
    for record, model in zip(records, compared, strict=True):
        name, _, accuracy = record.partition(": accuracy ")
        assert name == model["model"]
        mean, low, high = _numbers(accuracy.replace("95%", ""))
        assert [mean, low, high] == pytest.approx([model["accuracy"]["mean"], *model["accuracy"]["ci95"]], abs=6e-4)


def test_tensorflow_servings_calls_are_answered(run: Run, expected: list[float]) -> None:
    states, metadata, predictions, error, status = run("tensorflow_serving.sh")
    (state,) = json.loads(states)["model_version_status"]
    assert state == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert '"inputs":{"points":{"dtype":"DT_FLOAT"' in metadata
    assert json.loads(predictions)["predictions"] == expected
    assert json.loads(error)["error"].startswith("Servable not found for request: Latest(half)")
    assert status == "status 404"


def test_a_client_written_for_tensorflow_serving_works(run: Run, expected: list[float]) -> None:
    states, given, predictions = run("tensorflow_serving_client.py")
    assert (states, given) == ("versions: 1 AVAILABLE", "input: points DT_FLOAT [-1, 2]")
    assert json.loads(predictions.removeprefix("predictions: ")) == expected


def test_tritons_client_works(run: Run, server: Server, expected: list[float]) -> None:
    extensions, *tensors, probabilities = run("triton_client.py")
    assert extensions == "boundary-service has " + ", ".join(server.get("/v2").json()["extensions"])
    assert tensors == ["inputs: points FP32 [-1, 2]", "outputs: probabilities FP32 [-1]"]
    assert _numbers(probabilities) == [float(np.float32(value)) for value in expected]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_reads_json_and_npy(run: Run, server: Server, expected: list[float]) -> None:
    prediction, boundary = run("fetch.mjs")
    assert prediction.startswith("tanh-10-10 version 1: ")
    assert _numbers(prediction.partition("=")[2].removeprefix(" 1) =")) == pytest.approx([*expected, 0, 1])
    answer = server.get("/boundary?model=tanh-10-10&resolution=101").json()
    x, along = np.array(answer["x"]), np.array(answer["probabilities"])[50] < 0.5  # y = 0
    (changes,) = np.nonzero(along[1:] != along[:-1])
    assert boundary.startswith("101 × 101 nodes;")
    assert len(changes) == 2
    assert _numbers(boundary.partition("x =")[2]) == pytest.approx((x[changes] + x[changes + 1]) / 2, abs=6e-4)


R_IS_THERE = (
    shutil.which("Rscript") and subprocess.run(["Rscript", "-e", "library(httr2)"], capture_output=True).returncode == 0
)


@pytest.mark.skipif(not R_IS_THERE, reason="R with httr2 is not installed")
def test_r_predicts_draws_and_compares(run: Run, server: Server, expected: list[float]) -> None:
    prediction, boundary, _, *table = run("httr2.R")
    assert _numbers(prediction.removeprefix("tanh-10-10 says")) == pytest.approx([*expected, 0, 1], rel=1e-5)
    values = server.get("/boundary?model=tanh-10-10&resolution=101").json()["probabilities"]
    assert _numbers(boundary) == [101, 101, (np.array(values) < 0.5).sum(), 0]
    compared = server.get("/comparison").json()["models"]
    assert [row.split()[0] for row in table] == [model["model"] for model in compared]
    for row, model in zip(table, compared, strict=True):
        means = [model["accuracy"]["mean"], *model["accuracy"]["ci95"]]
        assert [float(cell) for cell in row.split()[1:]] == pytest.approx(means, abs=1e-6)


Outputs = dict[str, list[nbformat.NotebookNode]]


@pytest.fixture(scope="module")
def outputs(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """The notebook's outputs by the ids of its cells."""
    notebook = _notebook()
    directory = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BOUNDARY_URL", server.url)
        environment.setenv("PYTHONPATH", str(ROOT))
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            environment.setenv(name, str(directory / name))
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = _notebook()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in cells if cell.outputs or cell.execution_count] == []


def test_the_notebook_prints_no_warning(outputs: Outputs) -> None:
    kinds = {output.output_type for found in outputs.values() for output in found}
    assert kinds == {"display_data", "execute_result"}


@pytest.mark.parametrize("cell", ["boundaries", "runs", "spread", "sklearn"])
def test_the_notebook_draws(outputs: Outputs, cell: str) -> None:
    (picture,) = [output.data["image/png"] for output in outputs[cell] if output.output_type == "display_data"]
    assert len(picture) > 10_000


def test_the_notebooks_table_is_the_comparison(outputs: Outputs, server: Server) -> None:
    shown = _table(outputs["table"])
    for model in server.get("/comparison").json()["models"]:
        accuracy = model["accuracy"]
        of_accuracy = [accuracy["mean"], *accuracy["ci95"], accuracy["min"], accuracy["max"]]
        assert [float(cell) for cell in shown[model["model"]][2:]] == pytest.approx(of_accuracy, abs=6e-4)


def test_the_notebooks_spread_is_the_boundarys(outputs: Outputs, server: Server) -> None:
    shown = _table(outputs["deviation"])
    for name in ("linear", "tanh-3", "relu-10-10"):
        values = server.get(f"/boundary?model={name}&statistic=std&resolution=80").json()["values"]
        assert float(shown[name][0]) == pytest.approx(np.mean(values), abs=6e-4)


def test_the_notebooks_classifier_is_as_good_as_the_comparison_says(outputs: Outputs, server: Server) -> None:
    (score,) = [output.data["text/plain"] for output in outputs["sklearn"] if output.output_type == "execute_result"]
    served = {model["model"]: model["served"] for model in server.get("/comparison").json()["models"]}
    assert float(score) == pytest.approx(served["tanh-10-10"]["accuracy"])


def test_what_the_notebook_concludes_of_its_recipe_is_so(server: Server) -> None:
    comparison = server.get("/comparison").json()
    accuracy = {model["model"]: model["accuracy"] for model in comparison["models"]}
    apart = {(pair["a"], pair["b"]): pair["mean_difference"] for pair in comparison["pairs"]}
    for kind in ("tanh", "relu"):
        few, many, deep = f"{kind}-3", f"{kind}-10", f"{kind}-10-10"
        assert accuracy["linear"]["max"] < 0.6
        assert accuracy[few]["min"] < 0.8 < 0.93 < accuracy[few]["max"]
        assert min(accuracy[many]["min"], accuracy[deep]["min"]) > 0.93
    assert accuracy["tanh-3"]["mean"] == pytest.approx(0.867, abs=0.001)
    assert -0.02 < apart["tanh-10", "tanh-10-10"] < -0.01
    assert apart["relu-10", "relu-10-10"] == pytest.approx(-0.005, abs=0.001)


def test_the_notebook_says_of_its_pairs_what_the_comparison_does(outputs: Outputs, server: Server) -> None:
    pairs = server.get("/comparison").json()["pairs"]
    (frame,) = [output.data["text/html"] for output in outputs["pairs"]]
    for pair in pairs:
        if (pair["a"], pair["b"]) in {("tanh-3", "tanh-10"), ("tanh-10-10", "relu-10-10")}:
            assert f"<td>{pair['mean_difference']:.4f}</td>" in frame
            assert f"<td>{pair['verdict']}</td>" in frame


@pytest.mark.parametrize("example", console.examples(MIGRATION), ids=lambda example: example[0][:70])
def test_a_call_on_the_migration_page_gives_its_answer(
    server: Server, tmp_path: Path, example: console.Example
) -> None:
    console.check(example, server, tmp_path)


@pytest.mark.parametrize("document", [MIGRATION, EXAMPLES / "README.md"], ids=lambda path: path.name)
def test_every_file_that_is_linked_exists(document: Path) -> None:
    console.check_links(document)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/linear/labels/stable"),
        ("POST", "/v1/models/linear/labels/stable:predict"),
        ("POST", "/v1/models/linear:classify"),
        ("POST", "/v1/models/linear:regress"),
        ("GET", "/monitoring/prometheus/metrics"),
        ("GET", "/v2/systemsharedmemory/status"),
        ("GET", "/v2/trace/setting"),
        ("GET", "/v2/logging"),
    ],
)
def test_what_the_migration_page_says_is_not_there_is_not(server: Server, method: str, path: str) -> None:
    assert {"GET": server.get, "POST": server.post}[method](path).status_code in (404, 405)


@pytest.mark.parametrize("point", ["[NaN, 0.1]", "[Infinity, 0.1]", "[1e21, 0.1]", '["0.1", 0.1]', '{"b64": "AAAA"}'])
def test_points_that_the_migration_page_says_are_refused_are(server: Server, point: str) -> None:
    answer = server.post("/v1/models/linear:predict", data=f'{{"instances": [{point}]}}')
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_folders_are_served_as_the_migration_page_says(models_dir: Path, tmp_path: Path) -> None:
    """Where a model's versions lie elsewhere, a link serves them; a version is gone back from by removing it."""
    elsewhere, models = tmp_path / "elsewhere", tmp_path / "models"
    for version in ("0", "7", "00000008", "9", "10"):
        shutil.copytree(models_dir / "linear" / "1", elsewhere / version)
    models.mkdir()
    (models / "mine").symlink_to(elsewhere)
    with serving_app(models) as server:

        def served() -> list[str]:
            states = server.get("/v1/models/mine").json()["model_version_status"]
            return [found["version"] for found in states if found["state"] == "AVAILABLE"]

        assert served() == ["10", "9"]
        assert server.get("/v1/models/mine/versions/0/metadata").json()["model_spec"]["version"] == "10"
        shutil.rmtree(elsewhere / "10")
        server.refresh()
        assert served() == ["9", "7"]


def _notebook() -> nbformat.NotebookNode:
    read: Callable[..., nbformat.NotebookNode] = nbformat.read
    return read(EXAMPLES / "boundaries.ipynb", as_version=4)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", text)]


def _table(found: list[nbformat.NotebookNode]) -> dict[str, list[str]]:
    """Return the cells of a data frame that was shown, by its index."""
    rows = re.findall(r"<tr>(.*?)</tr>", found[0].data["text/html"], re.DOTALL)
    return {name: re.findall(r"<td>(.*?)</td>", row) for row in rows for name in re.findall(r"<th>(.+?)</th>", row)[:1]}
