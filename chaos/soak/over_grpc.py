"""New versions and graceful restarts under steady load over gRPC: no answer may be wrong, and none may be missing.

Clients are grpcio's own, with its own way of making another connection when a worker says that it stops.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from chaos.soak.clients import TIMEOUT_SECONDS, Outcomes, let_them_send
from chaos.soak.faults import POLL_SECONDS, FaultInjector
from chaos.soak.model_store import ModelStore
from chaos.soak.server import serving
from chaos.soak.worker_probe import wait_for_replacements
from chaos.soak.workload import CheckedRequest, Workload
from harness.ports import free_port

CLIENTS, CALLS_A_CONNECTION, THINK_SECONDS = 8, 200, 0.005

CONSTANTS: dict[str, float] = {}
"""Of the service, by where they stand, where its own are not the ones to judge it by, as on a busy machine."""


@dataclass(frozen=True)
class GrpcResult:
    outcomes: Outcomes
    tracebacks: int


class GrpcClient(threading.Thread):
    """Makes one call after the other, and another connection now and then, so that every worker has some."""

    def __init__(
        self, port: int, next_request: Callable[[], CheckedRequest], think_seconds: float, stop: threading.Event
    ) -> None:
        super().__init__(daemon=True)
        self.outcomes = Outcomes()
        self._port = port
        self._next_request = next_request
        self._think_seconds = think_seconds
        self._stop_sending = stop

    def run(self) -> None:
        while not self._stop_sending.is_set():
            # Channels that may share a connection do.
            options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
            with grpc.insecure_channel(f"127.0.0.1:{self._port}", options) as channel:
                for _ in range(CALLS_A_CONNECTION):
                    if self._stop_sending.wait(self._think_seconds):
                        break
                    self._call(channel, self._next_request())

    def _call(self, channel: Any, request: CheckedRequest) -> None:
        begun = time.monotonic()
        try:
            content = channel.unary_unary(request.path)(request.body, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            text = f"{error.code()} {error.details()} at {time.time():.3f}"
            is_refused = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            (self.outcomes.unavailable if is_refused else self.outcomes.failed).append(text)
            return
        self.outcomes.latencies.append(time.monotonic() - begun)
        self.outcomes.record(request, 200, content)


def swap_over_grpc(
    source: Path, directory: Path, versions: int, restarts: int, seed: int, pause_seconds: float, calm_seconds: float
) -> GrpcResult:
    """Publish so many versions, and restart all workers so many times, under load."""
    store, port = ModelStore(source, directory / "models"), free_port()
    settings = {"SERVICE_POLL_SECONDS": str(POLL_SECONDS), "SERVICE_ENGINE": "litert", "GRPC_PORT": str(port)}
    stop = threading.Event()
    with serving(store.directory, directory, constants=CONSTANTS, **settings) as server:
        injector = FaultInjector(server, store, seed)
        think = THINK_SECONDS + calm_seconds
        clients = [GrpcClient(port, Workload(store, seed + i).call, think, stop) for i in range(CLIENTS)]

        def outcomes() -> Outcomes:
            return sum((client.outcomes for client in clients), Outcomes())

        for client in clients:
            client.start()
        try:
            for turn in range(max(versions, restarts)):
                let_them_send(outcomes, pause_seconds)
                if turn < versions:
                    injector.publish(turn)
                if turn < restarts:
                    workers = server.workers()
                    os.kill(server.process.pid, signal.SIGHUP)
                    wait_for_replacements(server, workers)
            let_them_send(outcomes, pause_seconds)
        finally:
            stop.set()
            for client in clients:
                client.join()
        return GrpcResult(outcomes(), server.tracebacks())
