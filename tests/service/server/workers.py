"""gunicorn's workers without an arbiter."""

from collections.abc import Iterator
from contextlib import contextmanager
from selectors import DefaultSelector
from typing import TypeVar

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

W = TypeVar("W", bound=ThreadWorker)


@contextmanager
def made_as_by_an_arbiter(kind: type[W], config: Config) -> Iterator[W]:
    """Give a worker with what it has once it runs."""
    made = kind(1, 1, [], None, 30, config, Logger(config))
    made.tpool, made.poller = made.get_thread_pool(), DefaultSelector()
    made.method_queue.init()
    yield made
    made.tpool.shutdown()
    made.poller.close()
    made.method_queue.close()
    made.tmp.close()
