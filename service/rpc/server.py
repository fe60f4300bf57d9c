"""The gRPC server of a worker: an event loop in a thread beside the worker's own, on a socket of its own.

grpcio's other server, of threads alone, takes a quarter less time for a call, but a thread waits for each client that
sends slowly (docs/decisions/0043-grpc.md).
"""

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial

import grpc
import structlog
from structlog.typing import FilteringBoundLogger

from service.http.context import Context
from service.request_record import RequestRecorder
from service.rpc.calls import Calls
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
        self._services = list(services)
        self._context = context
        self._calls = Calls(context, recorder, threads)
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
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        except Exception as error:
            if not self._started.done():
                self._started.set_exception(error)
                return
            log.exception("the gRPC server ended")
            os.kill(os.getpid(), signal.SIGTERM)  # another worker takes this one's place

    async def _serve(self) -> None:
        server = grpc.aio.server(options=self._options())
        server.add_generic_rpc_handlers((_Handlers(self._handlers()),))
        try:
            server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise OSError(f"cannot listen for gRPC on {self._address}: {error}") from error
        await server.start()
        self._started.set_result(None)
        ending = asyncio.ensure_future(self._end_late_calls())
        while not self._context.is_stopping():
            await asyncio.sleep(LOOK_SECONDS)
        await self._wait_while(self._must_stay, HANDOVER_SECONDS)
        stop_listening(self._port)
        await self._wait_while(partial(has_connections, self._port), 1.1 * MAX_AGE_SECONDS)
        await server.stop(None if self._is_hurried else DRAIN_SECONDS)
        ending.cancel()

    async def _end_late_calls(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._calls.end_late()

    async def _wait_while(self, holds: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while holds() and not self._is_hurried and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)

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

    def _handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        names = [procedures.service for procedures in self._services]
        health = Health(names, self._context)
        services = [*self._services, health.procedures]
        streams = {
            "grpc_health.watch": ((WATCH,), health.watch),
            "grpc_reflection.info": (PATHS, reflection([*names, health.procedures.service], self._context.is_stopping)),
        }
        calls = self._calls
        unary = {
            procedure.path: grpc.stream_unary_rpc_method_handler(calls.behavior(procedure))
            for procedures in services
            for procedure in procedures
        }
        return unary | {
            path: grpc.stream_stream_rpc_method_handler(calls.stream(name, path, answer))
            for name, (paths, answer) in streams.items()
            for path in paths
        }


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes event loops: uvloop's take a seventh less time for a call. None for asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 (a system may have none)
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """Finds what answers a method by its path; of any other, gRPC says that it is not implemented."""

    def __init__(self, handlers: dict[str, grpc.RpcMethodHandler]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._handlers.get(handler_call_details.method)
