"""Comparisons as records: what `pandas.DataFrame` takes, one row a model or a pair. Pure: from the JSON document."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from bundle.columns import Row, model_row, pair_row, score_row
from client.responses import Document


class Comparison(list[Row]):
    """One record a model, in the experiment's order: `pandas.DataFrame(client.comparison())`.

    A record has text, numbers and None only, under the same keys for every model, those of the service's CSV:
    `accuracy_…` on held-out test data over the replicates, `population_accuracy_…` over the whole distribution where it
    is known (else None), each with `mean`, `sd`, `min`, `median`, `max` and the 95% interval of the mean, `ci95_low`
    and `ci95_high` (sd and interval None with one replicate); `own_accuracy_…` over the whole distribution against the
    boundary that each replicate's own data were cut by; `chosen` the learning rate and epochs that replicates chose;
    `variance_…` how much of it is luck, by its source; `served_…` of the replicate that is served, `tn`, `fp`,
    `fn` and `tp` its confusion matrix; `hidden_layers` as text, such as `10-10`.

    Attributes
    ----------
    pairs : list of dict
        One record for every pair of models, the difference being a - b, with wins, ties and losses, intervals, the
        `verdict` and the same in `words`.
    document : mapping
        All that the service sent: `experiment`, `dataset`, `protocol`, and `models` and `pairs` with nested values and
        the accuracy of every replicate.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(map(model_row, document["models"]))
        self.pairs: list[Row] = [pair_row(pair) for pair in document["pairs"]]
        self.document = document


class ScoreComparison(list[Row]):
    """One record a model whose scores were given: `pandas.DataFrame(client.compare(scores))`.

    A record has the model's `runs`, how many `diverged`, `score_…` with `mean`, `sd`, `min`, `median`, `max`,
    `ci95_low` and `ci95_high` of the mean and `interquartile_mean`, and over several data sets the `average_rank`.

    Attributes
    ----------
    pairs : list of dict
        As of `Comparison`.
    notes : list of str
        What was taken from the scores, and what is doubtful about them.
    document : mapping
        All that the service sent.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(map(score_row, document["models"]))
        self.pairs: list[Row] = [pair_row(pair) for pair in document["pairs"]]
        self.notes: list[str] = list(document["notes"])
        self.document = document


Scores: TypeAlias = Iterable[Mapping[str, Any]] | str | Path | Any
"""Records, a DataFrame, or the path of a CSV file."""

FIELDS = ("model", "run", "score", "dataset")


def records_of(scores: Any) -> list[dict[str, Any]]:
    """Return scores as the service takes them: of records or a DataFrame, NaN as null, other fields left out."""
    rows = scores.to_dict("records") if hasattr(scores, "to_dict") else scores
    return [{name: _plain(row[name]) for name in FIELDS if name in row} for row in rows]


def _plain(value: Any) -> Any:
    """Return Python's own value of NumPy's, and None for NaN."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value
