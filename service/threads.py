"""A worker's threads: all are started when it begins, so that no request finds that the system has none to give.

The standard library's pool starts a thread when a task comes in, and raises where there is none.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any

Task = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class ThreadPool:
    """So many threads, or as many as there are: what they cannot take at once waits.

    Attributes:
        size: how many threads there are.

    Raises:
        RuntimeError: there is not even one.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._count = count
        self.size = 0
        self._start_one()
        with suppress(RuntimeError):
            while self.size < count:
                self._start_one()

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Have a thread call a function."""
        if self.size < self._count:  # there may be more again
            with suppress(RuntimeError):
                self._start_one()
        future: Future[Any] = Future()
        self._tasks.put((future, function, args))
        return future

    def shutdown(self, wait: bool = True) -> None:
        """End each thread once it has done what was asked for before; gunicorn does not wait for it."""
        for _ in range(self.size):
            self._tasks.put(None)

    def _start_one(self) -> None:
        Thread(target=self._run, name=f"request-{self.size}", daemon=True).start()
        self.size += 1

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, function, args = task
            try:
                future.set_result(function(*args))
            except BaseException as error:  # noqa: BLE001 (whatever it is, it is the caller's, and the thread goes on)
                future.set_exception(error)
            del task, future, args  # else they stay until the next task
