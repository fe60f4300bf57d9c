"""A cell is what determines its rows: nothing else changes its digest, and its digest changes with all of that."""

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from training import experiment
from training.dataset_spec import GaussianQuantilesSpec, MoonsSpec, TableSpec
from training.experiment import ModelSpec
from training.protocol_spec import EarlyStopping, ProtocolSpec, Schedule
from training.study.cells import Cell, Keep, make_cell

MODEL = ModelSpec("any", (10, 3), "tanh", 50, None)
KEEP = Keep((0, 5, 50))


def cell(
    model: ModelSpec = MODEL, dataset: GaussianQuantilesSpec | MoonsSpec | TableSpec | None = None, seed: int = 0
) -> Cell:
    return make_cell("cell", {"width": 10}, seed, dataset or MoonsSpec(noise=0.1), model, KEEP)


def test_a_digest_stays_what_it_is_since_rows_on_disk_are_found_by_it() -> None:
    assert cell().digest == "b7fef686947ac890"
    assert cell(replace(MODEL, hidden_layers=(), activation=None), GaussianQuantilesSpec()).digest == "790a0df04986d839"


def test_what_a_cell_and_its_model_are_called_is_no_part_of_the_digest() -> None:
    other = make_cell("other", {}, 0, MoonsSpec(noise=0.1), replace(MODEL, name="x", notebook_accuracy=0.5), KEEP)
    assert other.digest == cell().digest


@pytest.mark.parametrize(
    "other",
    [
        cell(seed=1),
        cell(dataset=MoonsSpec(noise=0.2)),
        cell(dataset=MoonsSpec(noise=0.1, n_samples=999)),
        cell(replace(MODEL, hidden_layers=(10, 4))),
        cell(replace(MODEL, activation="relu")),
        cell(replace(MODEL, epochs=51)),
        cell(replace(MODEL, protocol=ProtocolSpec(learning_rate=0.01))),
        cell(replace(MODEL, protocol=ProtocolSpec(learning_rates=(0.001, 0.01)))),
        make_cell("cell", {}, 0, MoonsSpec(noise=0.1), MODEL, replace(KEEP, epochs=(0, 50))),
        make_cell("cell", {}, 0, MoonsSpec(noise=0.1), MODEL, replace(KEEP, map=0)),
        make_cell("cell", {}, 0, MoonsSpec(noise=0.1), MODEL, replace(KEEP, exact="all")),
    ],
)
def test_all_that_changes_the_rows_changes_the_digest(other: Cell) -> None:
    assert other.digest != cell().digest


def test_what_is_of_hidden_layers_alone_is_no_part_of_a_cell_without_any() -> None:
    linear = replace(MODEL, hidden_layers=(), activation=None)
    dropping = replace(linear, protocol=ProtocolSpec(dropout=0.5, batch_normalization=True))
    assert cell(linear).digest == cell(dropping).digest


@pytest.mark.parametrize("path", sorted(experiment.DIRECTORY.glob("*.toml")), ids=lambda path: path.stem)
def test_a_cells_experiment_is_the_one_that_it_was_made_of(path: Path) -> None:
    read = experiment.read(path)
    for model in read.models:
        made = make_cell(model.name, {}, read.seed, read.dataset, model, KEEP).experiment
        assert (made.seed, made.dataset, made.models) == (
            read.seed,
            read.dataset,
            (replace(model, notebook_accuracy=None),),
        )


@pytest.mark.parametrize(
    "protocol",
    [
        ProtocolSpec(optimizer="sgd", optimizer_options={"momentum": 0.9, "nesterov": True}, class_weight={"1": 2.0}),
        ProtocolSpec(learning_rate_schedule=Schedule("CosineDecay", {"decay_steps": 100}), l2=0.1, batch_size=8),
        ProtocolSpec(early_stopping=EarlyStopping(5), kernel_initializer="he_normal", loss="mean_squared_error"),
    ],
)
def test_a_cell_carries_any_recipe(protocol: ProtocolSpec) -> None:
    model = replace(MODEL, name="cell", activation=None, mixed_activations=("tanh", "relu"), protocol=protocol)
    travelled: Cell = pickle.loads(pickle.dumps(cell(model)))
    assert travelled.experiment.models == (model,)
    assert (travelled.epochs, travelled.keep, travelled.hidden_layers) == ((0, 5, 50), KEEP, [10, 3])


def test_a_table_is_the_same_wherever_it_lies(tmp_path: Path) -> None:
    here, there = tmp_path / "here.csv", tmp_path / "there" / "named otherwise.csv"
    there.parent.mkdir()
    for path in (here, there):
        path.write_text("x,y\n1,a\n2,b\n")
    found = [cell(dataset=TableSpec(path=path, label="y")) for path in (here, there)]
    assert found[0].digest == found[1].digest
    assert [one.experiment.dataset for one in found] == [
        TableSpec(path=here, label="y"),
        TableSpec(path=there, label="y"),
    ]


def test_a_table_that_has_changed_is_another_cells(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("x,y\n1,a\n2,b\n")
    before = cell(dataset=TableSpec(path=path, label="y"))
    path.write_text("x,y\n1,a\n2,c\n3,b\n")
    assert cell(dataset=TableSpec(path=path, label="y")).digest != before.digest
    with pytest.raises(ValueError, match=r"table\.csv: is not the table that the study was read with"):
        _ = before.experiment


def test_a_cell_takes_its_table_along(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("x,y\n1,a\n2,b\n")
    made = cell(dataset=TableSpec(path=path, label="y"))
    content = path.read_bytes()
    path.unlink()
    moved = made.with_table(content, tmp_path)
    assert (moved.digest, moved.experiment.dataset) == (made.digest, TableSpec(path=Path(moved.table or ""), label="y"))
    assert Path(moved.table or "").read_bytes() == content


def test_who_reads_a_study_or_hands_out_its_cells_loads_nothing_that_takes_seconds() -> None:
    loaded = (
        "import sys, training.cli, training.study.spec, training.study.engine;"
        "sys.exit(' '.join({'tensorflow', 'keras', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", loaded], check=False, capture_output=True, text=True)
    assert ended.stderr.strip() == ""
