"""Run wrk with `load.lua`, and read the results that it prints."""

import itertools
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT = 30
"""Seconds after which wrk counts a response as late; the slowest contestant takes a few for 90,000 points."""

_first_grids = itertools.count(step=20_000)


@dataclass(frozen=True)
class LoadResult:
    """`faults` says which requests failed, and is None if none did."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    faults: str | None


@dataclass(frozen=True)
class Load:
    """What wrk sends to a path: `arguments` are load.lua's."""

    path: str
    arguments: tuple[str, ...] = ("get",)
    connections: int = 16

    @classmethod
    def post(cls, path: str, body: Path, headers: Mapping[str, str], connections: int = 16) -> "Load":
        return cls(path, ("post", str(body), *itertools.chain(*headers.items())), connections)

    @classmethod
    def fresh(cls, path: str, connections: int = 16) -> "Load":
        """Ask for a grid that was never asked for before; `path` has a query, to which x_min is added."""
        return cls(path, ("fresh",), connections)


def run(port: int, load: Load, seconds: int) -> LoadResult:
    """Put a load on a server on loopback for some seconds.

    Raises:
        RuntimeError: wrk failed.
    """
    arguments = (*load.arguments, str(next(_first_grids))) if load.arguments == ("fresh",) else load.arguments
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", f"--timeout={TIMEOUT}s", f"-s{SCRIPT}"]
    command += [f"http://127.0.0.1:{port}{load.path}", "--", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 2 * TIMEOUT)  # noqa: S603
    if process.returncode:
        raise RuntimeError(f"wrk: {(process.stderr or process.stdout).strip()}")
    summary = json.loads(process.stdout.splitlines()[-1])
    faults = [f"{summary[kind]} {kind}" for kind in ("refused", "statuses", "broken", "late") if summary[kind]]
    if not summary["requests"]:
        faults.append("no response")
    return LoadResult(
        requests=summary["requests"],
        rate=summary["requests"] / summary["microseconds"] * 1e6,
        p50_ms=summary["p50"] / 1000,
        p99_ms=summary["p99"] / 1000,
        faults=", ".join(faults) or None,
    )
