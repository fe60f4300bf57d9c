"""Start the service for a measurement, and stop it afterwards."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
import requests

from benchmarks.machine import free_port


@contextmanager
def serving() -> Iterator[str]:
    """Serve `models/` with gunicorn; yield the address once every model is loaded."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn"],
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=40)


def _wait_until_ready(url: str) -> None:
    for _ in range(300):
        try:
            if requests.get(f"{url}/health/ready", timeout=60).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise click.ClickException("the service does not become ready; train models first: make train")
