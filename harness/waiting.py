"""Waiting for what is to come. The bounds are for what never comes: a busy machine may take its time."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.02


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it never did.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it never came true in {seconds:g} s")
        time.sleep(LOOK_SECONDS)
