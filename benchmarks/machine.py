"""What a measurement was made on: the processor, and the versions that are installed here."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import distributions, version
from pathlib import Path


def machine(libraries: Iterable[str]) -> str:
    """Describe the machine and Python, with the version of each of these libraries that is installed."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    versions = ", ".join(f"{name} {version(name)}" for name in libraries if _installed(name))
    return f"{os.cpu_count()} cores, {cpu}, {platform.system()}; Python {platform.python_version()}, {versions}"


def _installed(name: str) -> bool:
    return any(True for _ in distributions(name=name))
