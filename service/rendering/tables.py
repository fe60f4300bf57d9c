"""Tables of the comparison: CSV for programs, Markdown for people."""

import csv
import io
from collections.abc import Iterable, Sequence

from bundle.comparison import Comparison, ModelResult


def comparison_csv(comparison: Comparison) -> str:
    """Return one row a model, numbers in full."""
    header = [
        *("model", "version", "hidden_layers", "activation", "parameters", "epochs", "replicates"),
        *("accuracy_mean", "accuracy_sd", "accuracy_min", "accuracy_median", "accuracy_max"),
        *("accuracy_ci95_low", "accuracy_ci95_high", "population_accuracy_mean", "notebook_accuracy"),
        *(
            "served_accuracy",
            "served_log_loss",
            "served_brier",
            "served_roc_auc",
            "served_ece",
            "training_seconds",
        ),
    ]
    return _csv([header, *(_full_row(result) for result in comparison.models)])


def _full_row(result: ModelResult) -> list[object]:
    accuracy, served = result.accuracy, result.served
    low, high = accuracy.ci95 or (None, None)
    units = "-".join(map(str, result.hidden_layers))
    return [
        *(
            result.model,
            result.version,
            units,
            result.activation,
            result.parameters,
            result.epochs,
            result.replicates,
        ),
        *(accuracy.mean, accuracy.sd, accuracy.min, accuracy.median, accuracy.max),
        *(low, high, result.population_accuracy and result.population_accuracy.mean, result.notebook_accuracy),
        *(
            served.accuracy,
            served.log_loss,
            served.brier,
            served.roc_auc,
            served.ece,
            result.training_seconds,
        ),
    ]


def comparison_markdown(comparison: Comparison) -> str:
    """Return one row a model, three digits."""
    header = [
        "model",
        "hidden layers",
        "parameters",
        "test accuracy",
        "95% interval",
        "range",
        "exact",
        "served",
        "notebook",
    ]
    rows = []
    for result in comparison.models:
        accuracy, exact = result.accuracy, result.population_accuracy
        rows.append(
            [
                result.model,
                "-".join(map(str, result.hidden_layers)) or "none",
                str(result.parameters),
                f"{accuracy.mean:.3f}",
                "" if accuracy.ci95 is None else "{:.3f} to {:.3f}".format(*accuracy.ci95),
                f"{accuracy.min:.3f} to {accuracy.max:.3f}",
                "" if exact is None else f"{exact.mean:.3f}",
                f"{result.served.accuracy:.3f}",
                "" if result.notebook_accuracy is None else f"{result.notebook_accuracy:.3f}",
            ]
        )
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rule, *rows))


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
