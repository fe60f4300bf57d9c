"""Dask and Ray beside each other as engines of studies: memory, what a task costs, and what follows a worker's death.

    .venv/bin/python benchmarks/engines.py dask
    .venv-peers/ray/bin/python benchmarks/engines.py ray

Each with two workers on this machine, 1,000 tasks that get 1 kB and return 20 kB, four at a time. It stands alone, as
Ray is installed apart. Linux only.
"""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TASKS, AT_ONCE = 1000, 4
GIVEN, RETURNED = b"c" * 1000, b"r" * 20_000


def task(_: bytes) -> bytes:
    return RETURNED


def death(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return RETURNED


@contextmanager
def dask_engine() -> Iterator[tuple[Callable[..., Any], Callable[[Any], Any], Callable[[list[Any]], Any]]]:
    import dask.config  # noqa: PLC0415
    from distributed import Client, LocalCluster, wait  # noqa: PLC0415

    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": 1.0}
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        yield (
            lambda work: client.submit(work, GIVEN, pure=False),
            lambda future: future.result(),
            lambda futures: wait(futures, return_when="FIRST_COMPLETED").done.pop(),
        )


@contextmanager
def ray_engine() -> Iterator[tuple[Callable[..., Any], Callable[[Any], Any], Callable[[list[Any]], Any]]]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # noqa: PLC0415

    own = {"_node_ip_address": "127.0.0.1", "include_dashboard": False, "log_to_driver": False}
    ray.init(num_cpus=2, object_store_memory=100_000_000, logging_level="ERROR", **own)
    remote = {work: ray.remote(num_cpus=1, max_retries=0)(work) for work in (task, death)}
    yield (
        lambda work: remote[work].remote(GIVEN),
        ray.get,
        lambda futures: ray.wait(futures, num_returns=1)[0][0],
    )
    ray.shutdown()


def processes(pid: int) -> list[int]:
    """Return a process and all that come from it."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [each for child in file.read_text().split() for each in processes(int(child))]
        except OSError:  # it has ended
            continue
    return [pid, *found]


def megabytes() -> list[float]:
    """Return what each process of this engine takes, what several share counted once."""
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in processes(os.getpid())]
    return sorted((int(re.findall(r"^Pss: +(\d+)", text, re.MULTILINE)[0]) / 1024 for text in texts), reverse=True)


def cpu_seconds() -> float:
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in processes(os.getpid())]
    return sum(int(tick) for pair in ticks for tick in pair) / os.sysconf("SC_CLK_TCK")


def main(name: str) -> None:
    start = time.perf_counter()
    with {"dask": dask_engine, "ray": ray_engine}[name]() as (submit, result, first_of):
        for future in [submit(task) for _ in range(AT_ONCE)]:
            result(future)
        say(f"first results after {time.perf_counter() - start:.1f} s, {cpu_seconds():.1f} s of processor time")
        taken = megabytes()
        say(f"{len(taken)} processes, {sum(taken):.0f} MB: {', '.join(f'{each:.0f}' for each in taken)}")

        before, cpu_before = time.perf_counter(), cpu_seconds()
        running = [submit(task) for _ in range(AT_ONCE)]
        for number in range(TASKS):
            done = first_of(running)
            running.remove(done)
            result(done)
            if number < TASKS - AT_ONCE:
                running.append(submit(task))
        seconds, cpu = time.perf_counter() - before, cpu_seconds() - cpu_before
        say(f"a task: {1000 * seconds / TASKS:.1f} ms, {1000 * cpu / TASKS:.1f} ms of processor time in all processes")

        before = time.perf_counter()
        try:
            result(submit(death))
        except Exception as error:  # noqa: BLE001 (which one it is, is what is asked)
            say(f"a worker's death is told after {time.perf_counter() - before:.2f} s, as {type(error).__name__}")
        result(submit(task))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main(sys.argv[1])
