"""The machine that a measurement runs on: its processor and the installed versions."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import distributions, version
from pathlib import Path


def machine(libraries: Iterable[str]) -> str:
    """Describe the machine, Python, and the installed ones of these libraries."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    versions = ", ".join(f"{name} {version(name)}" for name in libraries if _installed(name))
    return f"{os.cpu_count()} cores, {cpu}, {platform.system()}; Python {platform.python_version()}, {versions}"


def _installed(name: str) -> bool:
    return any(True for _ in distributions(name=name))
