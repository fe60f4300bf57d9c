"""`python -m training new` writes an experiment that says what every key means and can be trained as it stands."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn import datasets

from training import experiment
from training.cli import main
from training.dataset_spec import SCHEMAS, TableSpec
from training.datasets import data_source, draw
from training.experiment import Experiment

GENERATORS = [name for name in SCHEMAS if name != "table"]


def new(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["new", *arguments])


def written(directory: Path, *arguments: str) -> tuple[Experiment, str]:
    """Return the experiment that is written, drawn once to see that it can be trained, and what was said of it."""
    output = directory / "experiment.toml"
    ended = new(*arguments, "-o", str(output))
    assert ended.exit_code == 0, ended.output
    read = experiment.read(output)
    draw(read.dataset, data_source(read.dataset, read.seed), read.seed, 2)
    return read, ended.stdout


def passengers(directory: Path) -> Path:
    """A table with an index, text, missing values, and columns that cannot be used."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(1, 61),
            "Survived": generator.choice(["yes", "no"], 60),
            "Name": [f"Passenger {i}" for i in range(60)],
            "Sex": generator.choice(["male", "female"], 60),
            "Age": np.where(generator.random(60) < 0.2, np.nan, generator.integers(1, 80, 60)),
            "Boarded": "1912-04-10",
            "Fare": generator.choice(["1 234", "7.25"], 60),
        }
    )
    path = directory / "passengers.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_table_is_described_and_what_cannot_be_used_is_left_out_with_the_reason(tmp_path: Path) -> None:
    passengers(tmp_path)
    read, said = written(tmp_path, str(tmp_path / "passengers.csv"), "--label", "Survived")
    spec = read.dataset
    assert isinstance(spec, TableSpec)
    assert spec.path == tmp_path / "passengers.csv"
    assert (spec.label, spec.features, spec.missing) == ("Survived", ("Sex", "Age"), "median")
    assert (spec.task, spec.positive, spec.scale) == ("binary", "yes", True)
    assert (spec.domain, spec.test_fraction, spec.validation_fraction) == (None, 0.3, 0.2)
    assert [(model.name, model.hidden_layers) for model in read.models] == [
        ("passengers-linear", ()),
        ("passengers-10", (10,)),
        ("passengers-10-10", (10, 10)),
    ]
    for words in (
        "label Survived (as you said): 2 classes, no, yes",
        "60 rows, 2 features",
        "left out Name: has 60 different texts",
        "left out Boarded: has dates",
        "left out Fare: has numbers such as 1 234",
        f"wrote {tmp_path}/experiment.toml",
    ):
        assert words in said
    text = (tmp_path / "experiment.toml").read_text()
    assert 'path = "passengers.csv"' in text
    assert '#   "Sex": text, 2 different ("female", "male")\n' in text
    assert '#   "PassengerId": left out, numbers the rows\n' in text
    assert "missing\n" in text.split('"Age": numbers from ')[1][:40]


@pytest.mark.parametrize("generator", GENERATORS)
def test_each_data_set_of_the_gallery_is_written_with_its_defaults(tmp_path: Path, generator: str) -> None:
    read, _ = written(tmp_path, generator.replace("_", "-"))
    assert read.dataset == SCHEMAS[generator]().load({})
    document = tomllib.loads((tmp_path / "experiment.toml").read_text())
    assert set(SCHEMAS[generator]().fields) - set(document["dataset"]) == {"domain"}
    assert (read.seed, read.replicates) == (0, 30)


@pytest.mark.parametrize(
    ("name", "task", "features"),
    [
        ("iris", "multiclass", 4),
        ("wine", "multiclass", 13),
        ("breast_cancer", "binary", 30),
        ("digits", "multiclass", 64),
        ("diabetes", "regression", 10),
    ],
)
def test_scikit_learns_tables_need_nothing_else(tmp_path: Path, name: str, task: str, features: int) -> None:
    path = tmp_path / f"{name}.csv"
    getattr(datasets, f"load_{name}")(as_frame=True).frame.to_csv(path, index=False)
    read, _ = written(tmp_path, str(path))
    source = data_source(read.dataset, read.seed)
    assert (source.task, len(source.columns), source.target) == (task, features, "target")


@pytest.mark.parametrize(
    ("header", "label", "why"),
    [("a,b,c", "c", "the last column"), ("Target,a,b", "Target", "by its name"), ("y,label,b", "label", "by its name")],
)
def test_the_label_is_chosen_by_name_or_place_and_said(tmp_path: Path, header: str, label: str, why: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *(f"{i % 2},{i % 2},{i % 2}" for i in range(20))]) + "\n")
    read, said = written(tmp_path, str(path))
    assert isinstance(read.dataset, TableSpec)
    assert read.dataset.label == label
    assert f"label {label} ({why})" in said


def test_odd_names_stand_in_the_file_as_they_are(tmp_path: Path) -> None:
    names = ['say "x"', "back\\slash", "größe [cm]", "#1", "a\nb", "\x7f"]
    path = tmp_path / "odd names (1).csv"
    frame = pd.DataFrame({name: np.arange(20.0) + i for i, name in enumerate(names)} | {"when": "2024-01-31"})
    frame.assign(label=["x", 'say "y"'] * 10).to_csv(path, index=False)
    read, _ = written(tmp_path, str(path))
    assert isinstance(read.dataset, TableSpec)
    assert (read.name, read.dataset.features) == ("odd-names-1", tuple(names))
    assert read.dataset.path == path


def test_many_rows_get_fewer_epochs(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": np.arange(25_000.0), "label": np.arange(25_000) % 2}).to_parquet(path)
    read, _ = written(tmp_path, str(path))
    assert {model.epochs for model in read.models} == {100}


def test_it_prints_the_file_where_asked_to(tmp_path: Path) -> None:
    ended = new("moons", "-o", "-")
    assert tomllib.loads(ended.stdout)["dataset"]["generator"] == "moons"


def test_what_cannot_be_used_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for text, words in (
        ("a,b\n1,2\n", "t.csv: has 1 rows; at least 10"),
        ("a,b\n" + "1\n" * 20, "t.csv, line 2: has 1 cells where the first line has 2"),
        ("a,b\n" + "1,x\n" * 20, "label b: says x in every row"),
        ("a,b\n" + "2024-01-31,0\n1999-01-01,1\n" * 10, "no column can be a feature"),
    ):
        path.write_text(text)
        ended = new(str(path), "-o", str(tmp_path / "out.toml"))
        assert (ended.exit_code, words in ended.output) == (1, True), ended.output
        assert not (tmp_path / "out.toml").exists()
    path.write_text("a,b\n" + "0,x\n1,x\n" * 10)
    assert "b was taken as the label: the last column; --label NAME names another" in new(str(path)).output
    assert "no data set of that name; those are gaussian_quantiles, moons" in new("moon").output
    assert "has no column Label" in new(str(path), "--label", "Label").output


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    output = tmp_path / "moons.toml"
    output.write_text("mine")
    ended = new("moons", "-o", str(output))
    assert (ended.exit_code, "exists already" in ended.output, output.read_text()) == (1, True, "mine")


def test_one_feature_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("x,label\n" + "".join(f"{i / 10},{'ab'[i % 2]}\n" for i in range(20)))
    said = new(str(tmp_path / "one.csv"), "-o", str(tmp_path / "one.toml")).output
    assert "20 rows, 1 feature\n" in said
