"""What can be drawn of a model: functions from points to one number each, checked against what the card recorded.

A function is made before anything is computed, so that a request that cannot be answered is refused at once, with what
can be sent instead. It holds no version, so that it can be kept for as long as its version is served.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from service.dataplane.inference import evaluate, evaluate_one
from service.engines import Points
from service.errors import InvalidError
from service.registry.models import ModelVersion

Evaluate = Callable[[ModelVersion, Points], NDArray[np.float32]]


class Kind(StrEnum):
    """What the numbers are, which decides their name in an answer and how they are drawn."""

    PROBABILITY = "probability"
    VALUE = "value"
    STD = "std"
    AGREEMENT = "agreement"
    DIFFERENCE = "difference"
    ACTIVATION = "activation"


STATISTICS = ("probability", "mean", "std", "agreement")


@dataclass(frozen=True)
class GridFunction:
    """A function from a version and points, float32 [n, 2], to float32 [n]."""

    kind: Kind
    evaluate: Evaluate


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


def probability(version: ModelVersion, replicate: int = 0, epoch: int | None = None) -> GridFunction:
    """Return P(y = 1) of one training run after one epoch; or the values of a model that gives no probabilities.

    Raises:
        InvalidError: the replicate or the epoch was not recorded.
    """
    check_replicate(version, replicate)
    snapshot = snapshot_of(version, epoch)
    kind = Kind.VALUE if version.output == "value" else Kind.PROBABILITY
    if replicate == 0 and snapshot == _last(version):
        return GridFunction(kind, lambda v, points: evaluate_one(v, "serving_default", points))
    return GridFunction(kind, lambda v, points: evaluate_one(v, "at", points, replicate=replicate, snapshot=snapshot))


def replicate_statistic(version: ModelVersion, statistic: str, epoch: int | None = None) -> GridFunction:
    """Return a statistic over all training runs, those that diverged left out, after one epoch.

    `mean` and `std` (sample standard deviation, n - 1) are of P(y = 1); `agreement` is the share of runs, from 0.5
    to 1, that put a point on the majority's side of P = 0.5.

    Raises:
        InvalidError: the model has fewer than two replicates, or the epoch was not recorded.
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

    def every_replicate(v: ModelVersion, points: Points) -> NDArray[np.float32]:
        return np.stack([evaluate_one(v, "at", points, replicate=r, snapshot=snapshot) for r in replicates])

    if statistic == "mean":
        return GridFunction(Kind.PROBABILITY, lambda v, points: every_replicate(v, points).mean(axis=0))
    if statistic == "std":
        return GridFunction(Kind.STD, lambda v, points: every_replicate(v, points).std(axis=0, ddof=1))

    def agreement(v: ModelVersion, points: Points) -> NDArray[np.float32]:
        share = (every_replicate(v, points) >= 0.5).mean(axis=0, dtype=np.float32)
        majority: NDArray[np.float32] = np.maximum(share, 1 - share)
        return majority

    return GridFunction(Kind.AGREEMENT, agreement)


def converged(version: ModelVersion) -> list[int]:
    """Return the training runs that statistics are over: those that did not diverge."""
    if version.card is None:
        return [0]
    return [r for r in range(version.card.replicates) if r not in version.card.diverged]


def difference(version: ModelVersion, minus: ModelVersion, of: GridFunction, subtracted: GridFunction) -> GridFunction:
    """Return the signed difference of two models' probabilities, from -1 to 1.

    Raises:
        InvalidError: the models have different features, or one gives no probabilities.
    """
    for name, function in ((version.name, of), (minus.name, subtracted)):
        if function.kind is not Kind.PROBABILITY:
            raise InvalidError.of("minus", f"{name} gives values; a difference is one of probabilities.")
    names, others = ([feature.name for feature in v.features] for v in (version, minus))
    if names != others:
        raise InvalidError.of(
            "minus", f"{minus.name} has the features {', '.join(others)}, {version.name} has {', '.join(names)}."
        )
    return GridFunction(Kind.DIFFERENCE, lambda v, points: of.evaluate(v, points) - subtracted.evaluate(minus, points))


def activation(
    version: ModelVersion, layer: int, unit: int, replicate: int = 0, epoch: int | None = None
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
    return GridFunction(
        Kind.ACTIVATION,
        lambda v, points: evaluate(v, "activations", points, **scalars)[f"layer_{layer}"][:, unit - 1],
    )


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
