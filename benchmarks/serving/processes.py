"""A server's tree of processes: its memory, and its end, by process id."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path

from harness.processes import lives, memory

PROC = Path("/proc")
PR_SET_CHILD_SUBREAPER = 36
GONE = (FileNotFoundError, ProcessLookupError)
"""What reading /proc raises for a process that has just ended."""


def tree(root: int) -> list[int]:
    """Return a process and all its descendants."""
    children = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(*GONE):
                children[_parent(int(entry.name))].append(int(entry.name))
    pids = [root]
    for pid in pids:
        pids += children[pid]
    return pids


def _parent(pid: int) -> int:
    """Read the field of /proc/<pid>/stat behind the command's name, which may hold spaces, and the state."""
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def pss(pid: int) -> int:
    """Return a process's proportional set size in bytes; 0 once it has ended."""
    with contextlib.suppress(*GONE):
        return memory(pid)["Pss"]
    return 0


def settled_pss(limit: float = 10) -> dict[int, int]:
    """Return the PSS of each process of the running server, once their sum is stable: workers may still be loading."""
    last, end = -1.0, time.monotonic() + limit
    while True:
        by_process = {pid: pss(pid) for pid in tree(os.getpid())[1:]}
        total = sum(by_process.values())
        if abs(total - last) < 0.01 * total or time.monotonic() > end:
            return by_process
        last = total
        time.sleep(0.7)


def processor_ms(root: int) -> float:
    """Return the processor time that a process and its descendants have taken so far, in milliseconds."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(*GONE):
            threads = list((PROC / str(pid) / "task").iterdir())
            total += sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)
    return total / 1e6


def resident(pid: int) -> int:
    return _kilobytes(pid, "VmRSS:")


def reset_peak(pid: int) -> None:
    (PROC / str(pid) / "clear_refs").write_text("5")


def peak(pid: int) -> int:
    """Return the most bytes that were resident since `reset_peak`."""
    return _kilobytes(pid, "VmHWM:")


def _kilobytes(pid: int, key: str) -> int:
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def adopt_orphans() -> None:
    """Make this process the parent of orphaned descendants, so that `end` finds every one."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def end(*servers: subprocess.Popen[bytes], patience: float = 15) -> None:
    """Terminate all servers that run, and kill what is left of them after a while: every descendant of this process."""
    for server in servers:
        server.terminate()
    until = time.monotonic() + patience
    while _living() and time.monotonic() < until:
        for server in servers:
            server.poll()
        time.sleep(0.05)
    while left := _living():
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    for server in servers:
        server.wait()
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:  # orphans that ended
            pass


def _living() -> list[int]:
    return [pid for pid in tree(os.getpid())[1:] if lives(pid)]
