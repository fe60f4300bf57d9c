"""Which versions of other packages the numbers of a training come from."""

import platform
from functools import cache
from importlib.metadata import version as installed
from importlib.util import find_spec

import tensorflow as tf


@cache
def libraries() -> dict[str, str]:
    """Return the versions of what has a part in the numbers; Numba may, where it is installed."""
    packages = ["keras", "numpy", "scikit-learn", "scipy", "ai-edge-litert"]
    if find_spec("numba") is not None:
        packages.append("numba")
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        **{name: installed(name) for name in packages},
    }
