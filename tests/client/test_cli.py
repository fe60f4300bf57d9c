"""`python -m client` against a real service.

What depends on the process, such as its encodings, runs in one of its own; Python takes half a second to start there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from client.cli import main
from tests.client.scripted import scripted
from tests.conftest import MODELS, ROOT, Server, free_port

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]


def run_client(*arguments: str, **environment: str) -> Completed:
    return subprocess.run(
        [sys.executable, "-m", "client", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def invoke(*arguments: str) -> Completed:
    """Run the command within this process, in a terminal of 80 columns."""
    ended = CliRunner(env={"COLUMNS": "80"}).invoke(
        main, arguments, prog_name="python -m client", catch_exceptions=False
    )
    return Completed(arguments, ended.exit_code, ended.stdout, ended.stderr)


@pytest.fixture
def run(server: Server) -> Run:
    def run(*arguments: str) -> Completed:
        return invoke("--url", server.url, *arguments)

    return run


def succeeded(done: Completed) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│┃\n").replace("┃", "│").split("│")]


def rows(table: str) -> list[list[str]]:
    return [cells(line) for line in table.splitlines() if line.startswith(("│", "┃"))]


def test_predict_prints_a_row_a_point_also_with_negative_coordinates(run: Run) -> None:
    header, *points = rows(succeeded(run("predict", "0.1,0.2", "-0.9,-0.4", "-1e-1,-.05")))
    assert header == ["point", "model", "version", "P(y = 1)", "label"]
    assert [(row[0], row[1], row[4]) for row in points] == [
        ("0.1, 0.2", "tanh-10-10", "0"),
        ("-0.9, -0.4", "tanh-10-10", "1"),
        ("-0.1, -0.05", "tanh-10-10", "0"),
    ]


def test_predict_prints_json_with_the_services_digits(run: Run, server: Server) -> None:
    printed = json.loads(succeeded(run("predict", "0.1,0.2", "--model", "tanh-3", "--version", "1", "--json")))
    assert printed == server.predict(points=[[0.1, 0.2]], model="tanh-3").json()
    low = json.loads(succeeded(run("predict", "0.1,0.2", "--threshold", "0", "--json")))
    assert low["labels"] == [1]


def test_predict_asks_several_models_or_all(run: Run) -> None:
    two = json.loads(succeeded(run("predict", "0,0", "--model", "tanh-3", "--model", "linear", "--json")))
    assert [prediction["model"] for prediction in two["predictions"]] == ["tanh-3", "linear"]
    _, *every = rows(succeeded(run("predict", "0,0", "--all")))
    assert {row[1] for row in every} == set(MODELS)


def test_boundary_sums_up_or_prints_the_grid(run: Run, server: Server) -> None:
    table = rows(succeeded(run("boundary", "--resolution", "20")))
    assert table[:4] == [
        ["replicate", "0"],
        ["epoch", "500"],
        ["x", "-1.5 to 1.5, 20 nodes"],
        ["y", "-1.5 to 1.5, 20 nodes"],
    ]
    assert [name for name, _ in table[4:]] == ["P(y = 1)", "P(y = 1) ≥ 0.5"]
    bounds = ["--x-min", "-1", "--x-max", "0", "--y-min", "-2", "--y-max", "2"]
    options = ["--model", "tanh-3", "--version", "1", "--resolution", "3", *bounds]
    printed = json.loads(succeeded(run("boundary", *options, "--json")))
    served = server.get("/boundary?model=tanh-3&x_min=-1&x_max=0&y_min=-2&y_max=2&resolution=3").json()
    assert printed == served


@pytest.mark.parametrize(
    ("arguments", "replicate", "names"),
    [
        (["--replicate", "2", "--epoch", "0"], "2", ["P(y = 1)", "P(y = 1) ≥ 0.5"]),
        (["--statistic", "mean"], "all", ["mean of P(y = 1)", "mean of P(y = 1) ≥ 0.5"]),
        (["--statistic", "std"], "all", ["std of P(y = 1)"]),
        (["--statistic", "agreement"], "all", ["agreement"]),
        (["--minus", "linear"], "0", ["P(tanh-3) − P(linear)"]),
        (["--layer", "1", "--unit", "3"], "0", ["layer 1, unit 3"]),
    ],
)
def test_boundary_asks_for_runs_epochs_statistics_differences_and_units(
    run: Run, server: Server, arguments: list[str], replicate: str, names: list[str]
) -> None:
    options = ["--model", "tanh-3", "--resolution", "3", *arguments]
    query = "&".join(f"{name[2:]}={value}" for name, value in zip(options[::2], options[1::2], strict=True))
    served = server.get(f"/boundary?{query}").json()
    assert json.loads(succeeded(run("boundary", *options, "--json"))) == served
    table = rows(succeeded(run("boundary", *options)))
    assert table[:2] == [["replicate", replicate], ["epoch", str(served["epoch"])]]
    assert [name for name, _ in table[4:]] == names


def test_boundary_writes_the_kind_of_file_that_its_name_says(run: Run, server: Server, tmp_path: Path) -> None:
    grid = server.get("/boundary?resolution=9").json()
    for name in ("b.npy", "b.json", "b.png", "B.PNG"):
        done = run("boundary", "--resolution", "9", "--width", "222", "-o", str(tmp_path / name))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", f"wrote {tmp_path / name}\n")
    values = np.load(tmp_path / "b.npy", allow_pickle=False)
    assert values.dtype == np.float32
    assert np.array_equal(values, np.array(grid["probabilities"], np.float32))
    written = json.loads((tmp_path / "b.json").read_text())
    assert (written["x"], written["probabilities"]) == (grid["x"], grid["probabilities"])
    for name in ("b.png", "B.PNG"):
        picture = (tmp_path / name).read_bytes()
        assert (picture[:4], int.from_bytes(picture[16:20], "big")) == (b"\x89PNG", 222)


def test_boundary_refuses_a_file_it_cannot_write_before_or_after_asking(run: Run, tmp_path: Path) -> None:
    unknown = run("boundary", "-o", str(tmp_path / "b.gif"))
    assert (unknown.returncode, unknown.stderr.splitlines()[-1]) == (
        2,
        "Error: the file's name must end in one of .png, .npy, .json",
    )
    missing = tmp_path / "missing" / "b.npy"
    nowhere = run("boundary", "--resolution", "2", "-o", str(missing))
    assert nowhere.returncode == 1
    assert nowhere.stderr == f"Error: {missing} cannot be written: No such file or directory\n"
    both = run("boundary", "-o", str(tmp_path / "b.npy"), "--json")
    assert (both.returncode, both.stderr.splitlines()[-1]) == (2, "Error: --output and --json cannot be combined")
    assert list(tmp_path.iterdir()) == []


def test_comparison_prints_a_row_a_model_and_with_pairs_a_row_a_pair(run: Run, server: Server) -> None:
    served = server.get("/comparison").json()
    _, *headings, names = (printed := succeeded(run("comparison")).splitlines())[:3]
    assert headings[0].split() == ["test", "95%"]
    assert names.split() == ["model", "layers", "accuracy", "interval", "range", "exact", "served", "notebook"]
    assert [line.split()[:3] for line in printed[3:]] == [
        [
            model["model"],
            "-".join(map(str, model["hidden_layers"])) or "none",
            f"{model['accuracy']['mean']:.3f}",
        ]
        for model in served["models"]
    ]
    with_pairs = rows(succeeded(run("comparison", "--pairs")))
    assert [row[:2] for row in with_pairs[1:]] == [[pair["a"], pair["b"]] for pair in served["pairs"]]
    assert json.loads(succeeded(run("comparison", "--json"))) == served


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "0,0"],
        ["boundary"],
        ["boundary", "--minus", "linear"],
        ["comparison", "--pairs"],
        ["models"],
        ["dataset"],
    ],
)
def test_no_output_fails_for_its_characters_or_is_cut_in_80_columns(server: Server, arguments: list[str]) -> None:
    ascii_terminal = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    printed = succeeded(run_client("--url", server.url, *arguments, **ascii_terminal))
    assert printed.isascii()
    assert "…" not in succeeded(invoke("--url", server.url, *arguments))


def test_comparison_writes_the_kind_of_file_that_its_name_says(run: Run, server: Server, tmp_path: Path) -> None:
    for name in ("c.png", "c.csv", "c.MD", "c.json"):
        done = run("comparison", "--experiment", "gaussian-quantiles", "--width", "444", "-o", str(tmp_path / name))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", f"wrote {tmp_path / name}\n")
    picture = (tmp_path / "c.png").read_bytes()
    assert (picture[:4], int.from_bytes(picture[16:20], "big")) == (b"\x89PNG", 444)
    assert (tmp_path / "c.csv").read_bytes() == server.get("/comparison?format=csv").content
    assert (tmp_path / "c.MD").read_bytes() == server.get("/comparison?format=markdown").content
    assert json.loads((tmp_path / "c.json").read_text()) == server.get("/comparison").json()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("c.npy", [], "the file's name must end in one of .png, .csv, .md, .json"),
        ("c.png", ["--json"], "--output cannot be combined with --json or --pairs"),
        ("c.csv", ["--pairs"], "--output cannot be combined with --json or --pairs"),
    ],
)
def test_comparison_refuses_a_file_it_cannot_write(
    tmp_path: Path, name: str, arguments: list[str], message: str
) -> None:
    done = invoke("comparison", "-o", str(tmp_path / name), *arguments)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"Error: {message}")
    assert not (tmp_path / name).exists()


def test_models_prints_versions_and_their_state_and_marks_the_default(run: Run, server: Server) -> None:
    _, *models = rows(succeeded(run("models")))
    assert ["tanh-10-10 (default)", "1", "AVAILABLE", ""] in models
    assert ["linear", "1", "AVAILABLE", ""] in models
    assert json.loads(succeeded(run("models", "--json"))) == server.get("/models").json()


def test_dataset_counts_the_points_of_each_label_in_each_split(run: Run, server: Server) -> None:
    served = server.get("/dataset").json()
    splits, pairs = ["train", "validation", "test"], list(zip(served["labels"], served["split"], strict=True))
    header, *labels, every = rows(succeeded(run("dataset")))
    assert header == ["label", *splits, "all"]
    for label, row in enumerate(labels):
        counts = [pairs.count((label, split)) for split in splits]
        assert row == [str(label), *map(str, counts), str(sum(counts))]
    assert every == ["all", *(str(served["split"].count(split)) for split in splits), str(len(pairs))]
    assert json.loads(succeeded(run("dataset", "--json"))) == served


def test_an_address_needs_no_scheme(server: Server) -> None:
    assert succeeded(run_client("--url", f"127.0.0.1:{server.port}", "models", "--json"))


def test_a_problem_is_one_line_on_stderr_with_the_request_and_status_1(run: Run) -> None:
    done = run("predict", "0,0", "--model", "nope")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Not Found: there is no model 'nope'; ")
    assert done.stderr.count("\n") == 1
    assert "(request " in done.stderr


def test_a_missing_service_is_one_line_that_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run_client("--retries", "0", "models", BOUNDARY_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: no service answers at {url}; start one with `make serve`, or give the address of a running one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0"], None),
        (["0,0", "0,0,0"], "'0,0,0' has 3 values; the first point has 2"),
        (["0,0", "0"], "'0' has 1 value; the first point has 2"),
        (["0;0"], None),
        ([""], "'' is not a point; write points as 0.1,0.2"),
        (["--modle", "0,0"], "'--modle' is not a point; write points as 0.1,0.2"),
        (["0,0", "--all", "--model", "linear"], "--model and --all cannot be combined"),
        (["0,0", "--all", "--version", "1"], "--version cannot be combined with several models"),
    ],
)
def test_invalid_arguments_are_refused_without_a_request(arguments: list[str], message: str | None) -> None:
    done = invoke("--retries", "0", "--url", f"http://127.0.0.1:{free_port()}", "predict", *arguments)
    if message is None:  # how many features a model has is for the service to say
        assert done.stderr.startswith("Error: no service answers")
    else:
        assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"Error: {message}")


def test_many_values_a_point_fit_into_eighty_columns() -> None:
    values = [[i + 0.123456 for i in range(12)]]
    document = {"model": "of-twelve", "version": 1, "values": values}
    body = (200, {"Content-Type": "application/json"}, json.dumps(document).encode())
    with scripted(body) as server:
        table = succeeded(invoke("--url", server.url, "predict", "1,2,3,4", "--model", "of-twelve"))
    header, *lines = rows(table)
    assert header == ["point", "model", "version", "value"]
    assert lines[0][:3] == ["1, 2, 3, 4", "of-twelve", "1"]
    shown = " ".join(line[3] for line in lines)
    assert shown == ", ".join(f"{value:.6g}" for value in values[0])
