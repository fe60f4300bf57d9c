"""The comparison's columns, as CSV, Markdown, terminals and the client have them."""

import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from bundle.columns import model_row, pair_row
from bundle.tables import COLUMNS, columns_for
from bundle.terminal import comparison_table

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


SUMMARY = {"mean": 0.4321, "sd": 0.05, "min": 0.3, "median": 0.44, "max": 0.5, "ci95": [0.41, 0.45], "values": [0.4]}
REGRESSION: dict[str, Any] = {
    **MODEL,
    "accuracy": None,
    "population_accuracy": None,
    "notebook_accuracy": None,
    "served": {"r2": 0.45, "rmse": 54.321, "mae": 43.2},
    "metrics": {"r2": SUMMARY, "rmse": {**SUMMARY, "mean": 55.5555}, "mae": SUMMARY},
}


def printed(*models: dict[str, Any]) -> str:
    output = io.StringIO()
    Console(file=output, width=80).print(comparison_table("diabetes", 30, map(model_row, models)))
    return output.getvalue()


def test_a_regressions_table_is_of_r2_and_the_error_in_the_targets_units() -> None:
    text = printed(REGRESSION, {**REGRESSION, "model": "m" * 30})
    for words in ("test R²", "30 replicates", "0.432", "0.410–0.450", "0.300–0.500", "0.450", "RMSE", "55.56"):
        assert words in text
    for words in ("accuracy", "notebook", "exact", "…"):
        assert words not in text


def test_of_more_classes_the_row_has_no_cells_and_the_table_nothing_that_stays_empty() -> None:
    matrix = [[5, 1, 0], [0, 6, 0], [1, 0, 7]]
    model = {
        **MODEL,
        "population_accuracy": None,
        "notebook_accuracy": None,
        "served": {**MODEL["served"], "confusion_matrix": matrix},
        "metrics": {"accuracy": MODEL["accuracy"], "log_loss": SUMMARY},
    }
    row = model_row(model)
    assert not {"served_tn", "served_confusion_matrix", "accuracy_values"} & set(row)
    assert (row["log_loss_mean"], row["log_loss_ci95_low"]) == (0.4321, 0.41)
    headings = [column.heading for column in columns_for([row])]
    assert headings == ["model", "hidden layers", "parameters", "test accuracy", "95% interval", "range", "served"]


def test_the_notebooks_table_has_all_columns() -> None:
    """But for what its older form lacks: accuracies against the boundaries that the runs' own data were cut by."""
    rows = [model_row(model) for model in COMPARISON["models"]]
    assert [column.heading for column in COLUMNS if column not in columns_for(rows)] == ["exact"]
    of_today = [model_row({**model, "own_accuracy": model["accuracy"]}) for model in COMPARISON["models"]]
    assert columns_for(of_today) == list(COLUMNS)
