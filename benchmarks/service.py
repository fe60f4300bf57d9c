"""Start the service for a measurement, and stop it afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import harness.server


@contextmanager
def serving() -> Iterator[str]:
    """Serve `models/` as the environment says; yield the address once every model is loaded."""
    with tempfile.TemporaryDirectory() as directory, harness.server.serving(Path(directory), without=()) as server:
        server.wait_until_ready()
        yield server.url
