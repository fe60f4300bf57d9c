"""The rows of a study: one for each replicate of a cell and each of the epochs that it records.

They are kept as Parquet, which other tools read: one file for some replicates of one cell, written whole or not at all,
so finished ones are known by their names, and two machines' folders merge by copying.

    cell, the study's factors       text, numbers; null where a cell has no such level
    replicate, epoch                integers; epoch 0 is before training
    loss, validation_loss, test_loss            of the weights after that epoch, over all points of the split
    accuracy, validation_accuracy, test_accuracy    in a regression mae, validation_mae, test_mae and test_r2
    exact_accuracy                  against the boundary that the replicate's data were cut by, where it is known
    affine_share                    R² of the best affine function of the inputs to the logit at the test points: 1 if
                                    the boundary is a line or a plane; null for several classes
    gradient_norm_<layer>           L2 norm of the training loss' gradient by the layer's kernel; layers from 1
    weight_norm_<layer>             of the kernel
    dead_<layer>                    share of a hidden layer's units whose slope is 0 at every training point
    saturated_<layer>               whose slope is below a hundredth of the activation's steepest at 95% of them
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any] | list[str | None]
"""float64 with NaN for null, int64, or text."""


@dataclass(frozen=True)
class BoundaryMap:
    """What the replicates of a cell make of a plane: the first two features, the others held at their medians.

    `values` uint8 [k, n, n], rows from the lowest y up, are the mean over the replicates, of `scale` from 0 to 255: of
    two classes P(y = 1), k = 1; of k classes each one's probability; of a regression the value, k = 1. `labels`, the
    same of the labels (0 or 1, and 1 for the most probable of k classes), say how many agree; a regression has none.
    """

    features: tuple[str, str]
    domain: tuple[tuple[float, float], tuple[float, float]]
    scale: tuple[float, float]
    values: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None


@dataclass(frozen=True)
class UnitRows:
    """What came of the replicates `first` to `last`, both counted, of one cell; `seconds` of processor time."""

    cell: str
    first: int
    last: int
    columns: dict[str, Column]
    boundary: BoundaryMap | None
    seconds: float
    libraries: dict[str, str]
