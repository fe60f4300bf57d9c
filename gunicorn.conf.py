"""How gunicorn runs the service: `gunicorn`, with nothing more on the command line.

The environment gives `HOST`, `PORT`, `GRPC_PORT` and `WEB_CONCURRENCY` (workers), and the service's own settings,
`SERVICE_*`.
"""

import gc
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from service import CONTEXT, LOOP_ADAPTER, RECORDER, SHARED, heap, keys
from service import __name__ as package
from service.address import Address, AddressError
from service.server import limits
from service.server.request_parser import agrees_with
from service.server.worker import Worker
from service.settings import QUEUE_PER_SLOT, Settings, SettingsError

# SIGHUP has the arbiter read this file again.
is_reload = os.environ.get("BOUNDARY_ARBITER") == str(os.getpid())
os.environ["BOUNDARY_ARBITER"] = str(os.getpid())

try:
    address = Address.from_environment()
    settings = Settings.from_environment()
    if not is_reload:
        address.reserve_grpc_port()
    if settings.api_keys_file is not None and not is_reload:  # what is wrong later must not take the service down
        keys.read(settings.api_keys_file)
except (AddressError, keys.KeysError, SettingsError) as error:
    sys.exit(f"the service does not start: {error}")
if address.grpc_port is not None and find_spec("grpc_reflection") is None:
    sys.exit("the service does not start: GRPC_PORT is set, but the extra boundary-service[grpc] is not installed")

heap.use_one_heap()

# NumPy multiplies no matrices here; in each worker it would start a thread for each core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

IDLE_SECONDS = 30

wsgi_app = f"{package}.app:create_app()"
bind = address.bind
workers = address.workers
worker_class = Worker
# The queue leaves some to metrics and slow uploads.
pools = 1 if address.grpc_port is None else 2  # of threads, one for each transport
threads = limits.threads(settings.max_concurrency * (1 + QUEUE_PER_SLOT) + 12, workers, pools)
worker_connections = limits.connections(threads, pools)  # of each transport
keepalive = 75  # longer than most proxies, so that they close and lose no request; shorter where it is crowded
preload_app = False  # models, and TensorFlow where a bundle needs it, are loaded after the fork
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (a heartbeat file; no disk)
forwarder_headers = ""  # else whoever asks from this machine sends SCRIPT_NAME, and gunicorn answers 500
control_socket_disable = True  # else it writes below the home directory, which may be read-only
timeout = 60
graceful_timeout = 30

# What the workers share, made before the first of them: files over which metrics are summed, and the unloaded models.
if not is_reload:
    os.environ[SHARED] = tempfile.mkdtemp(prefix="boundary-", dir=worker_tmp_dir)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-", dir=os.environ[SHARED])


def when_ready(server):
    """Let the kernel keep connections until their first request is there: idle ones hold no thread (Linux)."""
    if hasattr(socket, "TCP_DEFER_ACCEPT"):
        for listener in server.LISTENERS:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, IDLE_SECONDS)


def pre_fork(server, worker):  # noqa: ARG001 (gunicorn's signature)
    """Wait until the system has a process to give: an arbiter whose fork fails ends, and all its workers with it."""
    while True:
        try:
            probe = threading.Thread(target=int)  # counts as a process does
            probe.start()
        except RuntimeError:
            server.log.warning("there is no process for another worker now")
            time.sleep(0.5)
        else:
            probe.join()
            return


def post_fork(server, worker):  # noqa: ARG001 (gunicorn's signature)
    """Where memory is short, have the kernel end a worker, which is replaced, before the arbiter (Linux).

    Size alone does not see to that: a worker which is ending, or has just begun, is no larger than its arbiter.
    """
    score = Path("/proc/self/oom_score_adj")
    with suppress(OSError):  # there is none, or it may not be written
        score.write_text(str(min(1000, int(score.read_text()) + 300)))


def post_worker_init(worker):
    """Tell the app when its worker stops, so that it is not ready then, and the worker what answers plain requests.

    Freeze loaded objects out of GC: scans stalled workers for 20 ms, and took a third of a large request.
    """
    extensions = worker.wsgi.extensions
    if CONTEXT in extensions:  # another app may be run the same way, such as the benchmark's echo
        extensions[CONTEXT].is_stopping = lambda: not worker.alive
        worker.max_body_bytes = extensions[CONTEXT].settings.max_body_bytes
        worker.count_refusal = extensions[RECORDER].count_refusal
    # Gunicorn's own log, if anybody asks for it, is to have every request, and its own rules are to hold for every one.
    if worker.cfg.accesslog is None and agrees_with(worker.cfg):
        worker.answer = extensions.get(LOOP_ADAPTER)
    if address.grpc_bind is not None and CONTEXT in extensions:
        from service.edges.grpc import SERVICES  # noqa: PLC0415 (grpcio forks badly, and takes memory)
        from service.rpc.server import Server  # noqa: PLC0415

        worker.grpc = Server(
            address.grpc_bind,
            SERVICES,
            extensions[CONTEXT],
            extensions[RECORDER],
            threads,
            worker.cfg.worker_connections,
            worker.has_beginning_successors,
        )
        worker.serves()
    gc.collect()
    gc.freeze()


def worker_int(worker):
    """Ctrl-C, or SIGQUIT: nobody is waited for."""
    serving = getattr(worker, "grpc", None)
    if serving is not None:
        serving.hurry()


def worker_exit(server, worker):  # noqa: ARG001 (gunicorn's signature)
    """Let calls of gRPC finish, as gunicorn has let requests."""
    serving = getattr(worker, "grpc", None)
    if serving is not None:
        worker.alive = False  # also where its arbiter has gone
        serving.join()


def child_exit(server, worker):  # noqa: ARG001 (gunicorn's signature)
    """Take a worker that has gone out of what is shared by living ones."""
    from prometheus_client import multiprocess  # noqa: PLC0415 (reads the variable above when it is imported)

    if isinstance(worker, Worker):
        multiprocess.mark_process_dead(worker.slot)
        worker.free_slot()


def on_exit(server):  # noqa: ARG001
    shutil.rmtree(os.environ[SHARED], ignore_errors=True)
