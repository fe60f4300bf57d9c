"""Looks at the models directory again and again, so that what training writes is served without a restart."""

import threading
import time

import structlog
from structlog.typing import FilteringBoundLogger

from service.registry.registry import Registry

log: FilteringBoundLogger = structlog.get_logger()

STALE_CHECK_SECONDS = 0.1
"""How often a worker checks whether a client loaded or unloaded a model through another worker: a check takes 1 µs."""


class Watcher:
    """A thread of this worker that refreshes the registry every few seconds, as long as it lives."""

    def __init__(self, registry: Registry, poll_seconds: float) -> None:
        self._registry = registry
        self._poll_seconds = poll_seconds
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic() + self._poll_seconds
        while True:
            time.sleep(max(0, min(due - time.monotonic(), STALE_CHECK_SECONDS)))
            if self._registry.is_stale or time.monotonic() >= due:
                self._refresh()
                due = time.monotonic() + self._poll_seconds

    def _refresh(self) -> None:
        try:
            self._registry.refresh()
        except Exception:  # whatever it is, the next look may succeed, and what is served stays served
            log.exception("cannot follow the models directory")
