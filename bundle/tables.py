"""The tables that people read: which columns they have, for Markdown and terminals.

Rows are those of `bundle.columns`; where an older service does not say something, its cell is empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bundle.columns import Row

TABLES = ("models", "pairs", "sensitivity", "variance")
PICTURES = ("runs", "forest", "map", "sensitivity", "variance", "reliability")
"""What a row of CSV and Markdown can be of, and what can be drawn, of an experiment."""

SCORE_TABLES = ("models", "pairs")
SCORE_PICTURES = ("runs", "forest", "ranks")
"""The same of scores from elsewhere."""


@dataclass(frozen=True)
class Column:
    """A column of the table that people read: its text in a model's row. A terminal has no room for `wide` ones."""

    heading: str
    text: Callable[[Row], str]
    wide: bool = False

    @property
    def narrow_heading(self) -> str:
        """The heading for a terminal."""
        return (
            self.heading.removeprefix("hidden ")
            .removesuffix(" of the mean")
            .replace(" − ", "\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}")
        )

    def narrow_text(self, row: Row) -> str:
        """Return the text for a terminal."""
        return self.text(row).replace(" to ", "–")


def _number(name: str, style: str = ".3f") -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else f"{row[name]:{style}}"  # an older service may not have it


def _range(low: str, high: str, sign: str = "") -> Callable[[Row], str]:
    return lambda row: "" if row.get(low) is None else f"{row[low]:{sign}.3f} to {row[high]:{sign}.3f}"


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else str(row[name])


def _some(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name]) if row.get(name) else ""


def _short(name: str, sign: str = "") -> Callable[[Row], str]:
    """Return the text of a number of any size: three digits behind the point of small ones, else four in all."""
    return lambda row: "" if row.get(name) is None else short(row[name], sign)


def short(value: float, sign: str = "") -> str:
    """Return a number of any size in a few characters."""
    return f"{value:{sign}.3f}" if value == 0 or 0.1 <= abs(value) < 100 else f"{value:{sign}.3g}"


def _short_range(low: str, high: str, sign: str = "") -> Callable[[Row], str]:
    return lambda row: "" if row.get(low) is None else f"{short(row[low], sign)} to {short(row[high], sign)}"


def _chosen(row: Row) -> str:
    """Return what the replicates chose, where there was a choice."""
    is_chosen = " " in f"{row.get('learning_rates') or ''}{row.get('epoch_choices') or ''}"
    return str(row["chosen"]).replace(" x ", " × ") if is_chosen else ""


_NAMES = (
    Column("model", lambda row: str(row["model"])),
    Column("hidden layers", lambda row: row["hidden_layers"] or "none"),
    Column("parameters", lambda row: str(row["parameters"]), wide=True),
)

COLUMNS = (
    *_NAMES,
    Column("test accuracy", _number("accuracy_mean")),
    Column("95% interval", _range("accuracy_ci95_low", "accuracy_ci95_high")),
    Column("range", _range("accuracy_min", "accuracy_max")),
    Column("exact", _number("own_accuracy_mean")),
    Column("population", _number("population_accuracy_mean"), wide=True),
    Column("served", _number("served_accuracy")),
    Column("notebook", _number("notebook_accuracy")),
)
"""Of classifiers. Their numbers have three digits; the first column is text."""

REGRESSION_COLUMNS = (
    *_NAMES,
    Column("test R²", _number("r2_mean")),
    Column("95% interval", _range("r2_ci95_low", "r2_ci95_high")),
    Column("range", _range("r2_min", "r2_max")),
    Column("served", _number("served_r2")),
    Column("RMSE", _number("rmse_mean", ".4g")),
)
"""Of a regression's models. The error is in the target's units."""

_LATER = (
    Column("diverged", _some("diverged")),
    Column("chosen: rate × epochs: replicates", _chosen, wide=True),
)
"""Of all models, where there is something to say; not all data have something."""

_OPTIONAL = {"exact", "population", "notebook", *(column.heading for column in _LATER)}
"""Columns that most data have nothing for."""

PAIR_COLUMNS = (
    Column("a", _text("a")),
    Column("b", _text("b")),
    Column("a − b", _number("mean_difference", "+.3f")),
    Column("95% interval of the mean", _range("ci95_low", "ci95_high", "+"), wide=True),
    Column("for all pairs at once", _range("simultaneous_ci95_low", "simultaneous_ci95_high", "+"), wide=True),
    Column("wins–ties–losses", lambda row: f"{row['wins']}–{row['ties']}–{row['losses']}" if _counts(row) else ""),
    Column("P(better)", _number("probability_better", ".2f"), wide=True),
    Column("P(equivalent)", _number("probability_equivalent", ".2f"), wide=True),
    Column("P(worse)", _number("probability_worse", ".2f"), wide=True),
    Column("p (Holm)", _number("p_value_holm", ".2g")),
    Column("verdict", _text("verdict")),
    Column("runs that would tell", _text("runs_needed"), wide=True),
)
"""Of pairs of models: a against b."""

SCORE_COLUMNS = (
    Column("model", _text("model")),
    Column("runs", _text("runs")),
    Column("diverged", _some("diverged")),
    Column("mean", _short("score_mean")),
    Column("95% interval of the mean", _short_range("score_ci95_low", "score_ci95_high")),
    Column("sd", _short("score_sd")),
    Column("median", _short("score_median")),
    Column("middle half's mean", _short("score_interquartile_mean"), wide=True),
    Column("range", _short_range("score_min", "score_max")),
    Column("average rank", _short("average_rank")),
)
"""Of models that were measured elsewhere."""

SENSITIVITY_COLUMNS = (
    Column("model", _text("model")),
    Column("learning rate", _number("learning_rate", "g")),
    Column("epoch", _text("epoch")),
    Column("on validation data", _number("mean")),
    Column("95% interval of the mean", _range("ci95_low", "ci95_high")),
)
"""Of what each model reaches at each learning rate and epoch that could be chosen."""

VARIANCE_COLUMNS = (
    Column("model", _text("model")),
    Column("sd over runs", _number("total_sd", ".4f")),
    Column("test set", _number("test_set_sd", ".4f")),
    Column("data", _number("data_sd", ".4f")),
    Column("initial weights", _number("weights_sd", ".4f")),
    Column("batch order", _number("batches_sd", ".4f")),
    Column("pairs of runs", _text("runs")),
    Column("the last three measured on", _text("measured_on")),
)
"""Of how much of a model's luck comes from where, as standard deviations: their squares can be added."""


def _counts(row: Row) -> bool:
    return bool(row.get("wins", 0) + row.get("ties", 0) + row.get("losses", 0))


def filled(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """Return the columns without those that would stay empty."""
    return [column for column in columns if any(map(column.text, rows))]


def markdown(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Return a table in Markdown; all but the first column are numbers."""
    header = [column.heading for column in columns]
    rule = ["---", *["---:"] * (len(columns) - 1)]
    cells = [[_escaped(column.text(row)) for column in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, rule, *cells))


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def columns_for(rows: Sequence[Row]) -> list[Column]:
    """Return the columns of the table that these rows make: those of their task, but none that would stay empty."""
    of_task = REGRESSION_COLUMNS if any("served_r2" in row for row in rows) else COLUMNS
    columns = (*of_task, *_LATER)
    return [column for column in columns if column.heading not in _OPTIONAL or any(map(column.text, rows))]
