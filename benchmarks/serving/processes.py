"""A server as a tree of processes: what memory it takes, and how it is ended, by process id."""

import contextlib
import os
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")
GONE = (FileNotFoundError, ProcessLookupError)
"""What reading /proc raises for a process that has ended meanwhile."""


def tree(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(*GONE):
                children[_parent(int(entry.name))].append(int(entry.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the command's name, which may hold spaces."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _started(pid: int) -> str | None:
    """Return when a process started, which with its id tells it from a later one; None if it has ended."""
    with contextlib.suppress(*GONE):
        state, *_ = fields = _stat(pid)
        return None if state == "Z" else fields[19]
    return None


def pss(pid: int) -> int:
    """Return the bytes that a process takes, what it shares divided by those that share it; 0 once it has ended."""
    with contextlib.suppress(*GONE):
        return _kilobytes(pid, "smaps_rollup", "Pss:")
    return 0


def settled_pss(root: int, limit: float = 10) -> dict[int, int]:
    """Return each process' PSS once their sum has stopped growing: workers load for a while after the first answer."""
    last, end = -1.0, time.monotonic() + limit
    while True:
        found = {pid: pss(pid) for pid in tree(root)}
        total = sum(found.values())
        if abs(total - last) < 0.01 * total or time.monotonic() > end:
            return found
        last = total
        time.sleep(0.7)


def resident(pid: int) -> int:
    return _kilobytes(pid, "status", "VmRSS:")


def reset_peak(pid: int) -> None:
    (PROC / str(pid) / "clear_refs").write_text("5")


def peak(pid: int) -> int:
    """Return the most bytes that were resident since `reset_peak`."""
    return _kilobytes(pid, "status", "VmHWM:")


def _kilobytes(pid: int, file: str, key: str) -> int:
    lines = (PROC / str(pid) / file).read_text().splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def end(process: subprocess.Popen[bytes], patience: float = 15) -> None:
    """Ask a server to end, and kill what of its tree is still there after a while."""
    members = {pid: _started(pid) for pid in tree(process.pid)}
    process.terminate()
    until = time.monotonic() + patience
    while time.monotonic() < until and any(_same(pid, start) for pid, start in members.items()):
        process.poll()
        time.sleep(0.05)
    for pid, start in members.items():
        if _same(pid, start):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


def _same(pid: int, start: str | None) -> bool:
    return start is not None and _started(pid) == start
