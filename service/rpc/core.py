"""grpcio's core, driven by one thread: whatever happens calls the function that waits for it.

grpcio's own two servers are written on the same few classes, which are not public: tests/service/rpc/test_core.py says
what is relied on. docs/decisions/0047-grpc-loop.md says what this saves, and what those servers cannot do.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import grpc
import structlog
from grpc._cython import cygrpc
from structlog.typing import FilteringBoundLogger

from service.observability import LOOP_FAULTS

log: FilteringBoundLogger = structlog.get_logger()

Metadata = Sequence[tuple[str, str | bytes]]

_NO_FLAGS = 0

MAX_PENDING_CALLS = 10_000
"""How many calls may have come in that `accept` has not been given yet. Beyond them the core cancels some, which tells
their clients nothing; by itself it begins to at 1,000, which forty connections bring at once.
"""


class Incoming:
    """A call that comes in.

    Attributes:
        path: of its method.
        metadata: what headers are over HTTP.
    """

    def __init__(self, path: str, metadata: Mapping[str, str], call: Any) -> None:
        self.path = path
        self.metadata = metadata
        self._call = call
        self._has_begun = False

    def watch_end(self, then: Callable[[], None]) -> None:
        """Have this called at the end: the client has all of the answer, or has gone."""
        self._call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(_NO_FLAGS),), lambda _: then())

    def receive(self, then: Callable[[bytes | None], None]) -> None:
        """Take in the next message; None where none comes any more. grpcio takes in more of it only now."""

        def received(event: Any) -> None:
            then(event.batch_operations[0].message())

        self._call.start_server_batch((cygrpc.ReceiveMessageOperation(_NO_FLAGS),), received)

    def send(self, message: bytes, then: Callable[[], None]) -> None:
        """Send one message of several."""
        operations = (*self._beginning(), cygrpc.SendMessageOperation(message, _NO_FLAGS))
        self._call.start_server_batch(operations, lambda _: then())

    def finish(self, message: bytes | None, code: grpc.StatusCode, details: str, metadata: Metadata) -> None:
        """Send the last message, if any, and the status. Any thread may do this."""
        last = () if message is None else (cygrpc.SendMessageOperation(message, _NO_FLAGS),)
        status = cygrpc.SendStatusFromServerOperation(tuple(metadata), code.value[0], details.encode(), _NO_FLAGS)
        self._call.start_server_batch((*self._beginning(), *last, status), _ignore)

    def _beginning(self) -> tuple[Any, ...]:
        if self._has_begun:
            return ()
        self._has_begun = True
        return (cygrpc.SendInitialMetadataOperation((), _NO_FLAGS),)


class Core:
    """A server whose calls are given to `accept`.

    Raises:
        OSError: the address cannot be had.
    """

    def __init__(self, address: str, options: Iterable[tuple[str, int]], accept: Callable[[Incoming], None]) -> None:
        self._accept = accept
        self._is_stopping = self._is_stopped = False
        self._queue = cygrpc.CompletionQueue()
        limits = [
            ("grpc.server.max_pending_requests", MAX_PENDING_CALLS),
            ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING_CALLS),
        ]
        self._server = cygrpc.Server((*options, *limits), False)
        self._server.register_completion_queue(self._queue)
        if not self._server.add_http2_port(address.encode()):  # why, it has written to the standard error stream
            raise OSError(f"cannot listen for gRPC on {address}")
        self._server.start()
        self._request_call()

    def run(self, seconds: float) -> None:
        """Process events for at most `seconds`, also where the clock, which `poll` goes by, is set back meanwhile."""
        until = time.monotonic() + seconds
        while not self._is_stopped and (left := until - time.monotonic()) > 0:
            event = self._queue.poll(time.time() + left)
            if event.completion_type == cygrpc.CompletionType.queue_timeout:
                break
            try:
                event.tag(event)
            except Exception:
                log.exception("the gRPC loop failed")
                LOOP_FAULTS.inc()
            event = None  # else a call that is over is kept until the next event

    def take_no_more(self) -> None:
        """Refuse new calls. It `has_calls` until those that run have ended."""
        self._is_stopping = True
        self._server.shutdown(self._queue, self._stopped)

    def has_calls(self) -> bool:
        """Say, of a core that takes no more, whether calls run still."""
        return not self._is_stopped

    def end(self) -> None:
        """End the calls that run still, and itself."""
        self._server.cancel_all_calls()
        while self.has_calls():
            self.run(1)
        self._server.destroy()

    def _request_call(self) -> None:
        self._server.request_call(self._queue, self._queue, self._requested)

    def _requested(self, event: Any) -> None:
        if not self._is_stopping:
            self._request_call()
        if not event.success:  # nobody called, and nobody will
            return
        self._accept(
            Incoming(event.call_details.method.decode(errors="replace"), dict(event.invocation_metadata), event.call)
        )

    def _stopped(self, _: Any) -> None:
        self._is_stopped = True


def _ignore(_: Any) -> None:
    """Do nothing: the end of the call says all."""
