"""Memory that there must be before it is taken."""

import numpy as np


def require_memory(n_bytes: int) -> None:
    """Raise MemoryError where there is not so much left.

    Some libraries end the process where they find none, so what takes much gives up before that. What is not written to
    costs a call of the kernel.
    """
    np.empty(n_bytes, np.uint8)
