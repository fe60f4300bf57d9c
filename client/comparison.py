"""The comparison as records: what `pandas.DataFrame` takes, one row a model or a pair. Pure: from the JSON document."""

from typing import Any

from client.responses import Document

Record = dict[str, Any]

SUMMARY = ("mean", "sd", "min", "median", "max")
METRICS = ("accuracy", "log_loss", "brier", "roc_auc", "ece")


class Comparison(list[Record]):
    """One record a model, in the experiment's order: `pandas.DataFrame(client.comparison())`.

    A record has text, numbers and None only, under the same keys for every model. They are those of the service's CSV,
    and some more: `accuracy_…` on held-out test data over the replicates, `population_accuracy_…` over the whole
    distribution where it is known (else None), each with `mean`, `sd`, `min`, `median`, `max` and the 95% interval of
    the mean, `ci95_low` and `ci95_high` (sd and interval None with one replicate); `served_…` of the replicate that is
    served, `tn`, `fp`, `fn` and `tp` its confusion matrix; `hidden_layers` as text, such as `10-10`.

    Attributes
    ----------
    pairs : list of dict
        One record for every pair of models, the difference being a - b, and how likely it is chance.
    document : mapping
        All that the service sent: `experiment`, `dataset`, `protocol`, and `models` and `pairs` with nested values and
        the accuracy of every replicate.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(map(_model, document["models"]))
        self.pairs: list[Record] = [_flat_interval(pair) for pair in document["pairs"]]
        self.document = document


def _model(model: Document) -> Record:
    served = model["served"]
    (tn, fp), (fn, tp) = served["confusion_matrix"]
    return {
        "model": model["model"],
        "version": model["version"],
        "hidden_layers": "-".join(map(str, model["hidden_layers"])),
        **{name: model[name] for name in ("activation", "parameters", "epochs", "replicates")},
        **_summary("accuracy", model["accuracy"]),
        **_summary("population_accuracy", model["population_accuracy"]),
        "notebook_accuracy": model["notebook_accuracy"],
        **{f"served_{name}": served[name] for name in METRICS},
        "served_tn": tn,
        "served_fp": fp,
        "served_fn": fn,
        "served_tp": tp,
        "training_seconds": model["training_seconds"],
    }


def _summary(name: str, summary: Document | None) -> Record:
    found = dict.fromkeys((*SUMMARY, "ci95")) if summary is None else {key: summary[key] for key in (*SUMMARY, "ci95")}
    return {f"{name}_{key}": value for key, value in _flat_interval(found).items()}


def _flat_interval(found: Document) -> Record:
    """Put `ci95_low` and `ci95_high` in the place of `ci95`."""
    flat: Record = {}
    for key, value in found.items():
        if key == "ci95":
            flat["ci95_low"], flat["ci95_high"] = value or (None, None)
        else:
            flat[key] = value
    return flat
