"""What is handed out: units that make up what is missing of a cell, in batches."""

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.training.study import stubs
from training.experiment import ModelSpec
from training.protocol_spec import ProtocolSpec
from training.study import units
from training.study.cells import Cell, Keep, make_cell
from training.study.units import Unit, batches, missing_ranges, seconds_of_replicate, units_of

LOG = Path("log")
RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair))))


def replicates_of(ranges: list[tuple[int, int]]) -> list[int]:
    return [replicate for first, last in ranges for replicate in range(first, last + 1)]


@given(RANGES, st.integers(1, 30))
def test_what_is_missing_is_what_has_not_been_found(found: list[tuple[int, int]], replicates: int) -> None:
    missing = replicates_of(missing_ranges(found, replicates))
    assert missing == sorted(set(range(replicates)) - set(replicates_of(found)))


@given(RANGES, st.integers(1, 30), st.sampled_from([1, 10_000, 10_000_000]))
def test_units_are_what_is_missing_in_blocks_that_begin_where_they_always_begin(
    found: list[tuple[int, int]], replicates: int, epochs: int
) -> None:
    cell = stubs.cell("a", LOG, epochs=epochs)
    made = list(units_of(cell, found, replicates))
    assert replicates_of([(unit.first, unit.last) for unit in made]) == replicates_of(missing_ranges(found, replicates))
    assert all(unit.seconds <= units.UNIT_SECONDS * 1.1 or unit.replicates == 1 for unit in made)
    ends = {unit.last for unit in units_of(cell, (), replicates)}
    assert {unit.last for unit in made} <= ends | {first - 1 for first, _ in found} | {replicates - 1}


def test_what_a_cell_has_worked_out_of_its_content_does_not_travel() -> None:
    cell = stubs.cell("a", LOG)
    assert cell.experiment.name == "a"
    (unit,) = units_of(cell, (), 3)
    assert unit.cell == cell
    assert "experiment" not in vars(unit.cell)


def test_short_units_travel_together_and_long_ones_alone() -> None:
    cell = stubs.cell("a", LOG)
    short, long = Unit(cell, 0, 0, units.BATCH_SECONDS / 8), Unit(cell, 0, 0, units.BATCH_SECONDS)
    assert [len(batch) for batch in batches([short] * 20)] == [8, 8, 4]
    assert [len(batch) for batch in batches([long] * 3)] == [1, 1, 1]
    assert {len(batch) for batch in batches([Unit(cell, 0, 0)] * 100)} == {units.MAX_UNITS}


def test_units_are_taken_as_they_are_asked_for() -> None:
    taken = []

    def endless() -> Iterator[Unit]:
        for number in count():
            taken.append(number)
            yield Unit(stubs.cell("a", LOG), number, number, units.BATCH_SECONDS)

    assert len(list(islice(batches(endless()), 3))) == 3
    assert len(taken) == 3


def test_a_longer_training_a_larger_network_and_a_recipe_that_is_compiled_are_taken_to_cost_more() -> None:
    short, long = (seconds_of_replicate(stubs.cell("a", LOG, epochs=epochs)) for epochs in (1000, 100_000))
    assert 10 * short < long < 100 * short
    model = ModelSpec("a", (30, 30), "tanh", 100_000, None)
    assert long < seconds_of_replicate(_cell(model))
    sgd = ModelSpec("a", (30, 30), "tanh", 100_000, None, ProtocolSpec(optimizer="sgd"))
    assert seconds_of_replicate(_cell(model)) < seconds_of_replicate(_cell(sgd))


def _cell(model: ModelSpec) -> Cell:
    return make_cell("a", {}, 0, stubs.DATA, model, Keep((0, 1000)))
