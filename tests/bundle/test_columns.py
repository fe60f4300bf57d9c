"""The comparison's columns, as CSV, Markdown, terminals and the client have them."""

import json
from pathlib import Path
from typing import Any

from bundle.columns import COLUMNS, model_row, pair_row

COMPARISON: dict[str, Any] = json.loads((Path(__file__).parent / "fixtures" / "comparison-2.json").read_text())
MODEL = COMPARISON["models"][1]


def test_a_metric_that_is_added_is_a_column() -> None:
    added = {**MODEL, "served": {**MODEL["served"], "balanced_accuracy": 0.9}}
    row = model_row(added)
    assert row.pop("served_balanced_accuracy") == 0.9
    assert row == model_row(MODEL)


def test_what_is_not_known_leaves_its_place_empty() -> None:
    unknown = {
        **MODEL,
        "accuracy": {**MODEL["accuracy"], "sd": None, "ci95": None},
        "population_accuracy": None,
        "notebook_accuracy": None,
    }
    assert list(model_row(unknown)) == list(model_row(MODEL))
    text = {column.heading: column.text(model_row(unknown)) for column in COLUMNS}
    assert {heading for heading, cell in text.items() if not cell} >= {"95% interval", "exact", "notebook"}


def test_what_an_older_service_does_not_say_leaves_its_place_empty() -> None:
    served = {name: value for name, value in MODEL["served"].items() if name == "confusion_matrix"}
    row = model_row({**MODEL, "served": served})
    assert [column.text(row) for column in COLUMNS if column.heading == "served"] == [""]


def test_people_read_three_digits() -> None:
    text = {column.heading: column.text(model_row(MODEL)) for column in COLUMNS}
    assert (text["model"], text["hidden layers"], text["notebook"]) == ("tanh-3", "3", "0.768")
    low, high = MODEL["accuracy"]["ci95"]
    assert text["95% interval"] == f"{low:.3f} to {high:.3f}"
    assert COLUMNS[4].narrow_text(model_row(MODEL)) == f"{low:.3f}–{high:.3f}"
    assert COLUMNS[1].text(model_row(COMPARISON["models"][0])) == "none"


def test_a_pairs_interval_is_two_columns() -> None:
    (pair,) = COMPARISON["pairs"]
    row = pair_row(pair)
    assert [row["ci95_low"], row["ci95_high"]] == pair["ci95"]
    assert pair_row({**pair, "ci95": None})["ci95_low"] is None
