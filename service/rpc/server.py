"""The gRPC server of a worker: a loop in a thread beside the worker's own, on a socket of its own."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial

import structlog
from structlog.typing import FilteringBoundLogger

from service.http.context import Context
from service.request_record import RequestRecorder
from service.rpc.calls import Calls
from service.rpc.core import Core
from service.rpc.health import WATCH, Health
from service.rpc.procedure import Procedures
from service.rpc.reflection import PATHS, reflection
from service.rpc.sockets import has_connections, stop_listening

log: FilteringBoundLogger = structlog.get_logger()

MAX_AGE_SECONDS = 10
"""How long a connection lives, give or take a tenth: then its client makes another, and no call is lost. So none stays
with a worker that stops, and new workers and replicas get their share.
"""

DRAIN_SECONDS = 15
"""How long calls may take to finish when their connection is old, or at the end of a worker that stops."""

HANDOVER_SECONDS = 20
"""How long a worker that stops serves on while others begin and none serves yet: each has a socket of its own."""

LOOK_SECONDS = 0.1
"""How often the loop looks whether its worker stops."""


class Server:
    """Serves the procedures until the worker stops; or longer, where it `must_stay` until others take over.

    Raises:
        OSError: the address cannot be had.
    """

    def __init__(
        self,
        address: str,
        services: Iterable[Procedures],
        context: Context,
        recorder: RequestRecorder,
        threads: int,
        connections: int,
        must_stay: Callable[[], bool],
    ) -> None:
        self._address = address
        self._port = int(address.rpartition(":")[2])
        self._context = context
        self._calls = _calls(list(services), context, recorder, threads)
        self._connections = connections
        self._must_stay = must_stay
        self._is_hurried = False
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="grpc-loop", daemon=True)
        self._thread.start()
        self._started.result()

    def hurry(self) -> None:
        """Have it end at once when the worker stops, with the calls that run."""
        self._is_hurried = True

    def join(self) -> None:
        """Wait until the calls that run have finished."""
        self._thread.join(HANDOVER_SECONDS + 1.1 * MAX_AGE_SECONDS + DRAIN_SECONDS)

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:
            if not self._started.done():
                self._started.set_exception(error)
                return
            log.exception("the gRPC server ended")
            os.kill(os.getpid(), signal.SIGTERM)  # another worker takes this one's place

    def _serve(self) -> None:
        core = Core(self._address, self._options(), self._calls.accept)
        self._started.set_result(None)
        while not self._context.is_stopping():
            self._turn(core)
        self._serve_while(core, self._must_stay, HANDOVER_SECONDS)
        stop_listening(self._port)
        self._serve_while(core, partial(has_connections, self._port), 1.1 * MAX_AGE_SECONDS)
        core.take_no_more()
        self._serve_while(core, core.has_calls, DRAIN_SECONDS)
        core.end()

    def _serve_while(self, core: Core, holds: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while holds() and not self._is_hurried and time.monotonic() < until:
            self._turn(core)

    def _turn(self, core: Core) -> None:
        core.run(LOOK_SECONDS)
        self._calls.look()

    def _options(self) -> list[tuple[str, int]]:
        """Return the channel's settings, by gRPC's own names."""
        return [
            ("grpc.so_reuseport", 1),
            ("grpc.max_receive_message_length", self._context.settings.max_body_bytes),
            ("grpc.max_allowed_incoming_connections", self._connections),
            ("grpc.http2.bdp_probe", 0),  # else a stream's window grows, and with it what nobody has asked for yet
            ("grpc.max_connection_age_ms", int(1000 * MAX_AGE_SECONDS * random.uniform(0.9, 1.1))),  # noqa: S311
            ("grpc.max_connection_age_grace_ms", 1000 * DRAIN_SECONDS),
        ]


def _calls(services: Iterable[Procedures], context: Context, recorder: RequestRecorder, threads: int) -> Calls:
    """Return what answers these services, health and reflection."""
    names = [procedures.service for procedures in services]
    health = Health(names, context)
    every = [*services, health.procedures]
    info = reflection([procedures.service for procedures in every])
    streams = {WATCH: health.watch, **dict.fromkeys(PATHS, info)}
    return Calls([procedure for procedures in every for procedure in procedures], streams, context, recorder, threads)
