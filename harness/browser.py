"""Which browser the tests and benchmarks drive: a Chromium that is installed on this machine."""

import shutil

HEADLESS_SHELL = "chromium-headless-shell"
"""Chromium's engine without the browser around it, which opens a page in half the processor time."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def find_browser(*names: str) -> str | None:
    """Return the path of the first of these programs that is there."""
    return next(filter(None, map(shutil.which, names)), None)
