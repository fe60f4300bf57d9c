"""Whether a model's runs lie in two clusters: then its mean is a value that hardly any run has."""

import numpy as np
from numpy.typing import ArrayLike

MIN_RUNS, MIN_SHARE = 10, 0.1
"""With fewer runs clusters are chance; and so is one of fewer runs than this share."""

MIN_EXPLAINED = 0.85
"""The share of the variance that lies between two clusters: of the normal distribution's two halves it is 2/π = 0.64,
of the uniform one's 0.75."""


def clusters(values: ArrayLike) -> tuple[float, float] | None:
    """Return the means of the two clusters that finite values lie in, None where they lie in one.

    Of all cuts of the sorted values the one with the most variance between its sides is taken (Fisher, 1958, "On
    grouping for maximum homogeneity").
    """
    x = np.sort(np.asarray(values, np.float64))
    n = len(x)
    least = max(2, int(np.ceil(MIN_SHARE * n)))
    total = float(((x - x.mean()) ** 2).sum()) if n else 0.0
    if n < MIN_RUNS or total == 0:
        return None
    left = np.arange(least, n - least + 1)
    sums = np.cumsum(x)
    low, high = sums[left - 1] / left, (sums[-1] - sums[left - 1]) / (n - left)
    between = left * (n - left) / n * (high - low) ** 2
    best = int(between.argmax())
    return (float(low[best]), float(high[best])) if between[best] >= MIN_EXPLAINED * total else None
