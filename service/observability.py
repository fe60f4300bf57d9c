"""What the service tells its operators: Prometheus metrics summed over all workers, and logs as lines of JSON.

Gunicorn's workers are processes; prometheus-client sums them over files in PROMETHEUS_MULTIPROC_DIR, which
gunicorn.conf.py sets before any worker starts. Without it (one process) the metrics are that process's own.
"""

import logging
import os
import sys
from functools import lru_cache

import orjson
import structlog
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess, values

from service import PLACE, __version__

SHARED = "PROMETHEUS_MULTIPROC_DIR" in os.environ

if SHARED:
    # A worker's files are named by its place among the workers, not by its process, which the library would ask the
    # kernel for at each count: so a worker's successor counts on in the same files, and none pile up.
    _place = os.environ.get(PLACE, str(os.getpid()))
    values.ValueClass = values.MultiProcessValue(lambda: _place)  # type: ignore[no-untyped-call]

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds: a single prediction takes less than the first, the largest grid with every statistic the last."""

REQUESTS = Histogram(
    "boundary_request_seconds",
    "Time to answer a request, from its arrival at the app to its answer",
    ["endpoint", "model", "version", "status"],
    buckets=BUCKETS,
)
POINTS = Counter("boundary_points", "Points evaluated, grid nodes among them", ["model", "version"])
CACHE = Counter("boundary_cache", "Grids looked up among the answers that are kept", ["result"])
WAITING = Gauge(
    "boundary_waiting_requests", "Requests that wait for a turn to compute, now", ["lane"], multiprocess_mode="livesum"
)
REFUSED = Counter("boundary_refused_requests", "Requests refused since too many were waiting", ["lane"])
LOADS = Counter("boundary_loads", "Versions that a worker loaded, or failed to", ["result"])
VERSIONS = Gauge(
    "boundary_versions", "Versions that a worker serves; the least of all workers", multiprocess_mode="livemin"
)
BUILD = Gauge("boundary_build_info", "Always 1", ["version"], multiprocess_mode="livemax")
BUILD.labels(__version__).set(1)

# Looked up here, not when they count: so they are there before it, and Prometheus sees the first event as an increase.
LOADED, FAILED = LOADS.labels("loaded"), LOADS.labels("failed")
HITS, MISSES = CACHE.labels("hit"), CACHE.labels("miss")

# Finding a labelled child costs prometheus-client a lock and a tuple of strings, more than counting itself.
# The labels are endpoints, versions and statuses: few.
requests_of = lru_cache(maxsize=4096)(REQUESTS.labels)
points_of = lru_cache(maxsize=1024)(POINTS.labels)


def render_metrics() -> bytes:
    """Return the metrics of all workers in Prometheus' text format."""
    if not SHARED:
        return generate_latest(PROCESS_REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


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
