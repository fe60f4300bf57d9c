"""Rows of a study are chosen by conditions, and summed up by the levels of their factors."""

import numpy as np
import pytest

from verdicts.cells import Columns, count_of, grouped, levels_of, select
from verdicts.summary import summarize

ROWS: Columns = {
    "cell": ["a", "a", "b", "b", "b", "c", "c"],
    "width": np.array([np.nan, np.nan, 3, 3, 3, 10, 10]),
    "activation": [None, None, "relu", "relu", "relu", "tanh", "tanh"],
    "learning_rate": ["0.001", "0.001", "0.001", "0.001", "0.001", "0.0003|0.001", "0.0003|0.001"],
    "replicate": np.array([0, 1, 0, 0, 1, 0, 1]),
    "epoch": np.array([20, 20, 0, 500, 500, 500, 500]),
    "accuracy": np.array([0.5, 0.52, 0.4, 0.8, np.nan, 0.96, 0.98]),
}


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({}, 7),
        ({"width": 3}, 3),
        ({"width": "3"}, 3),
        ({"width": [3, 10]}, 5),
        ({"width": "none"}, 2),
        ({"width": ["none", 10]}, 4),
        ({"width": ">=3", "epoch": ">0"}, 4),
        ({"width": "!=3"}, 2),
        ({"activation": "!=relu"}, 2),
        ({"activation": ["tanh", "none"]}, 4),
        ({"learning_rate": 1e-3}, 5),
        ({"learning_rate": "0.0003|0.001"}, 2),
        ({"learning_rate": "!=1e-3"}, 2),
        ({"epoch": "last"}, 6),
        ({"epoch": "last", "activation": "relu"}, 2),
        ({"width": []}, 0),
        ({"width": 7}, 0),
    ],
)
def test_rows_meet_every_condition(where: dict[str, object], rows: int) -> None:
    assert count_of(select(ROWS, where)) == rows


def test_a_cell_is_not_another_whose_digest_reads_as_the_same_number() -> None:
    infinite, thousand = ["12e4567890123456", "34e5678901234567"], ["0000000000001000", "0000000000001e03"]
    rows: Columns = {"cell": [*infinite, *thousand]}
    for digest in rows["cell"]:
        assert select(rows, {"cell": digest}) == {"cell": [digest]}
        assert select(rows, {"cell": f"!={digest}"}) == {"cell": [x for x in rows["cell"] if x != digest]}
    assert select(rows, {"cell": "56e6789012345678"}) == {"cell": []}


def test_text_that_is_a_level_means_that_level_alone() -> None:
    rows: Columns = {"positive": ["1", "01", "yes"]}
    assert select(rows, {"positive": "01"}) == {"positive": ["01"]}
    assert select(rows, {"positive": "!=1"}) == {"positive": ["01", "yes"]}
    assert select(rows, {"positive": 1.0}) == {"positive": ["1"]}


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"depth": 1}, "no column depth; there are cell, width"),
        ({"width": "wide"}, "width is a number: wide is none"),
        ({"activation": ">=3"}, "activation is text: >= is for numbers"),
    ],
)
def test_a_condition_that_no_row_can_meet_is_refused(where: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        select(ROWS, where)


def test_the_last_epoch_is_each_cells_own_and_an_interrupted_runs_too() -> None:
    rows: Columns = {"cell": ["a", "a", "a", "b"], "replicate": np.array([0, 0, 1, 0]), "epoch": np.array([0, 9, 0, 2])}
    assert np.asarray(select(rows, {"epoch": "last"})["epoch"]).tolist() == [9, 0, 2]


def test_levels_are_ascending_and_no_level_is_the_first() -> None:
    assert levels_of(ROWS["width"]) == [None, 3, 10]
    assert levels_of(ROWS["activation"]) == [None, "relu", "tanh"]
    assert levels_of(["sigmoid", "relu"]) == ["sigmoid", "relu"]
    assert levels_of(np.array([0.5, np.inf, 2.0])) == [0.5, 2, np.inf]


def test_groups_have_each_their_levels_and_what_their_values_sum_up_to() -> None:
    groups = grouped(select(ROWS, {"epoch": "last"}), ["width", "activation"], "accuracy")
    assert [(group.levels, len(group.values), group.count) for group in groups] == [
        ({"width": None, "activation": None}, 2, 2),
        ({"width": 3, "activation": "relu"}, 2, 1),
        ({"width": 10, "activation": "tanh"}, 2, 2),
    ]
    assert groups[0].summary == summarize(np.array([0.5, 0.52]), bounds=(0, 1))
    assert groups[1].summary is not None
    assert groups[1].summary.diverged == 1


def test_a_group_without_a_number_has_no_summary_and_no_rows_are_no_groups() -> None:
    (group,) = grouped(select(ROWS, {"activation": "relu", "replicate": 1}), [], "accuracy")
    assert group.summary is None
    assert grouped(select(ROWS, {"width": 7}), ["width"], "accuracy") == []


def test_text_is_no_metric() -> None:
    with pytest.raises(ValueError, match="activation is text"):
        grouped(ROWS, ["width"], "activation")
    with pytest.raises(ValueError, match="no column loss"):
        grouped(ROWS, ["width"], "loss")
