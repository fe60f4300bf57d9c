"""What the service tells its operators: Prometheus metrics summed over all workers, and logs as lines of JSON.

Gunicorn's workers are processes; prometheus-client sums them over files in PROMETHEUS_MULTIPROC_DIR, which
gunicorn.conf.py sets before any worker starts. Without it (one process) the metrics are that process's own.
"""

import logging
import os
import sys
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import orjson
import structlog
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    Summary,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.samples import Sample

from service import SLOT, __version__
from service.shared_values import use_allocated_files

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR" in os.environ

if MULTIPROCESS:
    # A worker's files are named by its slot among the workers, not by its process, which the library would ask the
    # kernel for at each count: so a worker's successor counts on in the same files, and none pile up.
    use_allocated_files()
    _slot = os.environ.get(SLOT, str(os.getpid()))
    values.ValueClass = values.MultiProcessValue(lambda: _slot)  # type: ignore[no-untyped-call]

RETIRED_SECONDS = 900
"""How long the series of a version are shown once it is served no longer: as far back as alerts look at them."""

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds: a single prediction takes less than the first, the largest grid with every statistic the last."""

REQUESTS = Histogram(
    "boundary_request_seconds",
    "Time to answer a request, from its arrival at the app to its answer",
    ["endpoint", "model", "version", "status"],
    buckets=BUCKETS,
)
POINTS = Counter("boundary_points", "Points evaluated, grid nodes among them", ["model", "version"])
COMPUTING = Summary("boundary_compute_seconds", "Time in the engine, by calls of it", ["model", "version"])
LAST_COMPUTE = Gauge(
    "boundary_last_compute_timestamp_seconds",
    "When the engine was last called",
    ["model", "version"],
    multiprocess_mode="max",
)
QUEUED = Counter("boundary_queue_seconds", "Time that requests waited for their turn to compute", ["model", "version"])
CACHE = Counter("boundary_cache", "Grids looked up in the cache", ["result"])
WAITING = Gauge(
    "boundary_waiting_requests", "Requests that wait for a turn to compute", ["lane"], multiprocess_mode="livesum"
)
REFUSED = Counter("boundary_refused_requests", "Requests refused because too many were waiting", ["lane"])
LOADS = Counter("boundary_loads", "Versions that a worker loaded, or failed to", ["result"])
VERSIONS = Gauge(
    "boundary_versions", "Versions that a worker serves; the least of all workers", multiprocess_mode="livemin"
)
LAST_SERVED_NAME = "boundary_last_served_timestamp_seconds"
LAST_SERVED = Gauge(
    LAST_SERVED_NAME,
    "When a worker last looked at the models and served this version; for the workers themselves",
    ["model", "version"],
    multiprocess_mode="max",
)
LOOP_FAULTS = Counter("boundary_loop_faults", "Faults of the loops themselves; over HTTP a thread answered instead")
BUILD = Gauge("boundary_build_info", "Always 1", ["version"], multiprocess_mode="livemax")
BUILD.labels(__version__).set(1)

# Looked up here, not when they count: so they are there before it, and Prometheus sees the first event as an increase.
LOADED, FAILED = LOADS.labels("loaded"), LOADS.labels("failed")
HITS, MISSES = CACHE.labels("hit"), CACHE.labels("miss")

# Finding a labelled child costs prometheus-client a lock and a tuple of strings, more than counting itself.
# The labels are endpoints, versions and statuses: few.
requests_of = lru_cache(maxsize=4096)(REQUESTS.labels)
queue_time_of = lru_cache(maxsize=1024)(QUEUED.labels)
last_served_of = lru_cache(maxsize=1024)(LAST_SERVED.labels)


class EngineMetrics:
    """What counts the calls of one version's engine."""

    def __init__(self, model: str, version: str) -> None:
        self._points = POINTS.labels(model, version)
        self._computing = COMPUTING.labels(model, version)
        self._last = LAST_COMPUTE.labels(model, version)

    def count(self, points: int, seconds: float) -> None:
        """Count one call that has just ended."""
        self._points.inc(points)
        self._computing.observe(seconds)
        self._last.set(time.time())


engine_metrics = lru_cache(maxsize=1024)(EngineMetrics)


class _AllWorkers:
    """What the workers' files hold.

    The library's own collector fails altogether on a file of no bytes, which each file is for an instant when it is
    made, and stays if its worker is killed just then (prometheus/client_python#1199). Such a file has nothing to tell.
    """

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db") if _has_bytes(file)]
        metrics: list[Metric] = list(multiprocess.MultiProcessCollector.merge(files))  # type: ignore[no-untyped-call]
        served = [metric for metric in metrics if metric.name == LAST_SERVED_NAME]
        retired = _retired(sample for metric in served for sample in metric.samples)
        for metric in metrics:
            metric.samples = [sample for sample in metric.samples if _version_of(sample) not in retired]
        return [metric for metric in metrics if metric not in served]


def _retired(samples: Iterable[Sample]) -> set[tuple[str, str]]:
    """Return the versions that are served no longer, from when each was. Their series need not be kept for good. Those
    of others stay as they are: no counter takes anything over, as that would count the same requests twice.
    """
    served = {_version_of(sample): sample.value for sample in samples}
    newest = max(served.values(), default=0.0)  # not the time now: a disk that hangs retires nothing
    return {version for version, last in served.items() if newest - last > RETIRED_SECONDS}


def _version_of(sample: Sample) -> tuple[str, str]:
    return sample.labels.get("model", ""), sample.labels.get("version", "")


def _has_bytes(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # a gauge of a worker that has just ended
        return False


def registry() -> CollectorRegistry:
    """Return what was measured by all workers."""
    if not MULTIPROCESS:
        return PROCESS_REGISTRY
    shared = CollectorRegistry()
    shared.register(_AllWorkers())
    return shared


def render_metrics() -> bytes:
    """Return the metrics of all workers in Prometheus' text format."""
    return generate_latest(registry())


def log_as_json(level: str) -> None:
    """Send what this package logs to the standard error stream, one JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
