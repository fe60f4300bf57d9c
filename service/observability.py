"""What the service tells its operators: Prometheus metrics summed over all workers, and logs as lines of JSON.

Gunicorn's workers are processes; prometheus-client sums them over files in PROMETHEUS_MULTIPROC_DIR, which
gunicorn.conf.py sets before any worker starts. Without it (one process) the metrics are that process's own.
"""

import logging
import os

from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from pythonjsonlogger.orjson import OrjsonFormatter

from service import __version__

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds: a single prediction takes less than the first, the largest grid with every statistic the last."""

REQUESTS = Histogram(
    "boundary_request_seconds",
    "Time to answer a request, from its arrival at the app to its answer",
    ["endpoint", "model", "version", "status"],
    buckets=BUCKETS,
)
POINTS = Counter("boundary_points", "Points evaluated, grid nodes among them", ["model", "version"])
LOADS = Counter("boundary_loads", "Versions that a worker loaded, or failed to", ["result"])
VERSIONS = Gauge(
    "boundary_versions", "Versions that a worker serves; the least of all workers", multiprocess_mode="livemin"
)
BUILD = Gauge("boundary_build_info", "Always 1", ["version"], multiprocess_mode="livemax")
BUILD.labels(__version__).set(1)


def render_metrics() -> bytes:
    """Return the metrics of all workers in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(PROCESS_REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def log_as_json(level: str) -> None:
    """Send what this package logs to the standard error stream, one JSON object a line."""
    handler = logging.StreamHandler()
    handler.setFormatter(OrjsonFormatter("{asctime}{levelname}{name}{message}", style="{"))
    logger = logging.getLogger("service")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
