"""How far a network is from a linear model: the affine share."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDING = float(np.finfo(np.float32).eps)
"""An output that varies by no more than this part of itself does not vary."""


def affine_share(points: NDArray[np.float32], outputs: NDArray[np.float32]) -> Floats:
    """Return R² of the best affine function of the inputs to a network's output, by least squares.

    It is 1 where the network is a linear model at these points, and so its boundary a line or a plane; a constant
    output is one, too.

    Args:
        points: inputs, [n, d].
        outputs: finite numbers of S networks, [S, n].

    Returns:
        S numbers in [0, 1].
    """
    x, z = points.astype(np.float64), outputs.astype(np.float64).T
    x, z = x - x.mean(axis=0), z - z.mean(axis=0)
    directions, sizes, _ = np.linalg.svd(x, full_matrices=False)
    known = directions[:, sizes > max(x.shape) * np.finfo(np.float64).eps * sizes.max(initial=0)]
    total = (z * z).sum(axis=0)
    left = z - known @ (known.T @ z)
    is_constant = total <= len(z) * (ROUNDING * np.abs(outputs).max(axis=1)) ** 2
    share: Floats = 1 - (left * left).sum(axis=0) / np.where(is_constant, 1, total)
    return np.where(is_constant, 1.0, np.clip(share, 0, 1))
