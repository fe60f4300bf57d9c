"""Some replicates of a cell, trained: they are those that any experiment of this seed trains by these numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import keras

from bundle.card import Task
from training.architectures import Weights
from training.datasets import DataSource, Split, Stream, data_source, seed_for, split
from training.experiment import ModelSpec
from training.fit.batches import BatchOrders
from training.preprocessing import EncodedSplit, Encoder, fit
from training.protocol_spec import ProtocolSpec
from training.selection import Selected, train_model
from training.study.cells import Cell
from training.study.passes import Activation


@dataclass(frozen=True)
class TrainedUnit:
    """`splits` are training, validation and test data; the r-th place in each is that of the number numbers[r]."""

    cell: Cell
    numbers: range
    source: DataSource
    splits: Sequence[Split]
    encoder: Encoder
    model: keras.Sequential
    selected: Selected

    @property
    def spec(self) -> ModelSpec:
        return self.cell.experiment.models[0]

    @property
    def task(self) -> Task:
        return self.source.task

    @cached_property
    def protocol(self) -> ProtocolSpec:
        """The recipe; class weights are by position."""
        own = self.spec.protocol
        return replace(own, class_weight=own.class_weights_for(self.source.classes))

    @cached_property
    def activations(self) -> list[Activation]:
        """Those of the hidden layers."""
        return [layer.activation for layer in self.model.layers[:-1]]

    def weights(self, r: int) -> Weights:
        """Return what a replicate's weights are at the recorded epochs, a list of [S, …]."""
        return [stack[r] for stack in self.selected.trajectory.weights]


def train_unit(cell: Cell, numbers: range) -> TrainedUnit:
    """Train the replicates of these numbers.

    Raises:
        ValueError: a table cannot be used, a split is empty, or the recipe does not go with the data.
        OSError: a table cannot be read.
    """
    experiment = cell.experiment
    (spec,) = experiment.models
    source = data_source(experiment.dataset, experiment.seed)
    experiment.check_recipes(source.task, source.classes)
    splits = split(experiment.dataset, source, experiment.seed, numbers)
    encoder = fit(source, splits[0])
    model, selected = train_model(
        spec,
        source,
        EncodedSplit(splits[0], encoder),
        EncodedSplit(splits[1], encoder),
        [seed_for(experiment.seed, number, Stream.WEIGHTS) for number in numbers],
        BatchOrders(experiment.seed, spec.epochs, splits[0].size, numbers[0]),
        recorded=cell.epochs,
    )
    return TrainedUnit(cell, numbers, source, splits, encoder, model, selected)
