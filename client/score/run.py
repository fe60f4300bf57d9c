"""One run: blocks are parsed and scored by several threads, and written in order by this one."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from client.score import RowError, ScoreError
from client.score.columns import Block, Faults, check_type, points_of
from client.score.header import names_in_words
from client.score.kept import KeptScores
from client.score.output import Output, output_columns, output_schema
from client.score.source import Piece, Source, open_source
from client.score.target import Numbers, Points, RefusedError, Scorer, Target

MAX_REPORTED_ROWS = 10
"""Rows without a score that are named one by one."""

QUEUED_BLOCKS = 6
"""Blocks that are ready for threads to take up, or to be written: as many as keep all of them busy."""

NO_NUMBER = "the model gives no finite number there"


@dataclass(frozen=True)
class Options:
    """What is asked for beside the files and the model. `keep` are columns of the input; None: all of them."""

    workers: int
    columns: Mapping[str, str] = field(default_factory=dict)
    keep: Sequence[str] | None = None
    prefix: str = ""
    threshold: float | None = None
    on_error: Literal["fail", "null"] = "fail"
    fresh: bool = False


@dataclass
class Result:
    """What came of a run: its rows, how many of them have no score, and why the first of these have none."""

    rows: int = 0
    null: int = 0
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Scored:
    size: int
    block: Block
    numbers: Numbers
    faults: Faults


class Run:
    """Scores one file."""

    def __init__(self, path: Path, output: Path, scorer: Scorer, options: Options) -> None:
        """Look at the file and at what is asked of it.

        Raises:
            ScoreError: it does not fit the model, or the options do not fit it.
        """
        self.path, self.output, self.scorer, self.options = path, output, scorer, options
        self.target: Target = scorer.target
        if output.exists() and output.samefile(path):
            raise ScoreError("the output would replace the input; write another file")
        self._state = _state(path)
        self.source: Source = open_source(path)
        self._columns = _columns_of(self.target, self.source.names, options.columns, path)
        self._kept_columns = _kept_columns(self.source.names, options.keep, path)
        numbers = [self._columns[f.name] for f in self.target.features if f.categories is None]
        self.source.choose({*self._kept_columns, *self._columns.values()}, numbers)
        for name in self._columns.values():
            check_type(self.source.schema().field(name).type, name)
        self._added = output_schema(self.target, options.prefix)
        if taken := [name for name in self._added.names if name in self._kept_columns]:
            raise ScoreError(f"{path} has a column {taken[0]} already; leave it out by --keep, or give a --prefix")
        if options.threshold is not None and (self.target.task != "binary" or not self.target.gives_probabilities):
            raise ScoreError(f"a threshold is for two classes; model {self.target.model} is no such")

    def all(self, begin: Callable[[int, bool], None], advance: Callable[[int], None], source_name: str) -> Result:
        """Score all rows and write the file, or go on where an interrupted run ended.

        `begin` is told how long the file is, and whether this goes on; `advance` how much more of it is done.

        Raises:
            ScoreError: a row cannot be scored, or the input or the version changed meanwhile.
            ClientError: the service does not answer.
        """
        target = self.target
        identity = {"input": self._state, "columns": dict(self._columns), "target": target.identity()}
        schema = self.source.schema()
        fields = [*(schema.field(name) for name in self._kept_columns), *self._added]
        metadata = {
            "boundary.model": target.model,
            "boundary.version": str(target.version),
            "boundary.fingerprint": target.fingerprint,
            "boundary.scored_by": source_name,
        }
        with (
            KeptScores(self.output, identity, target.width, fresh=self.options.fresh) as kept,
            Output(self.output, pa.schema(fields), metadata) as output,
        ):
            begin(self.source.total, kept.is_begun)
            result = self._blocks(kept, output, advance)
            try:
                self.scorer.check()
                self._check_input()
            except ScoreError:
                kept.forget()
                raise
            output.publish()
            kept.forget()
        return result

    def _blocks(self, kept: KeptScores, output: Output, advance: Callable[[int], None]) -> Result:
        result = Result()
        pool = ThreadPoolExecutor(self.options.workers)
        waiting: deque[tuple[Future[_Scored], bool]] = deque()

        def take() -> None:
            future, is_kept = waiting.popleft()
            try:
                scored = future.result()
            except RowError as error:
                raise ScoreError(f"{self.path}: row {result.rows + error.row + 1} {error}") from error
            self._tell(scored.faults, result)
            if not is_kept:
                kept.add(scored.numbers)
            columns = [scored.block.columns[name] for name in self._kept_columns]
            output.write([*columns, *output_columns(self.target, scored.numbers, self.options.threshold)])
            result.rows += scored.block.rows
            advance(scored.size)

        try:
            for piece in self.source.pieces():
                before = kept.next()
                waiting.append((pool.submit(self._score, piece, before), before is not None))
                if len(waiting) >= self.options.workers + QUEUED_BLOCKS:
                    take()
            while waiting:
                take()
        finally:
            pool.shutdown(cancel_futures=True)
        return result

    def _score(self, piece: Piece, kept: Numbers | None) -> _Scored:
        """Parse a piece and score it, unless it was before; in a thread of its own."""
        block = self.source.parse(piece)
        points, faults = points_of(block, self.target.features, self._columns, imputes=self.target.imputes)
        if kept is not None and len(kept) != block.rows:
            raise ScoreError(f"{self.path} is cut into other blocks than before; --fresh starts over")
        numbers = self._numbers(points, faults) if kept is None else kept
        if kept is not None:
            for i in np.flatnonzero(np.isnan(kept.reshape(len(kept), -1)).any(axis=1)):
                faults.setdefault(int(i), NO_NUMBER)
        return _Scored(self.source.size_of(piece), block, numbers, faults)

    def _numbers(self, points: Points, faults: Faults) -> Numbers:
        """Return the numbers at points; NaN at those that are none, and add those that the model refuses to them."""
        if self.options.on_error == "fail" and faults:  # whoever takes the block up will stop there
            points = points[: min(faults)]
        numbers = np.full(self.target.shape(len(points)), np.nan, np.float32)
        bad = [i for i in faults if i < len(points)]
        good = np.delete(np.arange(len(points)), bad) if bad else range(len(points))
        for start in range(0, len(good), self.scorer.max_points):
            rows = good[start : start + self.scorer.max_points]
            at = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
            numbers[at], refused = _divided(self.scorer, points[at])
            faults.update({int(rows[i]): reason for i, reason in refused.items()})
        return numbers

    def _tell(self, faults: Faults, result: Result) -> None:
        """Note the rows of a block that have no score."""
        more = MAX_REPORTED_ROWS - len(result.told)
        told = [f"row {result.rows + i + 1}: {faults[i]}" for i in sorted(faults)[:more]]
        if faults and self.options.on_error == "fail":
            others = f" (and {len(faults) - 1:,} more soon after it)" if len(faults) > 1 else ""
            raise ScoreError(
                f"{self.path}, {told[0]}{others}; mend it and start over by --fresh, or leave such rows null by "
                "--on-error null"
            )
        result.told += told
        result.null += len(faults)

    def _check_input(self) -> None:
        if _state(self.path) != self._state:
            raise ScoreError(f"{self.path} changed while it was read; score it again")


def _divided(scorer: Scorer, points: Points) -> tuple[Numbers, Faults]:
    """Score points; where they are refused, in halves, until those to blame are found: they get NaN."""
    try:
        return scorer.score(points), {}
    except RefusedError as error:
        if len(points) == 1:
            return np.full(scorer.target.shape(1), np.nan, np.float32), {0: str(error)}
    half = len(points) // 2
    (first, faults), (second, others) = _divided(scorer, points[:half]), _divided(scorer, points[half:])
    return np.concatenate([first, second]), {**faults, **{half + i: reason for i, reason in others.items()}}


def _columns_of(target: Target, names: Sequence[str], renamed: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return the column of each feature.

    Raises:
        ScoreError: one of them is not there.
    """
    features = [feature.name for feature in target.features]
    if strangers := sorted(renamed.keys() - set(features)):
        raise ScoreError(f"model {target.model} has no feature {strangers[0]}; features: {names_in_words(features)}")
    columns = {feature: renamed.get(feature, feature) for feature in features}
    if missing := [name for name in columns.values() if name not in names]:
        raise ScoreError(
            f"{path} has no column {names_in_words(missing)}; model {target.model} takes {names_in_words(features)}, "
            f"and the file has {names_in_words(names)}; say --column {features[0]}=NAME where a column has another name"
        )
    return columns


def _kept_columns(names: Sequence[str], keep: Sequence[str] | None, path: Path) -> list[str]:
    if keep is None:
        return list(names)
    if strangers := [name for name in keep if name not in names]:
        raise ScoreError(f"{path} has no column {strangers[0]} to keep; it has {names_in_words(names)}")
    return [name for name in names if name in keep]


def _state(path: Path) -> dict[str, int]:
    """Return what changes when a file does."""
    status = path.stat()
    return {"bytes": status.st_size, "modified": status.st_mtime_ns}
