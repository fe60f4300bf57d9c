"""Which epochs of a training are recorded."""

import numpy as np


def recorded_epochs(epochs: int, limit: int = 60) -> list[int]:
    """Return the epochs to keep: before training, the last, and about `limit` between, denser at the start.

    The spacing is geometric, since weights move most at first; where that falls below one epoch, each is kept.
    """
    if epochs < limit:
        return list(range(epochs + 1))
    spaced = np.geomspace(1, epochs, 2 * limit).round().astype(int)
    unique = np.unique(spaced)
    while len(unique) > limit:
        spaced = np.geomspace(1, epochs, len(spaced) - 1).round().astype(int)
        unique = np.unique(spaced)
    return [0, *unique.tolist()]
