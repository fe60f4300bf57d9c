"""How well probabilities are calibrated: a pure function of NumPy arrays. What compares models is in `verdicts`."""

import numpy as np
from numpy.typing import ArrayLike


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error of P(y = 1), in [0, 1].

    Over equal-width bins of the probability: the distance between the mean probability and the share of ones,
    weighted by the bin's share of the points (Naeini, Cooper & Hauskrecht, 2015).
    """
    y = np.asarray(labels, dtype=np.float64)
    p = np.asarray(probabilities, dtype=np.float64)
    which = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.bincount(which, weights=p - y, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))
