"""The comparison as flat rows, stated once: for CSV, Markdown, terminals and the client's records.

Rows are made from the comparison as JSON has it. The module needs Python alone: the client comes without marshmallow.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
"""The comparison, or a part of it, as JSON has it."""

Row = dict[str, Any]
"""Text, numbers and None, under the same keys for every model."""

_SUMMARY = ("mean", "sd", "min", "median", "max", "ci95")
_CELLS = ("tn", "fp", "fn", "tp")
_SERVED = ("accuracy", "log_loss", "brier", "roc_auc", "ece", "r2", "rmse", "mae")
"""Numbers of the served replicate that have always had a column; what was added later stands behind all others."""

_SOURCES = ("data", "weights", "batches")


def model_row(model: Document) -> Row:
    """Return what the comparison says of one model, flat: a row of the CSV. What was added later comes last.

    In a regression there is no accuracy; of more than two classes the confusion matrix has no names for its cells.
    """
    served = model["served"]
    counts = [count for row in served.get("confusion_matrix") or () for count in row]
    metrics = {name: summary for name, summary in model.get("metrics", {}).items() if name != "accuracy"}
    population = _summary("population_accuracy", model["population_accuracy"])
    return {
        **{name: model[name] for name in ("model", "version")},
        "hidden_layers": "-".join(map(str, model["hidden_layers"])),
        **{name: model[name] for name in ("activation", "parameters", "epochs", "replicates")},
        **_summary("accuracy", model["accuracy"]),
        "population_accuracy_mean": population["population_accuracy_mean"],
        "notebook_accuracy": model["notebook_accuracy"],
        **{f"served_{name}": value for name, value in served.items() if name in _SERVED},
        "training_seconds": model["training_seconds"],
        **population,
        **({f"served_{cell}": n for cell, n in zip(_CELLS, counts, strict=True)} if len(counts) == len(_CELLS) else {}),
        **{key: value for name, summary in metrics.items() for key, value in _summary(name, summary).items()},
        **_added_later(model),
    }


def _added_later(model: Document) -> Row:
    """Return what services before 0.2 do not say; of them it is None."""
    score = model["accuracy"] or model.get("metrics", {}).get("r2") or {}
    variance = model.get("variance") or {}
    return {
        **{f"served_{name}": value for name, value in _further(model["served"])},
        "interquartile_mean": score.get("interquartile_mean"),
        "diverged": sum(value is None for value in score.get("values", ())),
        "still_improving": model.get("still_improving"),
        **_summary("own_accuracy", model.get("own_accuracy")),
        **_protocol(model.get("protocol")),
        **{f"variance_{name}": variance.get(name) for name in ("total", "test_set")},
        **{key: value for name in _SOURCES for key, value in _of_source(name, variance).items()},
        **{f"variance_{name}": variance.get(name) for name in ("runs", "measured_on")},
    }


def _further(served: Document) -> Iterator[tuple[str, Any]]:
    """Yield the served replicate's later numbers, of a list each."""
    for name, value in served.items():
        if name in (*_SERVED, "confusion_matrix"):
            continue
        if isinstance(value, list):
            yield from ((f"{name}_{i}", number) for i, number in enumerate(value))
        else:
            yield name, value


def _protocol(protocol: Document | None) -> Row:
    """Return what could be chosen and what was, as text: `0.001 x 500: 30`, learning rate, epochs and replicates."""
    if protocol is None:
        return dict.fromkeys(("learning_rates", "epoch_choices", "chosen"))
    chosen = (f"{one['learning_rate']:g} x {one['epochs']}: {one['replicates']}" for one in protocol["chosen"])
    return {
        "learning_rates": " ".join(f"{rate:g}" for rate in protocol["learning_rates"]),
        "epoch_choices": " ".join(map(str, protocol["epochs"])),
        "chosen": "; ".join(chosen),
    }


def _of_source(name: str, variance: Document) -> Row:
    low, high = (variance.get("ci95") or {}).get(name) or (None, None)
    return {
        f"variance_{name}": variance.get(name),
        f"variance_{name}_ci95_low": low,
        f"variance_{name}_ci95_high": high,
    }


def pair_row(pair: Document) -> Row:
    """Return a pair of models, each interval as two columns: `ci95_low` and `ci95_high` in the place of `ci95`."""
    row: Row = {}
    for name, value in pair.items():
        if name.endswith("ci95"):
            row[f"{name}_low"], row[f"{name}_high"] = value or (None, None)
        else:
            row[name] = value
    return row


def _summary(name: str, summary: Document | None) -> Row:
    found = dict.fromkeys(_SUMMARY) if summary is None else {key: summary[key] for key in _SUMMARY}
    return {f"{name}_{key}": value for key, value in pair_row(found).items()}


def score_row(model: Document) -> Row:
    """Return what is said of a model that was measured elsewhere, flat."""
    summary = model["score"]
    names = (*_SUMMARY, "interquartile_mean")
    found = dict.fromkeys(names) if summary is None else {key: summary[key] for key in names}
    return {
        **{name: model[name] for name in ("model", "runs", "diverged")},
        **{f"score_{key}": value for key, value in pair_row(found).items()},
        "average_rank": model["average_rank"],
    }


def sensitivity_rows(model: Document) -> list[Row]:
    """Return what a model reaches at each learning rate and epoch that could be chosen, a row each."""
    return [{"model": model["model"], **pair_row(cell)} for cell in model.get("sensitivity", ())]


def variance_row(model: Document) -> Row | None:
    """Return how a model's luck is split: variances, their square roots, and intervals; None where it is not known."""
    variance = model.get("variance")
    if variance is None:
        return None
    row: Row = {"model": model["model"]}
    for name in ("total", "test_set", *_SOURCES):
        row[name] = variance[name]
        row[f"{name}_sd"] = None if variance[name] is None else max(0.0, variance[name]) ** 0.5
    intervals = {key: value for name in _SOURCES for key, value in _of_source(name, variance).items() if "ci95" in key}
    return {**row, **{name: variance[name] for name in ("runs", "measured_on")}, **intervals}
