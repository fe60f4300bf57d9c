"""What the values of a model's replicates sum up to."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bundle.comparison import Summary
from verdicts.intervals import UNBOUNDED, Bounds, mean_interval


def summarize(values: ArrayLike, overlap: float = 0, bounds: Bounds | None = None) -> Summary:
    """Sum up one value a replicate: mean, sample SD (n - 1), range, median, and the mean's 95% interval.

    A replicate that diverged has NaN; it is left out of all of them and stands as None among the values. The interval
    never leaves the bounds.

    Raises:
        ValueError: no value is finite.
    """
    every = np.asarray(values, dtype=np.float64)
    x = every[np.isfinite(every)]
    if not len(x):
        raise ValueError("none of the values is a finite number")
    return Summary(
        mean=float(x.mean()),
        sd=float(x.std(ddof=1)) if len(x) > 1 else None,
        min=float(x.min()),
        median=float(np.median(x)),
        max=float(x.max()),
        ci95=mean_interval(x, overlap, bounds or UNBOUNDED),
        values=[float(value) if np.isfinite(value) else None for value in every],
        interquartile_mean=interquartile_mean(x),
    )


def interquartile_mean(x: NDArray[np.float64]) -> float:
    """Return the mean without the lowest and the highest quarter, of n values without the n // 4 at either end.

    Of runs in clusters it says more than the mean (Agarwal et al., 2021, "Deep reinforcement learning at the edge of
    the statistical precipice").
    """
    cut = len(x) // 4
    return float(np.sort(x)[cut : len(x) - cut].mean())
