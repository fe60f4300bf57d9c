"""Writes docs/studies and its pictures from the rows of the studies that ship: the last step of `make studies`.

A page is the study's own text, then what came of its claims, its pictures, and the means of its cells. No number on it
is typed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import click
import numpy as np
from flask.testing import FlaskClient

from bundle import layout
from bundle.study import Level, Outcome, Study
from bundle.study_rows import Column
from bundle.study_store import Store
from service.app import create_app
from service.settings import Settings
from training.study.report import rows_of
from verdicts.cells import Group, grouped, is_share, order_of, select
from verdicts.claim_words import metric_name
from verdicts.claims import Judged, judge_all
from verdicts.intervals import mean_interval
from verdicts.pictures.study_view import words_of

SHIPPED = ("units", "depth-and-data", "vanishing-gradients", "relu-or-tanh", "epochs", "three-dimensions")
FILES = Path("training/experiments/studies")
OUTCOMES: tuple[Outcome, ...] = ("holds", "does not hold", "undecided")

GENERATED = "<!-- Written by `make studies`; the first part is {source}. -->"

INTRODUCTION = """\
The course notebook ends in claims. Each is put to the test here, by a file that says what is trained and what is
claimed: `make studies` trains all of it, judges the claims, and writes these pages. The claims were written before
their cells were run, four on spirals after trial runs of the circle and the moons; what came of them stands here
whatever it is. [Decision 35](../decisions/0035-claims.md) says how an outcome is decided and how often one is wrong.

An outcome is one on networks as they were trained in that study, never on an architecture alone."""


_CIRCLE = "generator:gaussian_quantiles"

PICTURES: Mapping[str, Sequence[tuple[Mapping[str, str], str]]] = {
    "units": [
        ({"picture": "map", "where": _CIRCLE}, "boundaries of the circle, by units and activation"),
        ({"picture": "map", "where": "generator:moons"}, "boundaries of two moons, by units and activation"),
        ({"picture": "map", "where": "generator:xor"}, "boundaries of XOR, by units and activation"),
        (
            {"picture": "curves", "x": "width", "y": "activation", "where": _CIRCLE},
            "test accuracy on the circle over the number of units",
        ),
    ],
    "depth-and-data": [
        ({"picture": "map", "where": _CIRCLE}, "boundaries of the circle, by points and depth"),
        ({"picture": "map", "where": "generator:spiral"}, "boundaries of two spirals, by points and depth"),
        (
            {"picture": "curves", "x": "n_samples", "y": "depth", "where": _CIRCLE},
            "test accuracy on the circle over the number of points, a curve for each depth",
        ),
    ],
    "vanishing-gradients": [
        *(
            (
                {
                    "picture": "gradients",
                    "x": "depth",
                    "where": f"epoch:0,activation:{name},kernel_initializer:{start}",
                },
                f"gradient norms by layer before training, {name} with {start}",
            )
            for name, start in (
                ("sigmoid", "glorot_uniform"),
                ("tanh", "glorot_uniform"),
                ("relu", "glorot_uniform"),
                ("relu", "he_normal"),
            )
        ),
        (
            {
                "picture": "map",
                "x": "depth",
                "y": "activation",
                "metric": "test_accuracy",
                "where": "kernel_initializer:glorot_uniform",
            },
            "boundaries after training, by depth and activation, with Keras' initial weights",
        ),
    ],
    "relu-or-tanh": [
        ({"picture": "map", "where": _CIRCLE}, "boundaries of the circle, by hidden layers and activation"),
        ({"picture": "map", "where": "generator:xor"}, "boundaries of XOR, by hidden layers and activation"),
    ],
    "epochs": [
        (
            {"picture": "curves", "x": "epoch", "y": "hidden_layers", "where": f"generator:{generator}"},
            f"test accuracy on {name} over epochs",
        )
        for generator, name in (("gaussian_quantiles", "the circle"), ("moons", "two moons"), ("xor", "XOR"))
    ],
    "three-dimensions": [
        ({"picture": "map"}, "boundaries by hidden layers, in two dimensions and in a plane through three"),
        (
            {"picture": "curves", "x": "epoch", "y": "hidden_layers", "where": "n_features:3"},
            "test accuracy on the ball over epochs",
        ),
    ],
}
"""What a study's page shows: what is asked of `GET /studies/<name>`, and what it is."""


@dataclass(frozen=True)
class StudyResult:
    """A study, its rows, and what came of its claims."""

    study: Study
    rows: dict[str, Column]
    judged: list[Judged]
    seconds: float


def load(directory: Path) -> StudyResult:
    """Return what a study has found.

    Raises:
        FileNotFoundError: it has not been run.
    """
    store = Store(directory)
    study = store.study()
    metrics = {"loss", study.metric, *(claim.metric for claim in study.claims)}
    rows = rows_of(study, store, metrics, every_epoch=True)
    return StudyResult(study, rows, judge_all(study, rows), sum(unit.seconds for unit in store.units()))


def page(result: StudyResult, pictures: Sequence[tuple[str, str]]) -> str:
    """Return a study's page. Pictures are file names with what they show."""
    study = result.study
    source = f"{FILES}/{study.name}.md"
    runs = f"{len(study.cells)} cells, {study.replicates} runs each, {_minutes(result.seconds)} of processor time"
    parts = [
        f"# {study.title}",
        GENERATED.format(source=source),
        study.text.strip(),
        f"**Run it:** `python -m training study {FILES}/{study.name}.toml` ({runs}); the service shows it at "
        f"`/studies/{study.name}`.",
        "## What was found",
        *(f"**{judged.outcome.capitalize()}.** {judged.text}\n\n> {judged.sentence}" for judged in result.judged),
        *(f"![{shown}](../images/studies/{name})" for name, shown in pictures),
        _table(result),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index(studies: Sequence[StudyResult]) -> str:
    """Return the list of studies with their claims."""
    total: Counter[str] = Counter(judged.outcome for result in studies for judged in result.judged)
    counts = ", ".join(
        f"{total[outcome]} {outcome if outcome == 'undecided' else _of_many(outcome)}" for outcome in OUTCOMES
    )
    lines = ["| study | claim | outcome |", "|---|---|---|"]
    for result in studies:
        link = f"[{result.study.title}]({result.study.name}.md)"
        for judged in result.judged:
            lines.append(f"| {link} | {judged.text} | **{judged.outcome}** |")
            link = ""
    parts = ["# Studies", GENERATED.format(source="benchmarks/study_pages.py"), INTRODUCTION]
    return "\n\n".join([*parts, f"Of {sum(total.values())} claims: {counts}.", "\n".join(lines)]) + "\n"


def _of_many(outcome: str) -> str:
    return {"holds": "hold", "does not hold": "do not hold"}[outcome]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _table(result: StudyResult) -> str:
    """Return the means with half their intervals' widths: a column for each level of the second axis."""
    study = result.study
    is_norm = study.metric.startswith("gradient_norm")  # most telling before training, and of any size
    rows = select(result.rows, {"epoch": 0 if is_norm else "last"})
    across = study.axes[-1]
    down = [factor for factor in study.factors if factor != across]
    groups = grouped(rows, [*down, across], study.metric, study.overlap)
    columns = order_of(study, across)
    order = {factor: {level: i for i, level in enumerate(order_of(study, factor))} for factor in down}
    by_row: dict[tuple[Level, ...], dict[Level, Group]] = {}
    for group in sorted(groups, key=lambda each: [order[factor][each.levels[factor]] for factor in down]):
        by_row.setdefault(tuple(group.levels[factor] for factor in down), {})[group.levels[across]] = group
    name = metric_name(study.metric)
    what = f"{name}, geometric mean before training" if is_norm else f"mean {name} ± half of its 95% interval"
    lines = [
        f"{what[0].upper()}{what[1:]}, by {' and '.join(down)} (rows) and {across} (columns):",
        "",
        f"| {' | '.join([*down, *(words_of(level) for level in columns)])} |",
        f"|{'---|' * len(down)}{'---:|' * len(columns)}",
    ]
    for levels, cells in by_row.items():
        told = [_cell(cells.get(level), study.metric, is_norm=is_norm) for level in columns]
        lines.append(f"| {' | '.join([*(words_of(level) for level in levels), *told])} |")
    return "\n".join(lines)


def _cell(group: Group | None, metric: str, *, is_norm: bool) -> str:
    if group is None or group.summary is None:
        return ""
    if is_norm:
        logs = np.log10(group.values[group.values > 0])
        return f"{10 ** logs.mean():.2g}" if len(logs) else "0"
    summary, digits = group.summary, 3 if is_share(metric) else 4
    interval = mean_interval(group.values[np.isfinite(group.values)], group.overlap)
    half = "" if interval is None else f" ± {(interval[1] - interval[0]) / 2:.{digits}f}"
    return f"{summary.mean:.{digits}f}{half}"


def written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def draw(client: FlaskClient, study: str, out: Path) -> list[tuple[str, str]]:
    """Have the service draw a study's pictures; return their files' names with what they show.

    Raises:
        click.ClickException: it cannot.
    """
    drawn = []
    for number, (asked, shown) in enumerate(PICTURES[study], 1):
        response = client.get(f"/studies/{study}", query_string={"format": "png", "width": 1000, **asked})
        if response.status_code != HTTPStatus.OK:
            raise click.ClickException(f"{study}, {shown}: {response.status_code} {response.text}")
        path = out / f"{study}-{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(response.data)
        drawn.append((path.name, shown))
    return drawn


def tally(studies: Mapping[str, StudyResult]) -> str:
    """Return a line for each study: how many of its claims came to what."""
    lines = []
    for name, result in studies.items():
        counts = Counter(judged.outcome for judged in result.judged)
        lines.append(f"{name}: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}")
    return "\n".join(lines)


@click.command()
@click.option("--models-dir", default=Path("models"), show_default=True, type=click.Path(path_type=Path))
@click.option("--out", default=Path("docs"), show_default=True, type=click.Path(path_type=Path))
@click.option("--pictures/--no-pictures", default=True, show_default=True, help="Draw them anew.")
def main(models_dir: Path, out: Path, *, pictures: bool) -> None:
    """Write docs/studies from what the studies found."""
    studies = {name: load(layout.study_dir(models_dir, name)) for name in SHIPPED}
    client = create_app(Settings(models_dir=models_dir, log_level="ERROR")).test_client() if pictures else None
    for name in SHIPPED:
        shown = [] if client is None else draw(client, name, out / "images" / "studies")
        written(out / "studies" / f"{name}.md", page(studies[name], shown))
    written(out / "studies" / "README.md", index(list(studies.values())))
    click.echo(tally(studies))


if __name__ == "__main__":
    main()
