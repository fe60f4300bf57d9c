"""What a model's numbers mean: what its card says, where the numbers bear that out, or what they look like."""

from collections.abc import Callable
from dataclasses import dataclass

from bundle.card import Card, HandWrittenCard, Output, Task
from bundle.conventions import DEFAULT_CLASSES
from service.engines import LoadError


@dataclass(frozen=True)
class Meaning:
    """What a version gives for a point. `classes` are the labels' names, none in a regression."""

    output: Output
    task: Task
    classes: tuple[str, ...]


RAW = Meaning("value", "regression", ())
"""Numbers of which nothing is known."""


def meaning_of(card: Card | HandWrittenCard | None, width: int | None, probe: Callable[[], Output]) -> Meaning:
    """Return what a model's numbers mean.

    Args:
        card: what is said of them.
        width: the numbers a point where they are an array, [n, width]; else None.
        probe: looks whether they can be probabilities.

    Raises:
        LoadError: the card cannot be right.
    """
    if isinstance(card, Card):
        meaning = Meaning("value" if card.task == "regression" else "probability", card.task, tuple(card.classes))
    else:
        meaning = _by_hand(card or HandWrittenCard(), width, probe)
    _check_width(meaning, width)
    return meaning


def _by_hand(card: HandWrittenCard, width: int | None, probe: Callable[[], Output]) -> Meaning:
    classes = () if card.classes is None else tuple(card.classes)
    task = card.task or ("multiclass" if width is not None and classes else None)
    if width is not None and task is None and card.output in (None, "value"):
        return RAW
    looks_like = probe()
    output = card.output or ("value" if task == "regression" else looks_like)
    if output == "probability" and looks_like == "value":
        what = "numbers lie outside [0, 1]" if width is None else "numbers lie outside [0, 1], or do not add up to 1"
        raise LoadError(f"the card says probability, but some {what}; write logit or value")
    task = task or ("regression" if output == "value" else "binary" if width is None else "multiclass")
    if (task == "regression") != (output == "value"):
        raise LoadError(_contradiction(task, output, said=card.output is not None))
    if task == "regression":
        return Meaning(output, task, ())
    default = DEFAULT_CLASSES if width is None else tuple(map(str, range(width)))
    return Meaning(output, task, classes or default)


def _contradiction(task: Task, output: Output, *, said: bool) -> str:
    if task == "regression":
        return f"the card says regression and {output}; a regression gives values"
    if said:
        return f"the card says {task} and value; write logit or probability, or the task regression"
    return f"the card says {task}, but its numbers are no probabilities; write the output logit, if they are such"


def _check_width(meaning: Meaning, width: int | None) -> None:
    """Raise LoadError where a model gives another number of numbers a point than its task and classes need."""
    given = "one number" if width is None else f"{width} numbers"
    count = len(meaning.classes)
    if len(set(meaning.classes)) < count:
        raise LoadError(f"the card names a class twice: {', '.join(meaning.classes)}")
    if meaning.task == "binary" and (width is not None or count != len(DEFAULT_CLASSES)):
        raise LoadError(
            f"a binary model has two classes and gives one number a point; it has {count} and gives {given}"
        )
    if meaning.task == "multiclass" and width != count:
        raise LoadError(
            f"the card names {count} classes ({', '.join(meaning.classes)}), the model gives {given} a point"
        )
    if meaning.task == "regression" and width is not None and meaning != RAW:
        raise LoadError(f"a regression gives one number a point; the model gives {given}")
