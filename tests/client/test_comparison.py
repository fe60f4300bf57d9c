"""The comparison as pandas takes it: flat records, one a model and one a pair."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from client import BoundaryClient, Comparison
from tests.conftest import MODELS, Server


@pytest.fixture(scope="module")
def comparison(server: Server) -> Comparison:
    with BoundaryClient(server.url) as client:
        return client.comparison()


def test_a_data_frame_has_one_row_a_model_and_flat_columns(comparison: Comparison) -> None:
    frame = pd.DataFrame(comparison)
    assert frame["model"].tolist() == list(MODELS)
    assert frame["hidden_layers"].tolist() == ["", "3", "10", "10-10", "3", "10", "10-10"]
    assert all(np.isscalar(value) for value in frame.to_numpy().ravel() if value is not None)
    assert {"accuracy_mean", "population_accuracy_ci95_high", "served_roc_auc", "served_fp"} <= set(frame)
    texts = [
        "model",
        "hidden_layers",
        "activation",
        "learning_rates",
        "epoch_choices",
        "chosen",
        "variance_measured_on",
    ]
    numbers = frame.drop(columns=texts).dropna(axis=1, how="all")
    assert all(np.issubdtype(kind, np.number) for kind in numbers.dtypes)  # None is NaN, not an object


def test_the_numbers_are_those_of_the_document(comparison: Comparison) -> None:
    for record, model in zip(comparison, comparison.document["models"], strict=True):
        for name in ("accuracy", "population_accuracy"):
            low, high = model[name]["ci95"]
            assert (record[f"{name}_ci95_low"], record[f"{name}_ci95_high"]) == (low, high)
            assert all(record[f"{name}_{key}"] == model[name][key] for key in ("mean", "sd", "min", "median", "max"))
        served = model["served"]
        assert served["confusion_matrix"] == [
            [record["served_tn"], record["served_fp"]],
            [record["served_fn"], record["served_tp"]],
        ]
        assert all(
            record[f"served_{key}"] == served[key] for key in ("accuracy", "log_loss", "brier", "roc_auc", "ece")
        )
        assert record["notebook_accuracy"] == model["notebook_accuracy"]


def test_the_services_csv_is_the_same_table(comparison: Comparison, server: Server) -> None:
    table = server.get("/comparison?format=csv").text
    assert pd.DataFrame(comparison).to_csv(index=False, lineterminator="\n") == table


def test_pairs_are_records_too(comparison: Comparison) -> None:
    frame = pd.DataFrame(comparison.pairs)
    assert len(frame) == len(MODELS) * (len(MODELS) - 1) // 2
    assert not frame.drop(columns="runs_needed").isna().to_numpy().any()
    assert (frame["runs_needed"].notna() <= (frame["verdict"] == "undecided")).all()
    first = comparison.document["pairs"][0]
    for name in ("ci95", "wins_ci95", "simultaneous_ci95"):
        assert [frame[f"{name}_low"][0], frame[f"{name}_high"][0]] == first[name]
    plain = {name for name in first if not name.endswith("ci95")}
    assert plain == {name for name in comparison.pairs[0] if "ci95" not in name}


def test_what_is_not_known_is_none_under_the_same_keys(comparison: Comparison) -> None:
    document: dict[str, Any] = dict(comparison.document)
    summary = {**document["models"][0]["accuracy"], "sd": None, "ci95": None}
    model = {**document["models"][0], "accuracy": summary, "population_accuracy": None}
    (record,) = Comparison({**document, "models": [model], "pairs": [{**document["pairs"][0], "ci95": None}]})
    assert list(record) == list(comparison[0])
    unknown = {name for name, value in record.items() if value is None}
    assert unknown == {
        *("accuracy_sd", "accuracy_ci95_low", "accuracy_ci95_high"),
        *(name for name in record if name.startswith("population_accuracy")),
        *(["activation"] if model["activation"] is None else []),
        *(name for name, value in comparison[0].items() if value is None),
    }


SCORES = [
    {"model": model, "run": run, "score": score, "note": "left out"}
    for model, values in {"wide": [0.9, 0.91, 0.92], "deep": [0.95, 0.97, float("nan")]}.items()
    for run, score in enumerate(values)
]


def test_scores_from_elsewhere_are_compared_as_records_a_data_frame_or_a_file(server: Server, tmp_path: Path) -> None:
    frame = pd.DataFrame(SCORES)
    file = tmp_path / "scores.csv"
    frame.drop(columns="note").to_csv(file, index=False)
    with BoundaryClient(server.url) as client:
        found = [client.compare(scores, rope=0.01) for scores in (SCORES, frame, file)]
    assert [one.pairs for one in found] == [found[0].pairs] * 3
    (pair,) = found[0].pairs
    assert (pair["a"], pair["b"], pair["losses"], pair["rope"]) == ("wide", "deep", 2, 0.01)
    assert pd.DataFrame(found[0])[["model", "runs", "diverged"]].to_numpy().tolist() == [["wide", 3, 0], ["deep", 2, 1]]
    assert any("left out" in note for note in found[0].notes)


def test_the_rope_and_the_score_can_be_asked_for(server: Server) -> None:
    with BoundaryClient(server.url) as client:
        pairs = client.comparison(rope=0.02, score="brier").pairs
        table = client.comparison_table(kind="csv", table="pairs", rope=0.02, score="brier")
        assert client.comparison_picture(width=300, picture="forest").startswith(b"\x89PNG")
    assert {pair["rope"] for pair in pairs} == {0.02}
    assert pd.DataFrame(pairs).to_csv(index=False, lineterminator="\n").splitlines()[0] == table.splitlines()[0]
    assert len(table.splitlines()) == 1 + len(pairs)
