"""What a study has come to, from the rows that there are: a table of means, and whether its claims hold."""

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

from bundle.study import Level, Study
from bundle.study_rows import Column, text_of, with_levels
from bundle.study_store import Store
from verdicts.cells import Group, grouped, is_share
from verdicts.claims import Judged, judge_all, names_epochs

MAX_LINES = 40
"""Of a table; of more cells it shows groups."""

MAX_ROWS = 4_000_000
"""That are read at once, some 100 bytes each."""

EPOCHS = 13
"""That most studies record."""


def rows_of(study: Study, store: Store, metrics: Iterable[str], *, every_epoch: bool) -> dict[str, Column]:
    """Return the rows of a study's cells, with the levels that the study says they have.

    Raises:
        ValueError: there are too many to read them at once.
    """
    count = len(study.cells) * study.replicates * (EPOCHS if every_epoch else 1)
    if count > MAX_ROWS:
        raise ValueError(f"about {count:,} rows are too many to sum up at once, at most {MAX_ROWS:,} are")
    columns = store.read({cell.digest for cell in study.cells}, [*metrics], "all" if every_epoch else "last")
    return with_levels(study, columns)


def results_table(study: Study, columns: Mapping[str, Column]) -> Table:
    """Return what the cells reach at their last epoch: a line for each, or for the levels of fewer factors."""
    by = _lines(study)
    groups = grouped(columns, by, study.metric, study.overlap) if study.metric in columns else []
    title = f"{study.name}: {study.metric.replace('_', ' ')}"
    table = Table(title=title if by == study.factors else f"{title}, by {' and '.join(by)}", box=None, pad_edge=False)
    for name in (*by, "runs", "mean", "95% interval", "least", "most"):
        table.add_column(name.replace("_", " "), justify="left" if name in by and _is_text(study, name) else "right")
    for group in groups[:MAX_LINES]:
        table.add_row(*(_level(group.levels[name]) for name in by), *_summed_up(group, is_share(study.metric)))
    if len(groups) > MAX_LINES:
        table.add_row(f"… {len(groups) - MAX_LINES} more")
    return table


def _lines(study: Study) -> Sequence[str]:
    """Return the factors by which rows are summed up: all, or as many of the axes as make few enough lines."""
    if len(study.cells) <= MAX_LINES:
        return study.factors
    for by in (study.axes, study.axes[:1]):
        if len({tuple(cell.factors[name] for name in by) for cell in study.cells}) <= MAX_LINES:
            return by
    return study.axes[:1]


def _is_text(study: Study, factor: str) -> bool:
    return any(isinstance(cell.factors[factor], str) for cell in study.cells)


def _level(level: Level) -> str:
    return "-" if level is None else text_of(level)


def _summed_up(group: Group, share: bool) -> list[str]:
    summary = group.summary
    if summary is None:
        return ["0", "-", "-", "-", "-"]
    digits = ".4f" if share else ".4g"
    mean, least, most = (f"{value:{digits}}" for value in (summary.mean, summary.min, summary.max))
    ends = " to ".join(f"{end:{digits}}" for end in summary.ci95 or ())
    return [str(group.count), mean, ends or "-", least, most]


def judged(study: Study, store: Store) -> list[Judged]:
    """Return what came of the claims.

    Raises:
        ValueError: there are too many rows.
    """
    every_epoch = any(map(names_epochs, study.claims))
    metrics = {"loss", *(claim.metric for claim in study.claims)}  # by the loss it is seen which replicates diverged
    return judge_all(study, rows_of(study, store, metrics, every_epoch=every_epoch)) if study.claims else []
