"""Studies: the rows that are asked for, what groups of them sum up to, what came of the claims, and the boundaries.

The rows at each cell's last epoch are kept, with all columns; of a study that runs only new files are read. Rows of
other epochs are read when they are asked for, with the columns that it takes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Lock
from typing import TypeVar

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from bundle.study import Study
from bundle.study_parquet import KEYS
from bundle.study_rows import Column, taken
from service.dataplane.study_query import Condition, StudyQuery
from service.dataplane.study_rows import StudySnapshot, cells_of, complete, is_setting, read, refresh_snapshot
from service.errors import InvalidError, TooLargeError
from service.registry.studies import StudyFolder
from verdicts.cells import LAST, codes, count_of, grouped, levels_of, meeting
from verdicts.claims import Judged, judge_all, names_epochs
from verdicts.group_table import table_of

T = TypeVar("T")

MAX_KEPT_VALUES = 8_000_000
"""Numbers that are kept of all studies together, 64 MB: 2,000 cells of 30 replicates take 2 million."""

MAX_GROUPS = 50_000

MAX_JUDGED = 256
"""Moments of studies whose claims' outcomes are kept."""

NO_LABEL, ALL_AGREE = 255, 254
"""Of a boundary's second plane: where runs give no label, and where all give the same."""


class Studies:
    """What is known of the studies that were asked for last."""

    def __init__(self) -> None:
        self._kept: LRUCache[str, StudySnapshot] = LRUCache(MAX_KEPT_VALUES, getsizeof=lambda known: max(1, known.size))
        self._judged: LRUCache[str, list[Judged]] = LRUCache(MAX_JUDGED)
        self._reading = Lock()

    def known(self, folder: StudyFolder) -> StudySnapshot:
        """Return what is known of a study as it is now; files that are new are read.

        Raises:
            TooLargeError: it has more rows than are read at once.
        """
        name = str(folder.store.directory)
        with self._reading:
            before = self._kept.get(name)
            if before is not None and before.digest == folder.digest:
                return before
            now = refresh_snapshot(folder, before)
            if now.size <= self._kept.maxsize:
                self._kept[name] = now
            return now

    def claims(self, folder: StudyFolder) -> list[Judged]:
        """Return what came of a study's claims.

        Raises:
            TooLargeError: they take more rows than are read at once.
        """
        found = self._judged.get(folder.digest)
        if found is None:
            found = self._judged[folder.digest] = self._judge(folder) if folder.study.claims else []
        return found

    def _judge(self, folder: StudyFolder) -> list[Judged]:
        study = folder.study
        if any(map(names_epochs, study.claims)):
            wanted = {*study.factors, "loss", *(claim.metric for claim in study.claims)}
            return judge_all(study, complete(study, read(folder, None, wanted), wanted))
        return judge_all(study, self.known(folder).columns)

    def rows(self, folder: StudyFolder, query: StudyQuery) -> dict[str, Column]:
        """Return the rows that a query is about: of its metrics, of all if it names none.

        Raises:
            InvalidError: there is no such column, or a condition that it cannot meet.
            TooLargeError: these are more rows than are read at once.
        """
        study, known = folder.study, self.known(folder)
        _check_names(query, known)
        wanted = {*KEYS, *study.factors, *query.needed} if query.metrics else None
        if query.is_of_last_epoch:
            columns = {name: known.columns[name] for name in known.columns if wanted is None or name in wanted}
        else:
            cells = _or_invalid(lambda: cells_of(study, query.where))
            columns = complete(study, read(folder, cells, wanted), query.needed)
        return chosen(columns, query.where)

    def summaries(self, folder: StudyFolder, query: StudyQuery) -> tuple[str, dict[str, Column]]:
        """Return the metric, and what groups of rows sum up to: a row for each, by the levels of `query.group`.

        Raises:
            InvalidError: as `rows` does, or where rows cannot be grouped so.
            TooLargeError: these are more rows than are read at once, or more groups than are told.
        """
        study, by = folder.study, query.group or ()
        known = self.known(folder)
        metric = metric_of(query, study, known)
        _check_group(by, study, known)
        columns = self.rows(folder, query.of_metric(metric))
        _check_count(columns, by)
        groups = _or_invalid(lambda: grouped(columns, by, metric, study.overlap)) if metric in columns else []
        return metric, table_of(by, groups)

    def drawn_rows(
        self, folder: StudyFolder, query: StudyQuery, picture: str, x: str | None, metric: str
    ) -> dict[str, Column]:
        """Return the rows that a picture is drawn from: at the last epoch, unless it is over epochs or says which."""
        known = self.known(folder)
        says_epochs = any(name == "epoch" for name, _ in query.where)
        over_epochs = x == "epoch" or (x is None and not _varies(known.columns, "n_samples"))
        if not says_epochs and not (picture == "curves" and over_epochs):
            query = replace(query, where=(*query.where, ("epoch", (LAST,))))
        layers = [name for name in known.columns if name.startswith("gradient_norm_")]
        return self.rows(folder, replace(query, metrics=(metric, *(layers if picture == "gradients" else []))))

    def boundaries(self, folder: StudyFolder) -> NDArray[np.uint8]:
        """Return uint8 [cells, 2, n, n], n = 0 if there are no maps: what runs make of a plane, and how many agree.

        The first is the mean P(y = 1), in a regression the mean of the values, on the map's scale; of several classes
        the position of the most frequent label. The second is the share of runs with the most frequent label, of 254;
        255 where there is none, and 0 where the cell has no map.
        """
        known = self.known(folder)
        n = max((facts.nodes for facts in known.maps.values()), default=0)
        found = np.zeros((len(folder.study.cells), 2, n, n), np.uint8)
        maps = folder.store.maps(files=[file for file in folder.files if file.cell in known.maps])
        for i, cell in enumerate(folder.study.cells):
            if (boundary := maps.get(cell.digest)) is None or boundary.values.shape[-1] != n:
                continue
            found[i, 0] = boundary.values[0]
            found[i, 1] = NO_LABEL
            if boundary.labels is not None:
                shares = boundary.labels.astype(np.float64) / 255
                every = np.concatenate([1 - shares, shares]) if len(shares) == 1 else shares
                found[i, 1] = np.rint(every.max(axis=0) * ALL_AGREE)
                if len(shares) > 1:
                    found[i, 0] = shares.argmax(axis=0)
        return found


def _varies(columns: dict[str, Column], name: str) -> bool:
    return name in columns and len(levels_of(columns[name])) > 1


def metric_of(query: StudyQuery, study: Study, known: StudySnapshot) -> str:
    """Return the metric that groups are summed up by.

    Raises:
        InvalidError: there is no such metric, or the query names several.
    """
    if len(query.metrics) > 1:
        raise InvalidError.of("metric", "must be one where rows are grouped.")
    if not query.metrics:
        return study.metric
    metrics = known.metrics(study)
    if metrics and query.metrics[0] not in metrics:
        raise InvalidError.of("metric", f"must be one of: {', '.join(metrics)}.")
    return query.metrics[0]


def chosen(columns: dict[str, Column], where: Iterable[Condition]) -> dict[str, Column]:
    """Return the rows that meet all conditions.

    Raises:
        InvalidError: there is no such column, or a condition that it cannot meet.
    """
    if not count_of(columns):
        return columns
    conditions = [{name: choices} for name, choices in where]
    masks = _or_invalid(lambda: [meeting(columns, condition) for condition in conditions])
    return taken(columns, np.all(masks, axis=0)) if masks else columns


def _check_names(query: StudyQuery, known: StudySnapshot) -> None:
    """Raise InvalidError where a query names what is no column; of a study without rows any may be one later."""
    if not count_of(known.columns):
        return
    there = ", ".join(known.columns)
    for field, names in (("where", [name for name, _ in query.where]), ("metric", query.metrics)):
        if unknown := [name for name in names if name not in known.columns]:
            raise InvalidError.of(field, f"there is no column {', '.join(unknown)}; there are: {there}.")


def _check_group(by: Sequence[str], study: Study, known: StudySnapshot) -> None:
    allowed = [name for name in known.columns if is_setting(study, name)]
    if others := [name for name in by if name not in allowed]:
        raise InvalidError.of(
            "group", f"rows are not grouped by {', '.join(others)}; group by some of: {', '.join(allowed)}."
        )


def _check_count(columns: dict[str, Column], by: Sequence[str]) -> None:
    """Raise TooLargeError where there are more groups than are told."""
    code = np.zeros(count_of(columns), np.int64)
    for name in by:
        levels = levels_of(columns[name])
        code = code * len(levels) + codes(columns[name], levels)
    if (count := len(np.unique(code))) > MAX_GROUPS:
        raise TooLargeError(
            f"these are {count:,} groups; at most {MAX_GROUPS:,} are told: choose fewer by where=, such as epoch:last, "
            "or group by fewer columns"
        )


def _or_invalid(find: Callable[[], T]) -> T:
    try:
        return find()
    except ValueError as error:
        raise InvalidError.of("where", f"{error}.") from error
