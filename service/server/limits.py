"""How many connections and threads a worker may have: so many as leave all workers room within the system's limits."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MAX_CONNECTIONS = 1000
"""Of one worker, gunicorn's default: a connection whose request comes in holds up to 64 KiB, or more for a long one."""

OWN_DESCRIPTORS = 64
"""Other descriptors of a worker (25 measured), beside its connections and one file for each thread."""

OWN_THREADS = 6
"""Of a worker beside those that answer: its loop, the log, the watcher, and what a library starts."""

GRPC_THREADS = 8 + (os.cpu_count() or 1)
"""Of a worker that speaks gRPC too, beside the pool: its loop, and those that grpcio starts."""

OTHER_PROCESSES = 16
"""The arbiter, health checks, and who looks into the container."""

MIN_THREADS = 4


def connections(threads: int, pools: int = 1) -> int:
    """Return how many connections a worker with so many threads in each of its pools may hold for each of them:
    MAX_CONNECTIONS, where descriptors suffice.

    Each worker has as many as the limit says for itself; a soft limit is raised as far as is needed.
    """
    others = pools * threads + OWN_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _least(pools * MAX_CONNECTIONS + others, hard)
    if _least(soft, wanted) < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(threads + 1, (_least(soft, wanted) - others) // pools)


def threads(wanted: int, workers: int, pools: int = 1) -> int:
    """Return how many threads each pool of each of so many workers may have, so that as many workers again may run
    during a reload.
    """
    limits = list(_cgroup_limits())
    if os.geteuid() != 0:  # the superuser is not held to it
        limits.append(_least(*resource.getrlimit(resource.RLIMIT_NPROC)))
    own = OWN_THREADS + (pools - 1) * GRPC_THREADS
    shares = [((limit - OTHER_PROCESSES) // (2 * workers) - own) // pools for limit in limits if limit >= 0]
    return max(MIN_THREADS, min([*shares, wanted]))


def _least(one: int, other: int) -> int:
    """Return the lesser of two limits, either of which may be infinite."""
    return min((limit for limit in (one, other) if limit != resource.RLIM_INFINITY), default=resource.RLIM_INFINITY)


def _cgroup_limits() -> Iterator[int]:
    """Yield how many processes and threads each control group above this process may have (Linux)."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "pids"):
                mount = Path("/sys/fs/cgroup", controllers)
                own = mount / path.lstrip("/")
                for group in [own, *own.parents]:
                    if group.is_relative_to(mount):
                        with suppress(OSError, ValueError):  # it has no limit, or is not to be seen from in here
                            yield int((group / "pids.max").read_text())
