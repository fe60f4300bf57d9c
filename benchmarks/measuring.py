"""How much of a study's time goes into measuring, beside the training that is measured.

    python -m benchmarks.measuring

Ten replicates of each cell, processor time for one, in milliseconds, after the first unit has compiled what there is.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[variable] = "1"  # as a study's workers have it, before TensorFlow is loaded

# ruff: noqa: E402
import time
from collections.abc import Callable
from functools import partial

from training.dataset_spec import GaussianQuantilesSpec
from training.experiment import ModelSpec
from training.preprocessing import EncodedSplit
from training.protocol_spec import ProtocolSpec
from training.recorded import recorded_epochs
from training.study.boundaries import boundary_map
from training.study.cells import Cell, Exact, Keep, make_cell
from training.study.gradients import measure_learning
from training.study.losses import point_losses
from training.study.measure import columns_of
from training.study.trained import TrainedUnit, train_unit

REPLICATES, EPOCHS = 10, 500
CELLS: dict[str, tuple[tuple[int, ...], str, Exact]] = {
    "linear": ((), "", "last"),
    "tanh 3": ((3,), "tanh", "last"),
    "tanh 10-10": ((10, 10), "tanh", "last"),
    "relu 10-10": ((10, 10), "relu", "last"),
    "gelu 10-10": ((10, 10), "gelu", "last"),
    "tanh 30-30": ((30, 30), "tanh", "last"),
    "tanh 20 × 10": ((10,) * 20, "tanh", "last"),
    "tanh 10-10, exact accuracy at every epoch": ((10, 10), "tanh", "all"),
    "tanh 10-10, no exact accuracy": ((10, 10), "tanh", "none"),
}


def _cell(layers: tuple[int, ...], activation: str, exact: Exact, epochs: int = EPOCHS) -> Cell:
    model = ModelSpec("m", layers, activation or None, epochs, None)
    keep = Keep(tuple(recorded_epochs(epochs, 12)), 40, exact)
    return make_cell("cell", {}, 0, GaussianQuantilesSpec(), model, keep)


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) / REPLICATES * 1e3


def _gradients(unit: TrainedUnit) -> None:
    losses_of = partial(point_losses, ProtocolSpec(), unit.task)
    for r in range(REPLICATES):
        points, labels = EncodedSplit(unit.splits[0], unit.encoder).replicate(r)
        measure_learning(unit.activations, unit.weights(r), points, labels, labels * 0 + 1, losses_of)


def main() -> None:
    columns_of(train_unit(_cell((2,), "tanh", "last", 2), range(REPLICATES)))
    print("cell | training | measuring | of it gradients and units | map | measuring / training")
    for name, (layers, activation, exact) in CELLS.items():
        cell, found = _cell(layers, activation, exact), list[TrainedUnit]()
        training = _milliseconds(lambda cell=cell, found=found: found.append(train_unit(cell, range(REPLICATES))))  # type: ignore[misc]
        (unit,) = found
        rows, gradients, plane = (_milliseconds(partial(work, unit)) for work in (columns_of, _gradients, boundary_map))
        print(f"{name} | {training:.1f} | {rows:.1f} | {gradients:.1f} | {plane:.2f} | {(rows + plane) / training:.0%}")


if __name__ == "__main__":
    main()
