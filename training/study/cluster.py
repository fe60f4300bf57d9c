"""The Dask cluster that a study runs on: one that is started on this machine and ended, or one that is there.

What schedulers and workers are told stands here; deploy/ and docker-compose.yml have the same as environment variables.
"""

import contextlib
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from multiprocessing import resource_tracker

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster
from distributed.system import MEMORY_LIMIT

from training import TrainingError
from training.study import threads

LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = 10

WORKER_BYTES = 1_600_000_000
"""What a worker of a local cluster may take; beyond that it is ended. Of its 0.9 GB all workers share 0.5."""

SETTINGS: Mapping[str, object] = {
    # A batch stays with the scheduler until a worker is free: what waits at one that dies would be suspected too.
    "distributed.scheduler.worker-saturation": 1.0,
    # The death of a worker is told at once, and what follows from it is decided here.
    "distributed.scheduler.allowed-failures": 0,
    # Results are small and leave at once. A worker that grows is ended; paused, it would wait forever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.comm.timeouts.connect": "5s",  # so long a result is asked of a worker that has died
    "distributed.worker.profile.enabled": False,  # it looks at the stacks a hundred times a second
    # Every event loop looks fifty times a second whether it is late, though nothing is decided by that.
    "distributed.admin.tick.interval": "1s",
}

OF_LOCAL_CLUSTERS: Mapping[str, object] = {
    # A nanny starts its worker again, however long that takes on a busy machine; the cluster must not end it meanwhile.
    "distributed.deploy.lost-worker-timeout": "365 days",
    # Dask has every 64 KiB that are free given back at once; to get them again takes 8% of a small network's training.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}


class EngineError(TrainingError):
    """The scheduler cannot be reached, or no longer; what has come back by then is in the store."""


@contextlib.contextmanager
def connected(scheduler: str | None, workers: int | None, tell: Callable[[str], object]) -> Iterator[Client]:
    """Give a client of a scheduler; without an address, of a cluster on this machine, which ends with it.

    Args:
        scheduler: its address.
        workers: processes of the cluster on this machine, as many as there are processors and memory if None.
        tell: told the dashboard's address.

    Raises:
        EngineError: the scheduler cannot be reached.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_quiet())
        address = scheduler or stack.enter_context(_local_cluster(workers))
        try:
            client = stack.enter_context(Client(address, set_as_default=False, timeout=CONNECT_SECONDS))
        except (OSError, ValueError) as error:
            raise EngineError(f"no scheduler can be reached at {address}: {error}") from error
        tell(f"dashboard: {client.dashboard_link}")
        yield client


@contextlib.contextmanager
def _local_cluster(workers: int | None) -> Iterator[str]:
    """Start processes that nobody but this machine reaches, and give the scheduler's address."""
    environment = dict(os.environ)
    with (
        tempfile.TemporaryDirectory(prefix="study-", ignore_cleanup_errors=True) as directory,
        dask.config.set({**SETTINGS, **OF_LOCAL_CLUSTERS}),
    ):
        with _interrupts_blocked():
            cluster = LocalCluster(
                n_workers=workers or max(1, min(CPU_COUNT, MEMORY_LIMIT // WORKER_BYTES)),
                threads_per_worker=1,
                memory_limit=WORKER_BYTES,
                host=LOOPBACK,
                dashboard_address=f"{LOOPBACK}:0",
                local_directory=directory,
                env=threads.ENVIRONMENT,
                silence_logs=logging.CRITICAL,
            )
        try:
            with cluster:
                yield cluster.scheduler_address
        finally:
            os.environ.clear()  # whoever starts workers gets some of their variables
            os.environ.update(environment)


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C for the threads that are started meanwhile, and the processes that these start, now and later.

    It is for this process alone: workers would each print a traceback, and be started again.
    """
    resource_tracker.ensure_running()  # which would unblock it
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let Dask say nothing of workers and connections that end: what matters of it is told in words of ours."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "bokeh")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
