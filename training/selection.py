"""Each replicate chooses its learning rate and its epoch, on validation data alone.

Every learning rate is trained once for the most epochs, from the same starting weights over the same data in the same
order. Of all candidates, each rate after each of the listed epochs, a replicate takes the one with the least validation
loss; where several have it, the first rate in the list and its earliest epoch. Test data do not come in here: they are
looked at once, after the choice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce

import keras
import numpy as np
from numpy.typing import NDArray

from bundle.card import Candidates, Chosen, History
from bundle.comparison import Choice, ModelProtocol, Sensitivity
from training.architectures import Weights, build, initial_weights
from training.datasets import DataSource, Replicates
from training.experiment import ModelSpec
from training.fit.batches import BatchOrders
from training.fit.early_stopping import mixed
from training.fit.train import AnyHistory, Trajectory, most_recorded, train
from training.preprocessing import EncodedSplit
from training.protocol_spec import ProtocolSpec
from training.recorded import recorded_epochs
from verdicts.intervals import bounds_of
from verdicts.summary import summarize

EPOCHS_ON_THE_WAY = 12
"""Where there is one number of epochs, about so many on the way to it are looked at, too."""

STILL_FALLING = 0.01
"""A loss falls if it loses more than this part of itself from one tenth of the epochs to the next. In the notebook's
experiment that of tanh-10 and relu-10 loses 4 to 10%, and that of relu-3 in a local minimum less than 0.4%."""


@dataclass(frozen=True)
class Selected:
    """What each replicate chose, and its trajectory, which stands still from the chosen epoch on.

    `scores` are the validation accuracy (in a regression the mean absolute error) of all replicates [R] by learning
    rate and epoch.
    """

    trajectory: Trajectory
    candidates: Candidates
    chosen: list[Chosen]
    scores: dict[tuple[float, int], NDArray[np.float64]]

    @property
    def protocol(self) -> ModelProtocol:
        """What there was to choose from, and how many replicates chose what."""
        rates, stops = self.candidates.learning_rates, self.candidates.epochs
        counts = Counter((each.learning_rate, each.epoch) for each in self.chosen)
        choices = [Choice(rate, epoch, counts[rate, epoch]) for rate in rates for epoch in stops]
        return ModelProtocol(rates, stops, [choice for choice in choices if choice.replicates])

    @property
    def still_improving(self) -> int | None:
        """How many replicates' validation loss was still falling in the last tenth; unknown of a single epoch.

        One that stands still at the end has been at its best before.
        """
        losses = np.array([history.validation_loss for history in self.trajectory.histories])
        if losses.shape[1] == 1:
            return None
        tenth = max(1, losses.shape[1] // 10)
        last, before = losses[:, -tenth:].mean(axis=1), losses[:, -2 * tenth : -tenth].mean(axis=1)
        return int(((last < (1 - STILL_FALLING) * before) & (losses[:, -1] != losses[:, -2])).sum())

    def sensitivity(self, overlap: float) -> list[Sensitivity]:
        """Return what the replicates reach by learning rate and epoch; for `overlap` see `verdicts.intervals`."""
        bounds = bounds_of("accuracy" if isinstance(self.trajectory.histories[0], History) else "mae")
        known = {
            at: summarize(values, overlap, bounds) for at, values in self.scores.items() if np.isfinite(values).any()
        }
        return [Sensitivity(*at, found.mean, found.sd, found.ci95) for at, found in known.items()]


_network = lru_cache(maxsize=64)(build)
"""A network's own weights are not used, so one does for all: Keras takes 10 ms to make it, and keeps 0.1 MB of it."""


def train_model(
    spec: ModelSpec,
    source: DataSource,
    training: EncodedSplit,
    validation: EncodedSplit,
    seeds: Sequence[int],
    orders: BatchOrders,
    progress: Callable[[int], object] = lambda _: None,
    recorded: Sequence[int] | None = None,
) -> tuple[keras.Sequential, Selected]:
    """Train R replicates of a model as its recipe says, and return the network and what each replicate chose.

    Args:
        spec: the model.
        source: says what is learned.
        training: what is learned from; this and all others are as `train_and_choose` has them.
        validation: what is chosen by.
        seeds: of the starting weights, one a replicate.
        orders: of the batches.
        progress: the epochs of all rates add up.
        recorded: the epochs whose weights are kept.
    """
    outputs = len(source.classes) if source.task == "multiclass" else 1
    model = _network(training.encoder.n_inputs, spec.hidden_layers, spec.activations, source.task, outputs)
    protocol = replace(spec.protocol, class_weight=spec.protocol.class_weights_for(source.classes))
    initial = initial_weights(model, seeds, protocol)
    return model, train_and_choose(
        model, initial, training, validation, orders, protocol, spec.candidates, progress, recorded
    )


def train_and_choose(
    model: keras.Sequential,
    initial: Weights,
    training: Replicates,
    validation: Replicates,
    orders: BatchOrders,
    protocol: ProtocolSpec,
    candidates: Candidates,
    progress: Callable[[int], object] = lambda _: None,
    recorded: Sequence[int] | None = None,
) -> Selected:
    """Train R replicates of a model at every learning rate, and return what each of them chooses.

    Args:
        model: this and all but the candidates are as `train` has them.
        initial: starting weights.
        training: what is learned from.
        validation: what is chosen by.
        orders: of the batches, the same for every rate.
        protocol: the recipe but for the learning rate.
        candidates: what to choose from. The last of the epochs is the number of epochs of `orders`.
        progress: the epochs of all rates add up.
        recorded: the epochs whose weights are kept, ascending from 0 to the last; by default those to export.

    Raises:
        ValueError: as `train`.
    """
    stops = candidates.epochs
    kept = list(recorded or _exported(orders.epochs, most_recorded(initial), stops))
    trained_for = sorted({*kept, *stops})

    def trained(rate: float) -> _Best:
        recipe = replace(protocol, learning_rate=rate)
        return _at_best_epochs(
            train(model, initial, training, validation, orders, recipe, progress, trained_for), rate, stops
        )

    best = reduce(_better, map(trained, candidates.learning_rates))
    places = [trained_for.index(epoch) for epoch in kept]
    weights = [stack[:, places] for stack in best.trajectory.weights]
    return Selected(replace(best.trajectory, weights=weights, epochs=kept), candidates, best.chosen, best.scores)


def _exported(epochs: int, limit: int, stops: Sequence[int]) -> list[int]:
    """Return the epochs to export: those that are chosen from among them, where there is room for so many weights."""
    if len(stops) == 1 or len(stops) > limit - 2:
        return recorded_epochs(epochs, limit)
    return sorted({*recorded_epochs(epochs, limit - len(stops) + 1), *stops})


def _shown(stops: Sequence[int]) -> Sequence[int]:
    return stops if len(stops) > 1 else recorded_epochs(stops[0], EPOCHS_ON_THE_WAY)[1:]


@dataclass(frozen=True)
class _Best:
    """Each replicate's best candidate so far, with its validation loss [R], and the scores of all candidates."""

    trajectory: Trajectory
    chosen: list[Chosen]
    loss: NDArray[np.float64]
    scores: dict[tuple[float, int], NDArray[np.float64]]


def _at_best_epochs(trajectory: Trajectory, rate: float, stops: Sequence[int]) -> _Best:
    """Return the best epoch of each replicate at one rate; from there on weights and history stand still."""
    loss = np.array([[history.validation_loss[epoch - 1] for epoch in stops] for history in trajectory.histories])
    loss[~np.isfinite(loss)] = np.inf
    epochs = [stops[position] for position in loss.argmin(axis=1)]
    weights = [stack.copy() for stack in trajectory.weights]
    for r, epoch in enumerate(epochs):
        at = trajectory.epochs.index(epoch)
        for stack in weights:
            stack[r, at:] = stack[r, at]
    histories = [_until(*each) for each in zip(trajectory.histories, epochs, strict=True)]
    scores = {(rate, epoch): _scores(trajectory, epoch) for epoch in _shown(stops)}
    chosen = [Chosen(rate, epoch) for epoch in epochs]
    return _Best(replace(trajectory, weights=weights, histories=histories), chosen, loss.min(axis=1), scores)


def _until(history: AnyHistory, epoch: int) -> AnyHistory:
    standing = {
        name: values[:epoch] + values[epoch - 1 : epoch] * (len(values) - epoch)
        for name, values in vars(history).items()
    }
    return type(history)(**standing)


def _better(one: _Best, other: _Best) -> _Best:
    """Return of each replicate the better of two, the first where their losses are the same."""
    is_better = other.loss < one.loss
    best = [other if better else one for better in is_better]
    trajectory = replace(
        one.trajectory,
        weights=mixed(is_better, other.trajectory.weights, one.trajectory.weights),
        histories=[found.trajectory.histories[r] for r, found in enumerate(best)],
        seconds=one.trajectory.seconds + other.trajectory.seconds,
    )
    chosen = [found.chosen[r] for r, found in enumerate(best)]
    return _Best(trajectory, chosen, np.minimum(one.loss, other.loss), {**one.scores, **other.scores})


def _scores(trajectory: Trajectory, epoch: int) -> NDArray[np.float64]:
    found = (h.validation_accuracy if isinstance(h, History) else h.validation_mae for h in trajectory.histories)
    return np.array([values[epoch - 1] for values in found])
