"""Shortages: descriptors, threads, memory and /dev/shm run out under a steady load, one after the other.

What has run out is refused: no response is wrong, none is a 5xx but 503, and no worker ends for it. Soon after there is
enough again, every worker answers new connections. The server has a /dev/shm of its own, in a namespace of mounts, and
threads are limited by a control group of its own; where the system allows one of these not, that shortage is left out.
"""

import os
import re
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.soak.clients import ClientProfile, NextRequest, Outcomes, background_load, let_them_send
from chaos.soak.model_store import ModelStore
from chaos.soak.server import WORKERS, Server, serving
from chaos.soak.workload import CheckedRequest, Workload
from harness.waiting import wait_for

CLIENTS = 2
PROFILE = ClientProfile(reconnects=0.05, think_seconds=0.01)
GREEDY = ClientProfile(reconnects=0.5, think_seconds=0.1)
LARGEST = ("json", "npy", "png")

SPARE_BYTES = 2**25
"""Of memory, beyond what a worker has before the largest grids are asked for: enough for what normal clients ask, and
less than such a grid takes as JSON or as a picture.
"""

SHM_BYTES = 2**22
SHM = f'mount -t tmpfs -o size={SHM_BYTES} tmpfs /dev/shm && exec "$0" "$@"'
NAMESPACES = (("unshare", "--mount", "sh", "-c"), ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"))
PIDS = {Path("/sys/fs/cgroup/pids"): "tasks", Path("/sys/fs/cgroup"): "cgroup.subtree_control"}
"""Where control groups are made, of the first version and the second, and a file that is there."""


@dataclass(frozen=True)
class ShortageResult:
    """What became of requests during a shortage and after it, how many workers ended for it, and the seconds from its
    end until every worker answered a new connection; and those that a killed worker's successor takes without one,
    which may be more where the machine has much else to do.
    """

    outcomes: Outcomes
    lost_workers: int
    recovery_seconds: float
    replacement_seconds: float


Shortage = Callable[[Server, int], AbstractContextManager[int]]
"""Lets something run out during the block, given so many connections to do it with; says how many workers it ends."""


def run_out(
    source: Path, directory: Path, connections: int, seconds: float, largest_grids: int, seed: int
) -> dict[str, ShortageResult]:
    """Let each thing run out for so many seconds; return the results of those that the system allows to try."""
    store = ModelStore(source, directory / "models")
    within = _namespace()
    with serving(store.directory, directory, within=within) as server:
        loads = [(Workload(store, seed + i).mixed, PROFILE) for i in range(CLIENTS)]
        results: dict[str, ShortageResult] = {}
        for name, shortage in _possible(has_own_shm=bool(within)).items():
            greedy = _largest(largest_grids) if shortage is without_memory else None
            results[name] = _measure(server, shortage, connections, seconds, loads, greedy)
        return results


def _measure(
    server: Server,
    shortage: Shortage,
    connections: int,
    seconds: float,
    loads: Sequence[tuple[NextRequest, ClientProfile]],
    greedy: NextRequest | None,
) -> ShortageResult:
    """Return what became of a load during a shortage; a `greedy` client begins once there is one."""
    before = set(server.workers())
    with background_load(server, loads) as outcomes, ExitStack() as begun:
        with shortage(server, connections) as ended:
            asked = begun.enter_context(background_load(server, [(greedy, GREEDY)] if greedy else []))
            time.sleep(seconds)  # however few get through
            wait_for(lambda: greedy is None or asked().requests >= len(LARGEST))
        relieved = time.monotonic()
        wait_for(lambda: _all_answer(server))
        recovery_seconds = time.monotonic() - relieved
        let_them_send(outcomes, seconds / 2)
    n_lost = len(before - set(server.workers())) - ended
    return ShortageResult(outcomes() + asked(), n_lost, recovery_seconds, _replacement_seconds(server))


def _replacement_seconds(server: Server) -> float:
    """Kill a worker, and return the seconds until its successor answers."""
    victim, began = server.workers()[0], time.monotonic()
    server.kill(victim)
    wait_for(lambda: victim not in server.workers() and _all_answer(server))
    return time.monotonic() - began


def _all_answer(server: Server) -> bool:
    with suppress(OSError):  # a worker has ended meanwhile
        if len(server.workers()) == WORKERS:
            with server.each_worker():
                return True
    return False


def _possible(*, has_own_shm: bool) -> Mapping[str, Shortage]:
    """Return the shortages that can be made here, by what runs out."""
    found: dict[str, Shortage] = {"descriptors": without_descriptors, "memory": without_memory}
    groups = _control_groups()
    if groups is not None:
        found["threads"] = partial(without_threads, groups)
    if has_own_shm:
        found["/dev/shm"] = without_shm  # noqa: S108 (its name)
    return found


def _largest(count: int) -> NextRequest:
    """Return so many requests for the largest grids, a new one each time, of which only the status counts."""
    numbers = iter(range(count))

    def request() -> CheckedRequest | None:
        n = next(numbers, None)
        if n is None:
            return None
        form = LARGEST[n % len(LARGEST)]
        path = f"/boundary?resolution=2000&width=2000&format={form}&x_max={2 + n / 1000}"
        return CheckedRequest(path, lambda _: None, grids=1)

    return request


@contextmanager
def without_descriptors(server: Server, connections: int) -> Iterator[int]:
    """Take away all descriptors but a few, and have clients open connections on which they send a byte."""
    own, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(own, 2 * connections)), hard))
    with ExitStack() as stack:
        for worker in server.workers():
            in_use = len(list(Path(f"/proc/{worker}/fd").iterdir()))
            stack.enter_context(_limited(worker, resource.RLIMIT_NOFILE, in_use + connections // 4))
        for _ in range(connections):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.send(b"G")
        yield 0


@contextmanager
def without_memory(server: Server, _: int) -> Iterator[int]:
    """Leave each worker little more memory than it has.

    A limit of addresses would not do: each thread has reserved some that it does not use yet.
    """
    with ExitStack() as stack:
        for worker in server.workers():
            (size,) = re.findall(r"VmData:\s+(\d+)", Path(f"/proc/{worker}/status").read_text())
            stack.enter_context(_limited(worker, resource.RLIMIT_DATA, int(size) * 1024 + SPARE_BYTES))
        yield 0


@contextmanager
def without_threads(groups: Path, server: Server, _: int) -> Iterator[int]:
    """Kill a worker, and leave its successor one thread more than it has to begin with."""
    group, victim = groups / f"soak-{server.process.pid}", server.workers()[0]
    group.mkdir()
    try:
        for process in (server.process.pid, *server.workers()):
            (group / "cgroup.procs").write_text(str(process))
        threads = len(list(Path(f"/proc/{victim}/task").iterdir()))
        (group / "pids.max").write_text(str(int((group / "pids.current").read_text()) - threads + 2))
        server.kill(victim)
        yield 1
    finally:
        (group / "pids.max").write_text("max")
        _leave(group, groups / "cgroup.procs")


def _leave(group: Path, to: Path) -> None:
    """Remove a control group, of which new processes may be born while its members leave."""

    def is_gone() -> bool:
        for process in (group / "cgroup.procs").read_text().split():
            with suppress(OSError):  # it has ended
                to.write_text(process)
        with suppress(OSError):
            group.rmdir()
        return not group.exists()

    wait_for(is_gone)


@contextmanager
def without_shm(server: Server, _: int) -> Iterator[int]:
    """Fill the server's /dev/shm, and end a worker, whose successor has to make files there."""
    filler = Path(f"/proc/{server.process.pid}/root/dev/shm/filler")
    try:
        with suppress(OSError), filler.open("wb", 0) as file:
            while True:
                file.write(bytes(4096))
        os.kill(server.workers()[0], signal.SIGTERM)
        yield 1
    finally:
        filler.unlink()


@contextmanager
def _limited(process: int, kind: int, limit: int) -> Iterator[None]:
    before = resource.prlimit(process, kind)
    resource.prlimit(process, kind, (limit, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(process, kind, before)


def _control_groups() -> Path | None:
    """Return where control groups that limit threads may be made: a hierarchy of its own, or the unified one."""
    for place, controllers in PIDS.items():
        with suppress(OSError):
            if os.access(place / "cgroup.procs", os.W_OK) and "pids" in (place / controllers).read_text() + place.name:
                return place
    return None


def _namespace() -> tuple[str, ...]:
    """Return the command that gives a server a small /dev/shm of its own; nothing where that is not allowed."""
    for command in NAMESPACES:
        if subprocess.run([*command, SHM, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return (*command, SHM)
    return ()
