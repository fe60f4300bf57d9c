"""A study's rows as pandas has them: what is asked for as a query, and the CSV that answers it as a DataFrame."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    from pandas import DataFrame

Level: TypeAlias = str | float | bool | None

Where: TypeAlias = Mapping[str, Level | Sequence[Level]] | str
"""Conditions by column: a level, several of which any will do, None for none, or text such as `>=100` or `last`."""

NO_PANDAS = "rows come as a pandas.DataFrame, and pandas is not installed; install it: pip install pandas"


Names: TypeAlias = str | Sequence[str]


def rows_query(where: Where | None, group: Names | None, metric: Names | None) -> dict[str, Any]:
    """Return the query for rows."""
    return {"where": None if where is None else _where(where), "group": _names(group), "metric": _names(metric)}


def frame_of(content: bytes) -> "DataFrame":
    """Return the rows of a CSV file; only what is empty there is NaN.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas = load_pandas()
    frame: DataFrame = pandas.read_csv(
        io.BytesIO(content),
        dtype={"cell": str},
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
        **({"float_precision": "round_trip"} if pandas.__version__.startswith(("2.", "3.0.")) else {}),
    )
    return frame


def load_pandas() -> Any:
    """Return pandas, before anything is asked for.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import pandas  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError(NO_PANDAS) from error
    return pandas


def _names(names: str | Sequence[str] | None) -> str | None:
    if names is None or isinstance(names, str):
        return names
    return ",".join(_escaped(name) for name in names)


def _where(where: Where) -> str:
    if isinstance(where, str):
        return where
    return ",".join(f"{_escaped(name)}:{'|'.join(map(_level, _levels(level)))}" for name, level in where.items())


def _levels(level: Level | Sequence[Level]) -> Sequence[Level]:
    return level if isinstance(level, Sequence) and not isinstance(level, str) else [level]


def _level(level: Level) -> str:
    if level is None:
        return "none"
    return str(level).lower() if isinstance(level, bool) else _escaped(str(level))


def _escaped(text: str) -> str:
    """Return a text without what separates names and levels in a query."""
    return re.sub("[%,:|]", lambda sign: quote(sign[0]), text)
