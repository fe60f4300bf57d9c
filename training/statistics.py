"""How well probabilities are calibrated: pure functions of NumPy arrays. What compares models is in `verdicts`."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error of P(y = 1), in [0, 1].

    Over equal-width bins of the probability: the distance between the mean probability and the share of ones,
    weighted by the bin's share of the points (Naeini, Cooper & Hauskrecht, 2015).
    """
    y = np.asarray(labels, dtype=np.float64)
    p = np.asarray(probabilities, dtype=np.float64)
    gaps = np.bincount(bin_of(p, bins), weights=p - y, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))


def bin_of(p: NDArray[np.float64], bins: int) -> NDArray[np.int_]:
    """Return which of so many bins of equal width each probability lies in, from 0; 1 lies in the last."""
    which: NDArray[np.int_] = np.minimum((p * bins).astype(int), bins - 1)
    return which
