"""Runs wrk, and reads what `load.lua` says that it found."""

import itertools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT = 30
"""Seconds after which wrk counts an answer as late; 90,000 points take the slowest contestant a few."""

_starts = itertools.count(step=20_000)


@dataclass(frozen=True)
class Found:
    """`faults` is None, or says what was wrong with answers."""

    rate: float
    p50_ms: float
    p99_ms: float
    faults: str | None


@dataclass(frozen=True)
class Load:
    """What is asked of an address: `arguments` are load.lua's."""

    path: str
    arguments: tuple[str, ...] = ("get",)
    connections: int = 16

    @classmethod
    def post(cls, path: str, body: Path, connections: int = 16) -> "Load":
        return cls(path, ("post", str(body)), connections)

    @classmethod
    def fresh(cls, path: str, connections: int = 16) -> "Load":
        """Ask for a grid that nobody asked for before; `path` has a query, to which x_min is added."""
        return cls(path, ("fresh",), connections)


def run(port: int, load: Load, seconds: int) -> Found:
    """Put a load on a server at loopback for some seconds.

    Raises:
        RuntimeError: wrk failed.
    """
    arguments = (*load.arguments, str(next(_starts))) if load.arguments == ("fresh",) else load.arguments
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", f"--timeout={TIMEOUT}s", f"-s{SCRIPT}"]
    command += [f"http://127.0.0.1:{port}{load.path}", "--", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 2 * TIMEOUT)  # noqa: S603
    if process.returncode:
        raise RuntimeError(f"wrk: {(process.stderr or process.stdout).strip()}")
    found = json.loads(process.stdout.splitlines()[-1])
    faults = [f"{found[kind]} {kind}" for kind in ("refused", "statuses", "broken", "late") if found[kind]]
    if not found["requests"]:
        faults.append("no answer")
    return Found(
        rate=found["requests"] / found["microseconds"] * 1e6,
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        faults=", ".join(faults) or None,
    )
