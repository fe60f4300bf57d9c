"""Scores from elsewhere: what model reached which score in which run, read from tables as trackers export them.

Read are a table of runs (of MLflow, W&B, TensorBoard's hyperparameters, or one's own), series of values by step, of
which the last is taken, and a table with a column for each model. What was taken is said in notes.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from verdicts.score_columns import Columns, columns_of, is_missing, numeric, plain, split_names
from verdicts.score_tables import Table, read_table, unnamed

MAX_SCORE = 1e15
"""The largest score, and the lowest one with a minus: its square is far from the largest float."""


UNFINISHED = frozenset({"failed", "crashed", "killed", "running", "pending", "scheduled", "preempted", "preempting"})
"""What MLflow and W&B call runs whose score is none, or not the last."""


SUMMARIES = frozenset(
    {"mean", "average", "avg", "median", "min", "max", "std", "std dev", "stdev", "sd", "sem", "stderr"}
)
SUMMARIES |= {"var", "variance", "mean rank", "average rank", "avg rank", "rank", "count", "mean ± std", "mean±std"}
"""What stands for a run or a data set in rows that sum up the others."""


class ScoresError(ValueError):
    """The scores cannot be compared; the message says what to give instead."""


@dataclass(frozen=True)
class Score:
    """One run of a model. `value` is None of one that came to nothing, `run` and `dataset` where they are not known."""

    model: str
    value: float | None
    run: str | None = None
    dataset: str | None = None


@dataclass(frozen=True)
class Scores:
    """What somebody measured.

    Attributes:
        runs: in the order in which they were given.
        name: of the score.
        overlap: the test set's size over the training set's, where runs are folds of the same data.
        notes: what was taken from a table, and what was left out.
    """

    runs: tuple[Score, ...]
    name: str = "score"
    overlap: float = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """Which columns to take; those that are not named are recognized."""

    score: str | None = None
    model: str | None = None
    run: str | None = None
    dataset: str | None = None


RECOGNIZED = Named()


def read(text: str, name: str = "", columns: Named = RECOGNIZED) -> Scores:
    """Return the scores in a CSV's text. `name` is the file's, which says what a TensorBoard export is of.

    Raises:
        ScoresError: it is no table of scores, or it does not say which column is meant.
    """
    table = read_table(text)
    if table is None:
        raise ScoresError("this is no table: give CSV with a header and a row for each run")
    if _is_without_names(table.header):
        raise ScoresError(f"the first line has no names, but numbers ({', '.join(table.header[:3])}): name the columns")
    for reader in (_tensorboard, _series, _chart):
        found = reader(table, name, columns)
        if found is not None:
            return found
    roles = columns_of(table, vars(columns))
    if isinstance(roles, str):
        raise ScoresError(roles)
    table, left_out = _without_summaries(table, roles)
    found = _wide(table, roles) if roles.models else _of_rows(table, roles)
    return replace(found, notes=(*found.notes, *left_out))


def _is_without_names(header: Sequence[str]) -> bool:
    """Say whether a header is a row of scores; numbers that follow one another may be the models' names."""
    numbers = [number for number in map(numeric, header) if number is not None]
    return len(numbers) == len(header) and any(b != a + 1 for a, b in pairwise(numbers))


def _without_summaries(table: Table, roles: Columns) -> tuple[Table, list[str]]:
    """Return the table without rows of means and the like, which are no runs."""
    at = [i for i in (*roles.run, roles.dataset) if i is not None]
    told = [next((row[i] for i in at if plain(row[i]) in SUMMARIES), None) for row in table.rows]
    names = list(dict.fromkeys(name for name in told if name is not None))
    if not names:
        return table, []
    rows = [row for row, name in zip(table.rows, told, strict=True) if name is None]
    if not rows:
        raise ScoresError(f"all rows are summaries ({', '.join(names)}): give those of runs")
    return replace(table, rows=rows), [f"rows that sum up others are left out: {', '.join(names)}"]


def joined(parts: Sequence[Scores]) -> Scores:
    """Return the scores of several files as those of one.

    Raises:
        ScoresError: they are of different scores.
    """
    names = list(dict.fromkeys(part.name for part in parts))
    if len(names) > 1:
        raise ScoresError(f"the files hold different scores: {', '.join(names)}; give those of one")
    notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    runs = tuple(run for part in parts for run in part.runs)
    return replace(parts[0], runs=_named_apart(runs) if len(parts) > 1 else runs, notes=tuple(notes))


def _named_apart(runs: tuple[Score, ...]) -> tuple[Score, ...]:
    """Return runs of files by name, one each, as runs of models where the names end in a run."""
    if any(run.run is not None for run in runs):
        return runs
    names = split_names([run.model for run in runs])
    return tuple(replace(run, model=model, run=at) for run, (model, at) in zip(runs, names, strict=True))


def _tensorboard(table: Table, name: str, _: Named) -> Scores | None:
    """Read the values of one tag in one run: Wall time, Step, Value."""
    if [plain(heading) for heading in table.header] != ["wall time", "step", "value"]:
        return None
    run, _tag, tag = name.removeprefix("run-").partition("-tag-")
    last = max(table.rows, key=lambda row: numeric(row[1]) or 0)
    note = f"TensorBoard's scalars: of each file the value at the last step, such as {last[1]}"
    return Scores((Score(run or "run", _value(last[2])),), tag.replace("_", "/") or "value", notes=(note,))


def _series(table: Table, _: str, columns: Named) -> Scores | None:
    """Read values of several runs by step: TensorBoard's data frame, or the points of MLflow's charts."""
    at = {plain(heading): i for i, heading in enumerate(table.header)}
    tag = at.get("tag", at.get("metric"))
    run = at.get("run", at.get("group"))
    if tag is None or run is None or not at.keys() >= {"step", "value"}:
        return None
    tags = list(dict.fromkeys(row[tag] for row in table.rows))
    chosen = _one_of(tags, columns)
    last: dict[str, list[str]] = {}
    for row in table.rows:
        if row[tag] == chosen and _step(row, at["step"]) >= _step(last.get(row[run]), at["step"]):
            last[row[run]] = row
    runs = _runs_of({name: _value(row[at["value"]]) for name, row in last.items()})
    return Scores(runs, chosen, notes=(f"values by step: of each run the last one of {chosen}",))


def _chart(table: Table, _: str, columns: Named) -> Scores | None:
    """Read a W&B chart: Step, and for each run `<run> - <metric>`, with its smallest and largest value beside it."""
    if plain(table.header[0]) not in ("step", "epoch", "relative time process", "relative time wall", "wall time"):
        return None
    of_run = {i: heading.rpartition(" - ") for i, heading in enumerate(table.header) if " - " in heading}
    shown = {i: (run, tag) for i, (run, _, tag) in of_run.items() if not tag.startswith("_") and "__M" not in tag}
    tags = list(dict.fromkeys(tag for _, tag in shown.values()))
    if not shown:
        return None
    chosen = _one_of(tags, columns)
    last: dict[str, float | None] = {}
    for i, (run, tag) in shown.items():
        if tag == chosen:
            last[run] = next((_value(row[i]) for row in reversed(table.rows) if row[i]), None)
    return Scores(_runs_of(last), chosen, notes=(f"a W&B chart: of each run the last value of {chosen}",))


def _one_of(tags: Sequence[str], columns: Named) -> str:
    """Return the score that is meant.

    Raises:
        ScoresError: there are several, or not the one that was named.
    """
    chosen = columns.score or (tags[0] if len(tags) == 1 else None)
    if chosen is None or chosen not in tags:
        raise ScoresError(f"there are several scores: {', '.join(tags)}; name one as score")
    return chosen


def _step(row: Sequence[str] | None, at: int) -> float:
    return -math.inf if row is None else numeric(row[at]) or 0


def _runs_of(values: Mapping[str, float | None]) -> tuple[Score, ...]:
    names = split_names(list(values))
    return tuple(Score(model, value, run) for (model, run), value in zip(names, values.values(), strict=True))


def _wide(table: Table, roles: Columns) -> Scores:
    """Read a table with a column for each model: what stands in one row belongs together."""
    runs: list[Score] = []
    rows, last = _last_steps(table, roles)
    for number, row in enumerate(rows):
        run = "/".join(row[i] for i in roles.run) if roles.run else str(number)
        dataset = None if roles.dataset is None else row[roles.dataset]
        common = None if dataset is not None and not roles.run else run
        runs += [Score(table.header[i], _value(row[i]), common, dataset) for i in roles.models]
    of_rows = "a data set" if roles.dataset is not None else "a run common to all models"
    names = ", ".join([*(table.header[i] for i in roles.models[:3]), *(["…"] if len(roles.models) > 3 else [])])
    taken = {*roles.models, *roles.run, roles.dataset, roles.step}
    rest = [name for i, name in enumerate(table.header) if i not in taken and name != unnamed(i)]
    left_out = f"; no models: {', '.join(rest[:5])}{', …' if len(rest) > 5 else ''}" if rest else ""
    note = f"a column for each of {len(roles.models)} models ({names}), a row {of_rows}{left_out}"
    return Scores(tuple(runs), overlap=_overlap(table, roles), notes=(note, *last, *_folds(table, roles)))


def _of_rows(table: Table, roles: Columns) -> Scores:
    """Read a table with a row for each run."""
    assert roles.score is not None and roles.model is not None  # noqa: S101, PT018 (for the type checker)
    rows, notes = _last_steps(table, roles)
    texts = [row[roles.model] for row in rows]
    names = split_names(texts) if roles.is_run_name else [(name, None) for name in texts]
    unfinished: Counter[str] = Counter()
    runs = []
    for row, (model, of_name) in zip(rows, names, strict=True):
        value = _value(row[roles.score])
        state = "" if roles.state is None else row[roles.state].lower()
        if state in UNFINISHED:
            unfinished[state] += 1
            value = None
        run = "/".join(row[i] for i in roles.run) if roles.run else of_name
        runs.append(Score(model, value, run, None if roles.dataset is None else row[roles.dataset]))
    taken = [f"{role}: {table.header[i]}" for role, i in roles.named() if i is not None]
    states = ", ".join(f"{count} {state}" for state, count in unfinished.items())
    left_out = [f"runs that did not finish count as diverged: {states}"] if unfinished else []
    notes = [f"{roles.source}; {', '.join(taken)}", *notes, *left_out, *_folds(table, roles)]
    return Scores(tuple(runs), table.header[roles.score], _overlap(table, roles), tuple(notes))


def _last_steps(table: Table, roles: Columns) -> tuple[list[list[str]], list[str]]:
    """Return the rows, where they are steps of runs each run's last one."""
    if roles.step is None:
        return table.rows, []
    keys = [i for i in (roles.model, *roles.run, roles.dataset) if i is not None]
    last: dict[tuple[str, ...], list[str]] = {}
    for row in table.rows:
        key = tuple(row[i] for i in keys)
        if _step(row, roles.step) >= _step(last.get(key), roles.step):
            last[key] = row
    if len(last) == len(table.rows):
        return table.rows, []
    return list(last.values()), [f"of each run the row of the greatest {table.header[roles.step]}"]


def _fold_count(table: Table, roles: Columns) -> int:
    """Return how many folds of a cross-validation the runs are, 0 where they are none."""
    folds = [i for i in roles.run if plain(table.header[i]) in ("fold", "cv fold", "outer fold")]
    count = len({row[folds[0]] for row in table.rows}) if folds else 0
    return count if count > 1 else 0


def _overlap(table: Table, roles: Columns) -> float:
    count = _fold_count(table, roles)
    return 1 / (count - 1) if count else 0


def _folds(table: Table, roles: Columns) -> list[str]:
    count = _fold_count(table, roles)
    return [f"runs are folds of {count}: they share training data, and intervals are wider for it"] if count else []


def _value(text: str) -> float | None:
    """Return a cell's number; nothing, NaN and infinities are a run that came to nothing.

    Raises:
        ScoresError: it is a text, or too large.
    """
    value = numeric(text)
    if value is None:
        if is_missing(text):
            return None
        raise ScoresError(f"{text[:40]!r} stands where a score should; of a run without one leave the cell empty")
    if not math.isfinite(value):
        return None
    if abs(value) > MAX_SCORE:
        raise ScoresError(f"{text[:40]} is too large for a score")
    return value


@dataclass(frozen=True)
class Grid:
    """Scores by data set, model and run: None where a model has no such run, or it came to nothing."""

    models: tuple[str, ...]
    datasets: tuple[str | None, ...]
    values: Mapping[str | None, Mapping[str, Mapping[str, float | None]]] = field(repr=False)
    has_runs: bool


def grid_of(runs: Iterable[Score]) -> Grid:
    """Return scores by data set, model and run; a run without a name gets its position.

    Raises:
        ScoresError: a model has the same run twice.
    """
    values: dict[str | None, dict[str, dict[str, float | None]]] = {}
    models: dict[str, None] = {}
    has_runs = True
    for score in runs:
        models.setdefault(score.model)
        of_model = values.setdefault(score.dataset, {}).setdefault(score.model, {})
        run = score.run
        if run is None:
            has_runs, run = False, f"#{len(of_model)}"
        if run in of_model:
            where = f" on {score.dataset}" if score.dataset is not None else ""
            raise ScoresError(
                f"{score.model} has the run {run} twice{where}; give each run once, "
                "and each configuration a model's name of its own"
            )
        of_model[run] = score.value
    return Grid(tuple(models), tuple(values), values, has_runs)
