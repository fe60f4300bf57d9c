"""What is known of a request while it is answered, and what is measured and logged once it is."""

import random
import time
from contextlib import suppress
from dataclasses import dataclass

from service.observability import queue_time_of, requests_of
from service.registry.models import ModelVersion
from service.server.request_log import RequestLog

QUIET_ENDPOINTS = frozenset({"health.get_live", "health.get_ready", "grpc_health.check", "metrics.get_metrics"})
"""Endpoints that machines ask every few seconds: measured, but only logged where they fail."""

MAX_ID_CHARS = 128


@dataclass(slots=True)
class RequestRecord:
    """One request: for whom, where keys are asked for, by which model's version, and the seconds it queued."""

    request_id: str
    began: float
    client: str = ""
    model: str = ""
    version: str = ""
    queue_seconds: float = 0

    def set_client(self, name: str) -> None:
        """Note whose key came with this request."""
        self.client = name

    def set_model_version(self, version: ModelVersion) -> None:
        """Note which model's version answers."""
        self.model, self.version = version.name, str(version.number)

    def add_queue_time(self, seconds: float) -> None:
        """Note how long this request waited for its turn."""
        self.queue_seconds += seconds


class RequestRecorder:
    """Gives requests their ids, measures them, and logs them where there is a log.

    What a series needs to be counted may be missing for a while. That keeps no client from its response.
    """

    def __init__(self, log: RequestLog | None) -> None:
        self._log = log

    def begin(self, given_id: str | None) -> RequestRecord:
        """Return the record of a request with this `X-Request-ID`: a plain short token, or it gets a new one."""
        if not (given_id and len(given_id) <= MAX_ID_CHARS and given_id.isascii() and given_id.isprintable()):
            # Not uuid4: that asks the kernel, for which Python lets go of its lock and then waits for its turn again.
            given_id = f"{random.getrandbits(128):032x}"
        return RequestRecord(given_id, time.perf_counter())

    def end(self, record: RequestRecord, endpoint: str, method: str, path: str, code: str) -> list[tuple[str, str]]:
        """Measure and log a request that has its response; return the headers that every response has."""
        seconds = time.perf_counter() - record.began
        with suppress(MemoryError, OSError):
            requests_of(endpoint, record.model, record.version, code).observe(seconds)
            if record.queue_seconds:
                queue_time_of(record.model, record.version).inc(record.queue_seconds)
        if self._log is not None and (endpoint not in QUIET_ENDPOINTS or code >= "400"):
            self._log.write(
                request_id=record.request_id,
                method=method,
                path=path,
                status=int(code),
                milliseconds=round(seconds * 1000, 3),
                client=record.client,
                model=record.model,
                version=record.version,
            )
        return [("X-Request-ID", record.request_id), ("X-Content-Type-Options", "nosniff")]

    def count_refusal(self, status: int) -> None:
        """Measure a request that the worker refused before it was the app's."""
        with suppress(MemoryError, OSError):
            requests_of("none", "", "", str(int(status))).observe(0)
