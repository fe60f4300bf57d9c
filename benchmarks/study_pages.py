"""Writes docs/studies and its pictures from the rows of the studies that ship: the last step of `make studies`.

A page is the study's own text, then what came of its claims, its pictures, and the means of its cells. No number on it
is typed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from bundle import layout
from bundle.study import Level, Outcome, Study
from bundle.study_rows import Column, text_of
from bundle.study_store import Store
from training.study.report import rows_of
from verdicts.cells import Group, grouped, is_share, order_of, select
from verdicts.claim_words import metric_name
from verdicts.claims import Judged, judge_all
from verdicts.intervals import mean_interval

SHIPPED = ("units", "depth-and-data", "vanishing-gradients", "relu-or-tanh", "epochs", "three-dimensions")
FILES = Path("training/experiments/studies")
OUTCOMES: tuple[Outcome, ...] = ("holds", "does not hold", "undecided")

GENERATED = "<!-- Written by `make studies`; the first part is {source}. -->"

INTRODUCTION = """\
The course notebook ends in claims. Each is put to the test here, by a file that says what is trained and what is
claimed: `make studies` trains all of it, judges the claims, and writes these pages. The claims were written before
their studies were run; what came of them stands here whatever it is. [Decision 35](../decisions/0035-claims.md) says
how an outcome is decided and how often one is wrong.

An outcome is one on networks as they were trained in that study, never on an architecture alone."""


@dataclass(frozen=True)
class Found:
    """A study, its rows, and what came of its claims."""

    study: Study
    rows: dict[str, Column]
    judged: list[Judged]
    seconds: float


def found(directory: Path) -> Found:
    """Return what a study has found.

    Raises:
        FileNotFoundError: it has not been run.
    """
    store = Store(directory)
    study = store.study()
    metrics = {"loss", study.metric, *(claim.metric for claim in study.claims)}
    rows = rows_of(study, store, metrics, every_epoch=True)
    return Found(study, rows, judge_all(study, rows), sum(unit.seconds for unit in store.units()))


def page(one: Found, pictures: Sequence[tuple[str, str]]) -> str:
    """Return a study's page. Pictures are file names with what they show."""
    study = one.study
    source = f"{FILES}/{study.name}.md"
    runs = f"{len(study.cells)} cells, {study.replicates} runs each, {_minutes(one.seconds)} of processor time"
    parts = [
        f"# {study.title}",
        GENERATED.format(source=source),
        study.text.strip(),
        f"**Run it:** `python -m training study {FILES}/{study.name}.toml` ({runs}); the service shows it at "
        f"`/studies/{study.name}`.",
        "## What was found",
        *(f"**{judged.outcome.capitalize()}.** {judged.text}\n\n> {judged.sentence}" for judged in one.judged),
        *(f"![{shown}](../images/studies/{name})" for name, shown in pictures),
        _table(one),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index(studies: Sequence[Found]) -> str:
    """Return the list of studies with their claims."""
    total: Counter[str] = Counter(judged.outcome for one in studies for judged in one.judged)
    counts = ", ".join(
        f"{total[outcome]} {outcome if outcome == 'undecided' else _of_many(outcome)}" for outcome in OUTCOMES
    )
    lines = ["| study | claim | outcome |", "|---|---|---|"]
    for one in studies:
        link = f"[{one.study.title}]({one.study.name}.md)"
        for judged in one.judged:
            lines.append(f"| {link} | {judged.text} | **{judged.outcome}** |")
            link = ""
    parts = ["# Studies", GENERATED.format(source="benchmarks/study_pages.py"), INTRODUCTION]
    return "\n\n".join([*parts, f"Of {sum(total.values())} claims: {counts}.", "\n".join(lines)]) + "\n"


def _of_many(outcome: str) -> str:
    return {"holds": "hold", "does not hold": "do not hold"}[outcome]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _table(one: Found) -> str:
    """Return the means with half their intervals' widths: a column for each level of the second axis."""
    study = one.study
    is_norm = study.metric.startswith("gradient_norm")  # most telling before training, and of any size
    rows = select(one.rows, {"epoch": 0 if is_norm else "last"})
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
        f"| {' | '.join([*down, *(_level(level) for level in columns)])} |",
        f"|{'---|' * len(down)}{'---:|' * len(columns)}",
    ]
    for levels, cells in by_row.items():
        told = [_cell(cells.get(level), study.metric, is_norm=is_norm) for level in columns]
        lines.append(f"| {' | '.join([*(_level(level) for level in levels), *told])} |")
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


def _level(level: Level) -> str:
    return "none" if level is None else text_of(level)


def written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def draw(one: Found, store: Store, out: Path) -> list[tuple[str, str]]:
    """Draw a study's pictures; return their files' names with what they show."""
    return []


def told(studies: Mapping[str, Found]) -> str:
    """Return a line for each study: how many of its claims came to what."""
    lines = []
    for name, one in studies.items():
        counts = Counter(judged.outcome for judged in one.judged)
        lines.append(f"{name}: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}")
    return "\n".join(lines)


@click.command()
@click.option("--models-dir", default=Path("models"), show_default=True, type=click.Path(path_type=Path))
@click.option("--out", default=Path("docs"), show_default=True, type=click.Path(path_type=Path))
def main(models_dir: Path, out: Path) -> None:
    """Write docs/studies from what the studies found."""
    studies = {}
    for name in SHIPPED:
        directory = layout.study_dir(models_dir, name)
        studies[name] = found(directory)
        pictures = draw(studies[name], Store(directory), out / "images" / "studies")
        written(out / "studies" / f"{name}.md", page(studies[name], pictures))
    written(out / "studies" / "README.md", index(list(studies.values())))
    click.echo(told(studies))


if __name__ == "__main__":
    main()
