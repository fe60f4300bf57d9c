"""The combinations that a study is of, one after the other: however many there are, they take no memory."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from bundle.card import Task
from bundle.records import by_path
from bundle.study import Level
from training.dataset_spec import TableSpec
from training.protocol_spec import Recipe
from training.recorded import recorded_epochs
from training.study.cells import Cell, Exact, Keep, content_of, digest_of
from training.study.names import name_of
from training.study.parts import ARCHITECTURE, Data, Network, TomlTable, data_of, network_of, plain, shown, task_of

Errors = list[str]

MAX_ERRORS = 20
MAX_CACHED_NETWORKS = 4096
"""Networks that are not made anew for each data set; each has about 3 kB."""


@dataclass(frozen=True)
class Grid:
    """Some combinations: of a `[[grid]]` the product of its levels, of a `[[cell]]` one. `where` it stands."""

    where: str
    data: Mapping[str, list[Any]]
    network: Mapping[str, list[Any]]


@dataclass(frozen=True)
class KeepSpec:
    """`[keep]`: so many epochs, or these; and as `training.study.cells.Keep` has it."""

    epochs: int | tuple[int, ...] = 12
    map: int = 40
    exact: Exact = "last"

    def of(self, epochs: int) -> Keep:
        """Return what is kept of a training of so many epochs: always epoch 0 and the last."""
        if isinstance(self.epochs, tuple):
            kept = {0, epochs, *(epoch for epoch in self.epochs if epoch < epochs)}
        else:
            kept = {0, epochs, *(recorded_epochs(epochs, self.epochs) if self.epochs > 1 else ())}
        return Keep(tuple(sorted(kept)), self.map, self.exact)


@dataclass
class Inventory:
    """What there is in a study: levels of each factor, what the data are for, what is recorded, and with which recipe.

    `overlap` is as in `bundle.study.Study`.
    """

    levels: dict[str, dict[Level, None]]
    tasks: dict[tuple[Task, tuple[str, ...]], None] = field(default_factory=dict)
    epochs: set[int] = field(default_factory=set)
    layers: int = 0
    rates: set[float] = field(default_factory=set)
    lengths: set[int] = field(default_factory=set)
    tuned: set[bool] = field(default_factory=set)
    overlap: float = 0.0

    @property
    def mixed(self) -> frozenset[str]:
        """The factors of which some levels are numbers and some text: a column has one kind, so these are text."""
        return frozenset(
            factor
            for factor, levels in self.levels.items()
            if len({isinstance(level, str) for level in levels if level is not None}) > 1
        )


@dataclass(frozen=True)
class Grids:
    """What all cells have, and the combinations that make each of them."""

    dataset: TomlTable
    architecture: TomlTable
    recipe: Recipe
    grids: tuple[Grid, ...]
    factors: tuple[str, ...]
    keep_spec: KeepSpec
    seed: int
    directory: Path

    @cached_property
    def most(self) -> int:
        """How many combinations there are; of cells there are as many or fewer, since some may be equal."""
        return sum(_count(grid.data) * _count(grid.network) for grid in self.grids)

    def cells(self, as_text: frozenset[str] = frozenset()) -> Iterator[Cell]:
        """Yield each cell once, grid by grid, those of one data set together.

        Args:
            as_text: the factors whose numbers are shown as text.
        """
        seen: set[int] = set()
        kept = lru_cache(MAX_CACHED_NETWORKS)(self.keep_spec.of)
        for grid in self.grids:
            networks = self._cached_networks(grid)
            for said in _products(grid.data):
                data = data_of({**self.dataset, **said}, self.factors, self.directory)
                for network in networks():
                    content = content_of(self.seed, data.content, network.content, kept(network.model.epochs))
                    digest = digest_of(content)
                    if int(digest, 16) not in seen:
                        seen.add(int(digest, 16))
                        levels = self._levels(data, network, as_text)
                        yield Cell(digest, name_of(levels, digest), levels, content, data.table)

    def _cached_networks(self, grid: Grid) -> Callable[[], Iterator[Network]]:
        """Return what gives the networks of a grid, from memory if they are few."""
        if _count(grid.network) > MAX_CACHED_NETWORKS:
            return lambda: map(self._network, _products(grid.network))
        networks = [self._network(said) for said in _products(grid.network)]
        return lambda: iter(networks)

    def _network(self, said: TomlTable) -> Network:
        own = {key: value for key, value in said.items() if key in ARCHITECTURE}
        base = {} if "hidden_layers" in own else self.architecture
        recipe = {key: value for key, value in said.items() if key not in ARCHITECTURE}
        return network_of({**base, **own}, recipe, self.recipe, self.factors)

    def _levels(self, data: Data, network: Network, as_text: frozenset[str]) -> dict[str, Level]:
        both = {**data.levels, **network.levels}
        levels = {factor: both[factor] for factor in self.factors}
        for factor in as_text:
            levels[factor] = None if levels[factor] is None else str(levels[factor])
        return levels

    def check(self) -> tuple[Inventory, Errors]:
        """Look at every data set and every network once, not at all of their combinations.

        Returns:
            what there is, and what is wrong, a line each.
        """
        inventory = Inventory({factor: {} for factor in self.factors})
        errors: dict[tuple[str, str], str] = {}
        for where, which, wrong in self._checked(inventory):
            errors.setdefault((where, wrong), f"  {where}{which}: {wrong}")
            if len(errors) == MAX_ERRORS:
                return inventory, [*errors.values(), "  …"]
        return inventory, list(errors.values())

    def _checked(self, inventory: Inventory) -> Iterator[tuple[str, str, str]]:
        """Yield where something is wrong, with which levels, and what."""
        for grid in self.grids:
            tasks: dict[tuple[Task, tuple[str, ...]], None] = {}
            for said in _products(grid.data):
                try:
                    data = data_of({**self.dataset, **said}, self.factors, self.directory)
                    task, classes = task_of(data.spec, self.seed)
                except (ValidationError, ValueError, OSError) as error:
                    yield from _lines(grid, said, error, "dataset")
                    continue
                tasks[task, tuple(classes)] = None
                _note_levels(inventory, data.levels)
                if isinstance(data.spec, TableSpec):
                    test, validation = data.spec.test_fraction, data.spec.validation_fraction
                    inventory.overlap = max(inventory.overlap, test / ((1 - test) * (1 - validation)))
            for said in _products(grid.network):
                try:
                    self._check_network(said, tasks, inventory)
                except (ValidationError, ValueError) as error:
                    yield from _lines(grid, said, error, "")
            inventory.tasks.update(tasks)

    def _check_network(
        self, said: TomlTable, tasks: Mapping[tuple[Task, tuple[str, ...]], None], inventory: Inventory
    ) -> None:
        network = self._network(said)
        model, protocol = network.model, network.model.protocol
        for task, classes in tasks:
            protocol.loss_for(task)
            protocol.class_weights_for(classes)
        _note_levels(inventory, network.levels)
        inventory.epochs.update(self.keep_spec.of(model.epochs).epochs)
        inventory.layers = max(inventory.layers, len(model.hidden_layers))
        inventory.tuned.add(model.is_tuned)
        inventory.rates.add(protocol.learning_rate)
        inventory.lengths.add(model.epochs)


def _count(levels: Mapping[str, list[Any]]) -> int:
    count = 1
    for of_factor in levels.values():
        count *= len(of_factor)
    return count


def _products(levels: Mapping[str, list[Any]]) -> Iterator[TomlTable]:
    for values in product(*levels.values()):
        yield dict(zip(levels, values, strict=True))


def _note_levels(inventory: Inventory, levels: Mapping[str, Level]) -> None:
    for factor, level in levels.items():
        inventory.levels[factor][level] = None


def _lines(grid: Grid, said: TomlTable, error: Exception, table: str) -> Iterator[tuple[str, str, str]]:
    """Tell what is wrong with a combination."""
    levels = ", ".join(f"{key} {shown(key, plain(value))}" for key, value in said.items())
    which = f" with {levels}" if levels else ""
    if not isinstance(error, ValidationError):
        yield grid.where, which, str(error)
        return
    for path, messages in by_path(error.normalized_messages()):  # type: ignore[no-untyped-call]
        key = ".".join(map(str, (table, *path) if table else path))
        yield from ((grid.where, which, f"{key}: {message}") for message in messages)
