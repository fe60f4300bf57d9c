"""Scores that a client sends: how many are taken at once, and what is wrong with one."""

from collections.abc import Mapping
from typing import Any

from service.errors import InvalidError, MalformedError, TooLargeError
from verdicts.elsewhere import Options, TooManyScoresError, compare_scores
from verdicts.score_comparison import ScoreComparison
from verdicts.scores import MAX_SCORE, Named, Score, Scores, ScoresError, read

MAX_SCORES = 100_000
"""Scores that are taken at once."""

MAX_MODELS = 250
"""Models of these: 31,125 pairs, of which the answer takes 25 MB."""

MAX_CELLS = 1_000_000
"""Cells of a table, most of which may be no scores: as text in memory some 60 MB."""

MAX_NAME_CHARS = 200

FIELDS = ("model", "run", "score", "dataset")


def refuse_excess(content: bytes) -> None:
    """Refuse a JSON body that holds far more than scores could need, before it is parsed.

    Raises:
        TooLargeError: it does.
    """
    most = 64 + MAX_SCORES
    if content.count(b"{") > most or content.count(b"[") > most or content.count(b",") > len(FIELDS) * most:
        raise TooLargeError(f"the body holds more than {MAX_SCORES} scores, the most that is taken at once")


def table_of(content: bytes, columns: Named) -> Scores:
    """Return the scores in a CSV.

    Raises:
        MalformedError: it is no text in UTF-8.
        TooLargeError: it has too many cells.
        InvalidError: it is no table of scores.
    """
    if sum(map(content.count, (b",", b";", b"\t", b"|", b"\n"))) > MAX_CELLS:
        raise TooLargeError(f"the table has more than {MAX_CELLS} cells, the most that is taken at once")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the table is not text in UTF-8") from error
    try:
        return read(text, columns=columns)
    except ScoresError as error:
        raise InvalidError.of("scores", str(error)) from error


def records_of(values: Any) -> tuple[Score, ...]:
    """Return scores from a list of objects.

    Raises:
        ScoresError: one of them is none; the message says which and why.
        TooLargeError: they are too many.
    """
    if not isinstance(values, list) or not values:
        raise ScoresError(
            "must be a list of one or more objects with model and score, and run and dataset where known."
        )
    if len(values) > MAX_SCORES:
        raise TooLargeError(f"{len(values)} scores; at most {MAX_SCORES} are taken at once")
    return tuple(_record(i, value) for i, value in enumerate(values))


def _record(i: int, value: Any) -> Score:
    if not isinstance(value, dict) or not value.keys() >= {"model", "score"} or not value.keys() <= {*FIELDS}:
        raise ScoresError(f"score {i}: must be an object with model and score, and run and dataset where known.")
    number = value["score"]
    if isinstance(number, bool) or not isinstance(number, int | float | None):
        raise ScoresError(f"score {i}: score must be a number, or null for a run that came to nothing.")
    if number is not None and not -MAX_SCORE <= number <= MAX_SCORE:  # NaN is neither
        raise ScoresError(
            f"score {i}: score must be finite and at most {MAX_SCORE:g}; null for a run that came to nothing."
        )
    run = value.get("run")
    if isinstance(run, int) and not isinstance(run, bool):
        run = str(run)
    return Score(
        _name(i, "model", value["model"]),
        None if number is None else float(number),
        None if run is None else _name(i, "run", run),
        None if value.get("dataset") is None else _name(i, "dataset", value["dataset"]),
    )


def _name(i: int, field: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME_CHARS:
        raise ScoresError(f"score {i}: {field} must be a text of 1 to {MAX_NAME_CHARS} characters.")
    return value


def compared(scores: Scores, options: Mapping[str, Any]) -> ScoreComparison:
    """Return the comparison of scores.

    Raises:
        TooLargeError: they are of too many models, or these have too many runs in common.
        InvalidError: they cannot be compared.
    """
    count, models = len(scores.runs), len({run.model for run in scores.runs})
    if count > MAX_SCORES or models > MAX_MODELS:
        raise TooLargeError(
            f"{count} scores of {models} models; at most {MAX_SCORES} of {MAX_MODELS} models are taken at once"
        )
    try:
        return compare_scores(scores, Options(**options))
    except TooManyScoresError as error:
        raise TooLargeError(str(error)) from error
    except ScoresError as error:
        raise InvalidError.of("scores", str(error)) from error
