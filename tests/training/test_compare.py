"""`python -m training compare`: verdicts on scores from elsewhere, without a model in sight."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from training.cli import main

SCORES = "model,seed,accuracy\n" + "".join(
    f"{model},{seed},{mean + 0.01 * (seed % 3)}\n"
    for model, mean in (("wide", 0.9), ("deep", 0.95))
    for seed in range(9)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(SCORES)
    return path


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def test_models_pairs_and_verdicts_are_printed_with_what_was_taken(table: Path) -> None:
    done = compare(table)
    assert done.exit_code == 0, done.output
    assert "deep is better than wide by more than 0.5 points: 9 wins, 0 ties, 0 losses" in done.stdout
    assert "note: a row for each run; score: accuracy, model: model, run: seed" in done.stderr


def test_every_form_is_written(table: Path, tmp_path: Path) -> None:
    document = json.loads(compare(table, "--format", "json", "--rope", "0.2").stdout)
    assert (document["rope"], document["pairs"][0]["verdict"]) == (0.2, "equivalent")
    (row,) = csv.DictReader(io.StringIO(compare(table, "--format", "csv", "--table", "pairs").stdout))
    assert (row["a"], row["b"], row["verdict"]) == ("wide", "deep", "worse")
    assert compare(table, "--format", "markdown").stdout.startswith("| model | runs |")
    for picture in ("runs", "forest"):
        assert compare(table, "--picture", picture, "-o", tmp_path / "p.png").exit_code == 0
        assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_files_of_tensorboard_are_compared_by_their_names(tmp_path: Path) -> None:
    files = []
    for model, seed in ((model, seed) for model in ("wide", "deep") for seed in range(3)):
        files.append(tmp_path / f"run-{model}_seed_{seed}-tag-accuracy.csv")
        files[-1].write_text(f"Wall time,Step,Value\n1,0,0.1\n2,1,{0.9 if model == 'wide' else 0.8}{seed}\n")
    document = json.loads(compare(*files, "--format", "json").stdout)
    assert [(model["model"], model["runs"]) for model in document["models"]] == [("wide", 3), ("deep", 3)]
    assert document["design"] == "paired"


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("hello", [], "this is no table"),
        (SCORES, ["--score", "f1"], "no column 'f1' for score; there are: model, seed, accuracy"),
        (SCORES, ["--picture", "ranks", "-o", "p.png"], "several data sets"),
        (SCORES, ["--format", "png"], "a picture needs --output"),
    ],
)
def test_what_cannot_be_compared_is_one_line(tmp_path: Path, text: str, arguments: list[str], words: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    done = compare(path, *arguments)
    assert done.exit_code != 0
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_ranks_that_are_the_same_everywhere_have_a_small_p_value_and_none_of_0(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("dataset,a,b,c\n" + "".join(f"d{i},0.{i}1,0.{i}3,0.{i}7\n" for i in range(8)))
    assert "Friedman's p < 0.001\n" in compare(path).stdout
