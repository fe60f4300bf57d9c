"""Which column of a table of runs is the model, the run, the score and the data set, by the names that are usual."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bundle.table_files import MISSING
from verdicts.score_tables import Table, unnamed

MODELS: tuple[str, ...] = (
    "model",
    "model name",
    "architecture",
    "arch",
    "algorithm",
    "algo",
    "method",
    "classifier",
    "estimator",
)
MODELS += ("regressor", "learner", "network", "net", "approach", "system", "variant", "config", "model type")
RUN_NAMES = ("mlflow runname", "run name", "name", "run", "group", "trial id", "run id")
"""What trackers call a run; it may begin with the model's name."""

RUNS: tuple[str, ...] = (
    "run",
    "seed",
    "random seed",
    "random state",
    "replicate",
    "repetition",
    "repeat",
    "rep",
    "fold",
    "cv fold",
)
RUNS += ("outer fold", "split", "trial", "bootstrap", "run number", "runs", "experiment seed", "data seed", "iteration")
DATASETS = ("dataset", "data set", "dataset name", "data set name", "data", "task", "benchmark", "problem")
STEPS = ("step", "epoch", "global step")
STATES = ("status", "state")

SCORES: tuple[str, ...] = (
    "score",
    "value",
    "test accuracy",
    "test acc",
    "accuracy",
    "acc",
    "balanced accuracy",
    "test score",
    "test f1",
)
SCORES += ("f1", "f1 score", "test auc", "auc", "roc auc", "r2", "test r2", "val accuracy", "val acc")
SCORES += ("validation accuracy", "valid accuracy", "eval accuracy", "test loss", "val loss", "loss")
"""From the one that is meant first of all."""

MLFLOW = frozenset({"start time", "duration", "run id", "name", "source type", "source name", "user", "status"})
"""The columns before parameters, metrics and tags in what MLflow's page downloads (its CsvUtils.ts)."""

WANDB = frozenset({"name", "state", "notes", "user", "tags", "created", "updated", "runtime", "sweep", "gpu type"})
"""The columns of a W&B table beside configuration and summary."""

OTHERS = (
    MLFLOW | WANDB | {"experiment id", "artifact uri", "end time", "id", "run id", "index", "unnamed: 0", "column 1"}
)
OTHERS |= {"hostname", "commit", "description", "agent", "relative time", "wall time", "timestamp", "gpu count", "gpu"}

SETTINGS = frozenset({"lr", "learning rate", "batch size", "optimizer", "dropout", "weight decay", "epochs", "steps"})
SETTINGS |= {"max epochs", "n epochs", "num epochs", "hidden size", "width", "depth", "layers", "n layers", "momentum"}
"""What a recipe has: a table with a column for each model may have it too, and it is none of them."""

_SETTING = re.compile(r"(params?|tags?|config|hparams?)[./]", re.IGNORECASE)

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing"})
"""What says of a score which data it is on, and not which run it is of."""

NO_SCORE = frozenset({*MISSING, "-", "<na>"})
"""What stands for no score, in small letters."""

RUN_AT_END = re.compile(
    r"(.+?)[-_ /.]*(?:seed|run|fold|rep|replicate|repeat|trial|split)[-_ =.#]*(\d+)"
    r"(?:[-_/ .]?(?:test|val|validation|train))?",
    re.IGNORECASE,
)
"""A run's name that says which run of the model it is, such as `tanh-3_seed4`; a bare number may be the model's own."""


@dataclass(frozen=True)
class Columns:
    """Positions of columns. Where `models` are given, each is a model's."""

    source: str
    score: int | None = None
    model: int | None = None
    run: tuple[int, ...] = ()
    dataset: int | None = None
    step: int | None = None
    state: int | None = None
    is_run_name: bool = False
    models: tuple[int, ...] = ()

    def named(self) -> Iterator[tuple[str, int | None]]:
        """Yield each role with its column."""
        yield from (("score", self.score), ("model", self.model), *(("run", i) for i in self.run))
        yield "data set", self.dataset


def plain(heading: str) -> str:
    """Return a heading in small letters, without the prefix of a tracker, words apart by one space."""
    text = re.sub(r"^(metrics?|params?|tags?|config|summary|hparams?)[./]", "", heading.strip().lower())
    return " ".join(re.split(r"[\s_\-./]+", text)).strip()


def numeric(text: str) -> float | None:
    """Return a cell's number, which may be NaN or infinite; None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def columns_of(table: Table, chosen: Mapping[str, str | None]) -> Columns | str:
    """Return the columns that a table of runs has, or what has to be named."""
    found = _Search(table, chosen)
    wrong = found.unknown() or found.of_splits()
    if wrong:
        return wrong
    run, dataset, step = found.runs(), found.first("dataset", DATASETS), found.first("", STEPS)
    model, is_run_name = found.model(run, dataset)
    if model is None:
        models = found.models({*run, dataset})
        if chosen.get("score") is None and len(models) > 1 and not {plain(table.header[i]) for i in models} & {*SCORES}:
            if not run and step is None:
                run = tuple(i for i in found.texts() if i not in (dataset, *models))[:1]
            return Columns("a wide table", run=run, dataset=dataset, step=step, models=tuple(models))
        return f"there is no column of models; name one as model{found.no_number(found.texts())}"
    taken = {model, *run, dataset}
    score = found.score(taken)
    if isinstance(score, str):
        return score
    state = found.first("", STATES)
    run = tuple(i for i in run if i not in (model, score))
    return Columns(found.source(), score, model, run, dataset, step, state, is_run_name)


class _Search:
    """Looks for columns by their names."""

    def __init__(self, table: Table, chosen: Mapping[str, str | None]) -> None:
        self._table, self._chosen = table, chosen
        self._names = [plain(heading) for heading in table.header]

    def source(self) -> str:
        """Say whose table this is."""
        header = set(self._table.header)
        if any(heading.startswith("metrics.") for heading in header) or {"Run ID", "Source Type"} <= header:
            return "MLflow's table of runs"
        if {"Name", "State"} <= header and header & {"Created", "Runtime", "User", "Tags"}:
            return "W&B's table of runs"
        return "a row for each run"

    def unknown(self) -> str | None:
        """Say which column was named and is not there."""
        for role, name in self._chosen.items():
            if name is not None and self._at(name) is None:
                return f"there is no column {name!r} for {role}; there are: {', '.join(self._table.header[:50])}"
        return None

    def of_splits(self) -> str | None:
        """Say that a column tells apart data rather than runs."""
        for i in self.runs():
            found = sorted({cell.lower() for cell in self._table.column(i)} & SPLITS)
            if len(found) > 1:
                return f"{self._table.header[i]} has {', '.join(found)}: give the rows of one of them, such as test"
        return None

    def models(self, taken: set[int | None]) -> list[int]:
        """Return the columns of a table that has one for each model: those with a number, or with no score at all."""
        others = {*OTHERS, *STEPS, *STATES, *SETTINGS, *RUNS}
        return [
            i
            for i, name in enumerate(self._names)
            if i not in taken
            and name not in others
            and not _SETTING.match(self._table.header[i])
            and (self._has_number(i) or self._is_without_scores(i))
        ]

    def _has_number(self, i: int) -> bool:
        return any(numeric(cell) is not None for cell in self._table.column(i))

    def _is_without_scores(self, i: int) -> bool:
        return self._table.header[i] != unnamed(i) and all(map(is_missing, self._table.column(i)))

    def _at(self, name: str) -> int | None:
        header = self._table.header
        return (
            header.index(name)
            if name in header
            else self._names.index(plain(name))
            if plain(name) in self._names
            else None
        )

    def first(self, role: str, usual: Sequence[str]) -> int | None:
        """Return the column that was named for a role, or the first with a usual name."""
        named = self._chosen.get(role)
        if named is not None:
            return self._at(named)
        return next((self._names.index(name) for name in usual if name in self._names), None)

    def runs(self) -> tuple[int, ...]:
        """Return the columns that tell runs apart: a named one, or all that vary of those with a usual name."""
        if self._chosen.get("run") is not None:
            return tuple(i for i in [self.first("run", ())] if i is not None)
        usual = [i for i, name in enumerate(self._names) if name in RUNS and not self._is_metric(i)]
        return tuple(i for i in usual if len(set(self._table.column(i))) > 1)

    def model(self, run: tuple[int, ...], dataset: int | None) -> tuple[int | None, bool]:
        """Return the column of models, and whether it is of runs' names, which may hold more than the model's."""
        model = self.first("model", MODELS)
        if model is not None:
            return model, False
        for name in RUN_NAMES:
            at = self._names.index(name) if name in self._names else None
            if at is not None and at != dataset and not self._is_number(at):
                return at, True
        texts = [i for i in self.texts() if i not in (*run, dataset) and self._names[i] not in OTHERS]
        return (texts[0], False) if len(texts) == 1 and self.is_long(texts[0]) else (None, False)

    def is_long(self, at: int) -> bool:
        """Say whether a column names several models, some of them more than once."""
        values = self._table.column(at)
        return 1 < len(set(values)) < len(values)

    def score(self, taken: set[int | None]) -> int | str:
        """Return the column of scores, or what has to be named."""
        named = self.first("score", ())
        if named is not None:
            return named
        metrics = [i for i in range(len(self._names)) if self._is_metric(i)]
        usual = (*OTHERS, *STEPS, *STATES)
        free = metrics or [i for i in self.numbers() if i not in taken and self._names[i] not in (*usual, *RUNS)]
        best = [i for name in SCORES for i in free if self._names[i] == name]
        if best:
            return best[0]
        texts = [i for i in self.texts() if i not in taken and self._names[i] in SCORES]
        if texts or not free:
            return f"there is no column of scores{self.no_number(texts)}"
        if len(free) == 1:
            return free[0]
        names = ", ".join(self._table.header[i] for i in free[:50])
        return f"several columns may be the score: {names}; name one as score"

    def no_number(self, columns: Sequence[int]) -> str:
        """Say what stands in the first of the columns that should be of scores."""
        cells = [(i, cell) for i in columns for cell in self._table.column(i) if not is_missing(cell)]
        found = next(((self._table.header[i], cell) for i, cell in cells if numeric(cell) is None), None)
        return "" if found is None else f": in {found[0]} stands {found[1][:40]!r}, which is no number"

    def numbers(self) -> list[int]:
        """Return the columns of numbers."""
        return [i for i in range(len(self._names)) if self._is_number(i)]

    def texts(self) -> list[int]:
        """Return the other columns."""
        return [i for i, _ in enumerate(self._names) if not self._is_number(i) and any(self._table.column(i))]

    def _is_metric(self, i: int) -> bool:
        return self._table.header[i].startswith(("metrics.", "summary."))

    def _is_number(self, i: int) -> bool:
        cells = [cell for cell in self._table.column(i) if not is_missing(cell)]
        return bool(cells) and all(numeric(cell) is not None for cell in cells)


def is_missing(cell: str) -> bool:
    """Say whether a cell says that there is no score."""
    return cell.strip().lower() in NO_SCORE


def split_names(names: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return model and run of each name: names that repeat are the models'; where all end in a run it is cut off."""
    if len(set(names)) < len(names):
        return [(name, None) for name in names]
    parts = [RUN_AT_END.fullmatch(name) for name in names]
    if all(parts):
        return [(part[1], part[2]) for part in parts if part]
    folders = [name.partition("/") for name in names]
    if all(rest for _, _, rest in folders) and len({model for model, _, _ in folders}) < len(names):
        return [(model, rest) for model, _, rest in folders]
    return [(name, None) for name in names]
