"""Exported cells are an experiment's models: one experiment a data set, names within their length, nothing lost."""

from pathlib import Path

import pytest

from bundle import layout
from training.study import export
from training.study.cells import Cell
from training.study.spec import read

NAME = "n" * 64


@pytest.fixture
def cells(tmp_path: Path) -> list[Cell]:
    file = tmp_path / "study.toml"
    file.write_text(
        'name = "s"\nseed = 5\n[dataset]\ngenerator = "moons"\n'
        "[[grid]]\nnoise = [0.1, 0.2]\nwidth = [1, 2]\nepochs = [7]"
    )
    return list(read(file).cells())


def test_there_is_an_experiment_for_each_data_set(cells: list[Cell]) -> None:
    experiments = export.experiments_of("s", cells, replicates=4)
    assert [(each.name, each.seed, each.replicates) for each in experiments] == [("s-1", 5, 4), ("s-2", 5, 4)]
    assert [[model.name for model in each.models] for each in experiments] == [
        ["s-noise0.1-width1-epochs7", "s-noise0.1-width2-epochs7"],
        ["s-noise0.2-width1-epochs7", "s-noise0.2-width2-epochs7"],
    ]
    assert [model.hidden_layers for model in experiments[0].models] == [(1, 1), (2, 2)]
    (alone,) = export.experiments_of("s", cells[:2], replicates=4)
    assert alone.name == "s"


def test_names_keep_to_their_length_and_stay_different(cells: list[Cell]) -> None:
    experiments = export.experiments_of(NAME, cells, replicates=1)
    names = [each.name for each in experiments] + [model.name for each in experiments for model in each.models]
    assert len(set(names)) == 6
    assert all(layout.NAME.fullmatch(name) for name in names)
