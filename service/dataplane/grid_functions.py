"""What can be drawn of a model: functions from nodes to one number each, checked against what the card recorded.

A function is made before anything is computed, so that a request that cannot be answered is refused at once, with what
can be sent instead. It holds no version, so that it can be kept for as long as its version is served.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bundle.conventions import DEFAULT_THRESHOLD
from service.dataplane.inference import evaluate, evaluate_one
from service.dataplane.slices import Slice
from service.engines import Points
from service.errors import InvalidError
from service.registry.models import ModelVersion

Evaluate = Callable[[ModelVersion, Points], NDArray[np.float32]]


class Kind(StrEnum):
    """What the numbers are, which decides their name in an answer and how they are drawn."""

    PROBABILITY = "probability"
    LABEL = "label"
    VALUE = "value"
    STD = "std"
    AGREEMENT = "agreement"
    DIFFERENCE = "difference"
    ACTIVATION = "activation"


STATISTICS = ("probability", "mean", "std", "agreement")


@dataclass(frozen=True)
class GridFunction:
    """A function from a version and nodes, float32 [n, axes], to float32 [n]; of the kind LABEL to float32 [n, 2]: the
    position of the most probable class, and its probability.
    """

    kind: Kind
    evaluate: Evaluate


@dataclass(frozen=True)
class Choice:
    """What is taken of a model's outputs, float32 […, n] or […, n, k]: float32 […, n], of the kind LABEL […, n, 2]."""

    kind: Kind
    of: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def choose(version: ModelVersion, class_: str | None) -> Choice:
    """Return what is drawn of a model: the probability of a class, by default y = 1 of two and the most probable one
    of more; or its values.

    Raises:
        InvalidError: there is no such class, or nothing is known of the model's numbers.
    """
    if class_ is not None and class_ not in version.classes:
        has = f"has the classes {', '.join(version.classes)}" if version.classes else "gives values and has no classes"
        raise InvalidError.of("class", f"model {version.name} {has}; not {class_[:60]!r}.")
    if version.task == "multiclass":
        if class_ is None:
            return Choice(Kind.LABEL, _most_probable)
        position = version.classes.index(class_)
        return Choice(Kind.PROBABILITY, lambda outputs: outputs[..., position])
    if version.width is not None:
        raise InvalidError.of(
            "model",
            f"{version.name} gives {version.width} numbers a point and nothing says what they are; write a card with "
            "task and classes beside it.",
        )
    if version.output == "value":
        return Choice(Kind.VALUE, lambda outputs: outputs)
    if class_ == version.classes[0]:
        return Choice(Kind.PROBABILITY, lambda outputs: 1 - outputs)
    return Choice(Kind.PROBABILITY, lambda outputs: outputs)


def _most_probable(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([outputs.argmax(axis=-1).astype(np.float32), outputs.max(axis=-1)], axis=-1)


def epoch_of(version: ModelVersion, epoch: int | None) -> int | None:
    """Return the epoch that is asked for: by default the last; None for a model that recorded none.

    Raises:
        InvalidError: it was not recorded.
    """
    if version.card is None:
        if epoch is not None:
            raise InvalidError.of("epoch", f"model {version.name} has no recorded epochs; leave it out.")
        return None
    if epoch is None:
        return version.card.epochs[-1]
    if epoch not in version.card.epochs:
        recorded = ", ".join(map(str, version.card.epochs))
        raise InvalidError.of(
            "epoch", f"{epoch} was not recorded for model {version.name}; recorded epochs: {recorded}."
        )
    return epoch


def of_run(
    version: ModelVersion, where: Slice, choice: Choice, replicate: int = 0, epoch: int | None = None
) -> GridFunction:
    """Return what one training run gives after one epoch.

    Raises:
        InvalidError: the replicate or the epoch was not recorded.
    """
    check_replicate(version, replicate)
    snapshot = snapshot_of(version, epoch)
    if replicate == 0 and snapshot == _last(version):
        return GridFunction(choice.kind, lambda v, nodes: choice.of(_served(v, where, nodes)))
    return GridFunction(choice.kind, lambda v, nodes: choice.of(_at(v, where, nodes, replicate, snapshot)))


def _served(version: ModelVersion, where: Slice, nodes: Points) -> NDArray[np.float32]:
    return where.evaluate(lambda points: evaluate_one(version, "serving_default", points), nodes)


def _at(version: ModelVersion, where: Slice, nodes: Points, replicate: int, snapshot: int) -> NDArray[np.float32]:
    scalars = {"replicate": replicate, "snapshot": snapshot}
    return where.evaluate(lambda points: evaluate_one(version, "at", points, **scalars), nodes)


def of_all_runs(
    version: ModelVersion, where: Slice, choice: Choice, statistic: str, epoch: int | None = None
) -> GridFunction:
    """Return a statistic over all training runs, those that diverged left out, after one epoch.

    `mean` and `std` (sample standard deviation, n - 1) are of what is chosen; `agreement` is the share of runs that
    give the label that most of them give.

    Raises:
        InvalidError: the model has fewer than two replicates, the epoch was not recorded, or the statistic is none of
            what is chosen.
    """
    replicates = converged(version)
    if len(replicates) < 2:
        count = "one replicate"
        if version.card is not None and version.card.diverged:
            count = f"{version.card.replicates} replicates, of which all but one diverged"
        raise InvalidError.of(
            "statistic", f"model {version.name} has {count}; {statistic} needs two or more; use probability."
        )
    snapshot = snapshot_of(version, epoch)

    def every_run(v: ModelVersion, nodes: Points) -> NDArray[np.float32]:
        return np.stack([_at(v, where, nodes, r, snapshot) for r in replicates])

    if statistic == "mean":
        return GridFunction(choice.kind, lambda v, nodes: choice.of(every_run(v, nodes).mean(axis=0)))
    if statistic == "std":
        if choice.kind is Kind.LABEL:
            raise InvalidError.of("class", f"std is of one class's probability; give one of: {_named(version)}.")
        return GridFunction(Kind.STD, lambda v, nodes: choice.of(every_run(v, nodes)).std(axis=0, ddof=1))
    if choice.kind is Kind.VALUE:
        raise InvalidError.of(
            "statistic", f"agreement is of labels; model {version.name} gives values; use probability, mean or std."
        )
    return GridFunction(Kind.AGREEMENT, lambda v, nodes: _agreement(every_run(v, nodes)))


def _agreement(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of runs, outputs [R, n] or [R, n, k], that give the majority's label."""
    if outputs.ndim == 2:
        share = (outputs >= DEFAULT_THRESHOLD).mean(axis=0, dtype=np.float32)
        majority: NDArray[np.float32] = np.maximum(share, 1 - share)
        return majority
    labels = outputs.argmax(axis=-1)
    shares = [(labels == label).mean(axis=0, dtype=np.float32) for label in range(outputs.shape[-1])]
    most: NDArray[np.float32] = np.max(shares, axis=0)
    return most


def _named(version: ModelVersion) -> str:
    return ", ".join(version.classes)


def converged(version: ModelVersion) -> list[int]:
    """Return the training runs that statistics are over: those that did not diverge."""
    if version.card is None:
        return [0]
    return [r for r in range(version.card.replicates) if r not in version.card.diverged]


def difference(version: ModelVersion, minus: ModelVersion, of: GridFunction, subtracted: GridFunction) -> GridFunction:
    """Return the signed difference of two models' probabilities, from -1 to 1, or of their values.

    Raises:
        InvalidError: the models have different features, or do not give the same.
    """
    if Kind.LABEL in (of.kind, subtracted.kind):
        name = version if of.kind is Kind.LABEL else minus
        raise InvalidError.of("class", f"a difference is of one class's probability; give one of: {_named(name)}.")
    if of.kind is not subtracted.kind:
        values = version if of.kind is Kind.VALUE else minus
        raise InvalidError.of(
            "minus", f"{values.name} gives values; a difference with the other is one of probabilities."
        )
    names, others = ([feature.name for feature in v.features] for v in (version, minus))
    if names != others:
        raise InvalidError.of(
            "minus", f"{minus.name} has the features {', '.join(others)}, {version.name} has {', '.join(names)}."
        )
    return GridFunction(Kind.DIFFERENCE, lambda v, nodes: of.evaluate(v, nodes) - subtracted.evaluate(minus, nodes))


def activation(
    version: ModelVersion, where: Slice, layer: int, unit: int, replicate: int = 0, epoch: int | None = None
) -> GridFunction:
    """Return the activation of one hidden unit; layers and units are counted from 1.

    Raises:
        InvalidError: there is no such layer or unit, or the replicate or the epoch was not recorded.
    """
    hidden = version.card.hidden_layers if version.card and "activations" in version.engine.signatures else []
    if not 1 <= layer <= len(hidden):
        allowed = f"has hidden layers 1 to {len(hidden)}" if hidden else "has no hidden layers to show"
        raise InvalidError.of("layer", f"model {version.name} {allowed}; there is no layer {layer}.")
    if not 1 <= unit <= hidden[layer - 1]:
        raise InvalidError.of(
            "unit", f"layer {layer} of model {version.name} has units 1 to {hidden[layer - 1]}, not {unit}."
        )
    check_replicate(version, replicate)
    scalars = {"replicate": replicate, "snapshot": snapshot_of(version, epoch)}

    def of_points(v: ModelVersion, points: Points) -> NDArray[np.float32]:
        return evaluate(v, "activations", points, **scalars)[f"layer_{layer}"][:, unit - 1]

    return GridFunction(Kind.ACTIVATION, lambda v, nodes: where.evaluate(lambda points: of_points(v, points), nodes))


def check_scalars(version: ModelVersion, replicate: int = 0, snapshot: int = 0, **others: int) -> None:
    """Check a signature's scalar inputs.

    Raises:
        InvalidError: there is no such replicate or snapshot, or the signature has others, of which nothing is known.
    """
    if others or version.card is None:
        names = ", ".join(others) or "replicate and snapshot"
        raise InvalidError(f"the range of {names} is unknown for model {version.name}; leave this signature out")
    check_replicate(version, replicate)
    if not 0 <= snapshot < len(version.card.epochs):
        raise InvalidError.of(
            "snapshot", f"model {version.name} has snapshots 0 to {len(version.card.epochs) - 1}, not {snapshot}."
        )


def check_replicate(version: ModelVersion, replicate: int) -> None:
    """Raise InvalidError where a training run was not recorded, or diverged."""
    count = version.card.replicates if version.card else 1
    if not 0 <= replicate < count:
        allowed = f"has replicates 0 to {count - 1}" if count > 1 else "has replicate 0 only"
        raise InvalidError.of("replicate", f"model {version.name} {allowed}, not {replicate}.")
    if version.card and replicate in version.card.diverged:
        raise InvalidError.of("replicate", f"replicate {replicate} of model {version.name} diverged; ask for another.")


def snapshot_of(version: ModelVersion, epoch: int | None) -> int:
    """Return the position of an epoch among those recorded."""
    found = epoch_of(version, epoch)
    return 0 if version.card is None or found is None else version.card.epochs.index(found)


def _last(version: ModelVersion) -> int:
    return len(version.card.epochs) - 1 if version.card else 0
