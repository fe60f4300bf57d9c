"""What the worker and its configuration take from gunicorn that gunicorn promises nobody, part by part.

A release that moves a part fails here, and names it, before it fails under load. And here is all: a part that is used
and not listed fails too, as does a name of the worker's own that a release takes for itself.
"""

import ast
import inspect
import select
import socket
import textwrap
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from pkgutil import resolve_name
from selectors import DefaultSelector
from typing import Any, cast

import pytest
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import RequestParser
from gunicorn.sock import TCPSocket
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

from service.server.buffered_socket import BufferedSocket
from service.server.worker import Worker
from tests.conftest import ROOT
from tests.service.server.workers import made_as_by_an_arbiter

CALLS: dict[str, str] = {
    # overridden, and called by gunicorn
    "workers.gthread:ThreadWorker.check_config": "cfg log",
    "workers.gthread:ThreadWorker.init_process": "self",
    "workers.gthread:ThreadWorker.accept": "self listener",
    "workers.gthread:ThreadWorker.set_accept_enabled": "self enabled",
    "workers.gthread:ThreadWorker.wait_for_and_dispatch_events": "self timeout",
    "workers.gthread:ThreadWorker.enqueue_req": "self conn",
    "workers.gthread:ThreadWorker.on_client_socket_readable": "self conn client",
    "workers.gthread:ThreadWorker.finish_request": "self conn fs",
    "workers.gthread:ThreadWorker.get_thread_pool": "self",
    "workers.gthread:ThreadWorker.handle_request": "self req conn",
    "workers.base:Worker.handle_error": "self req client addr exc",
    "workers.gthread:ThreadWorker.murder_keepalived": "self force",
    "workers.gthread:ThreadWorker.murder_pending": "self",
    # called
    "workers.gthread:ThreadWorker.handle": "self conn",
    "http.message:Message.force_close": "self",
    "workers.gthread:TConn.init": "self",
    "workers.gthread:TConn.set_timeout": "self",
    "workers.gthread:TConn.close": "self graceful",
    "workers.gthread:PollableMethodQueue.defer": "self callback *args",
    "http.unreader:Unreader.take_buffered": "self",
    "util:http_date": "timestamp",
}
"""Functions below `gunicorn.`, and the names of their parameters."""

LINES: dict[str, dict[str, str]] = {
    "workers.gthread:ThreadWorker.__init__": {
        "self.max_keepalived = self.cfg.worker_connections - self.cfg.threads": "so many connections are kept at most",
        "self.worker_connections = self.cfg.worker_connections": "with so many a worker is crowded",
        "self.nr_conns = 0": "the count of connections is a property here",
    },
    "workers.gthread:ThreadWorker.init_process": {
        "self.tpool = self.get_thread_pool()": "the threads are the worker's own, all started here",
        "self.poller = selectors.DefaultSelector()": "connections are watched by this selector",
        "super().init_process()": "the app, loaded there, finds its slot in the environment",
    },
    "workers.gthread:ThreadWorker.run": {
        "self.set_accept_enabled(True)": "the worker begins to accept through the method that is overridden",
        "if can_accept != self._accepting: self.set_accept_enabled(can_accept)": "backing off ends in a later round",
        "self.wait_for_and_dispatch_events(timeout=1.0)": "backing off shortens this wait",
        "self.wait_for_and_dispatch_events(timeout=timeout)": "a worker that stops still reads and answers",
        "can_accept = self.nr_conns < self.worker_connections": "a worker that is full leaves others waiting",
        "self.murder_keepalived()": "what a client leaves open is closed in time",
        "self.murder_keepalived(force=True)": "a worker that stops closes what it still holds",
        "self.murder_pending()": "a request that never ends is given up",
        "self.tpool.shutdown(wait=False)": "the threads end with the worker",
        "self.set_accept_enabled(False)": "a worker that stops takes what waits, and closes the door",
        "self._cap_keepalive(": "a worker that stops waits for its connections briefly",
        "while self.nr_conns > 0:": "a worker that stops finishes what it counts",
    },
    "workers.gthread:ThreadWorker.set_accept_enabled": {
        "if enabled == self._accepting: return": "what is accepting already may be told so again",
        "listener.setblocking(False)": "to accept all that waits must end where nothing does",
        "self.poller.register(listener, selectors.EVENT_READ, self.accept)": "connections come through `accept`",
        "self.poller.unregister(listener)": "a listener is closed when nothing watches it",
    },
    "workers.gthread:ThreadWorker.accept": {
        "self.nr_conns += 1": "a connection is counted before it is read",
        "conn = TConn(self.cfg, client_sock, client_addr, listener.getsockname())": "a connection is a TConn",
        "self.enqueue_req(conn)": "a new connection comes through `enqueue_req`, on the loop",
    },
    "workers.gthread:ThreadWorker.wait_for_and_dispatch_events": {
        "events = self.poller.select(timeout)": "what the loop registers is waited for",
        "callback = key.data callback(key.fileobj)": "what is registered is called with the socket",
    },
    "workers.gthread:ThreadWorker.handle": {
        "if not conn.initialized and (not conn.data_ready):": "a thread does not wait for what the loop has read",
        "conn.sock.setblocking(True)": "a buffered socket takes this for a socket",
        "req = next(conn.parser)": "a thread reads the request from the buffered socket",
        "return self._keepalive_after(conn, self.handle_request(req, conn))": "a request goes through the override",
        "self.handle_error(req, conn.sock, conn.client, e)": "so does one that fails",
    },
    "workers.gthread:ThreadWorker.handle_request": {
        "self.nr += 1": "requests are counted here as well as on the loop",
        "if self.nr >= self.max_requests:": "a worker that has answered enough is replaced",
        "len(self.keepalived_conns) >= self.max_keepalived": "the loop keeps a connection under the same condition",
        "wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg)": "the response goes into the buffered socket",
    },
    "http.unreader:SocketUnreader.chunk": {"return self.sock.recv(size)": "what was received is read in its place"},
    "http.wsgi:create": {"sock.send(b'HTTP/1.1 100 Continue\\r\\n\\r\\n')": "which the loop has said, and is dropped"},
    "http.wsgi:Response.should_close": {"self.req.should_close()": "a request that is not whole says that it ends"},
    "util:write": {"sock.sendall(data)": "a buffered socket keeps what is sent so"},
    "util:write_nonblock": {
        "timeout = sock.gettimeout()": "a buffered socket has no timeout",
        "return write(sock, data, chunked)": "an error goes into the buffered socket too",
    },
    "workers.gthread:TConn.init": {
        "if self.initialized: return": "a thread initializes it again",
        "self.parser = http.get_parser(self.cfg, self.sock, self.client)": "it has a parser then",
    },
    "workers.base:Worker.init_process": {
        "self.load_wsgi()": "the app is there before the hook that takes its loop adapter",
        "self.cfg.post_worker_init(self)": "and the hook comes before the loop",
    },
    "workers.base:Worker.load_wsgi": {"self.wsgi = self.app.wsgi()": "the hook finds the app here"},
    "workers.base:Worker.__init__": {
        "self.alive = True": "a worker that stops says so in `alive`",
        "self.sockets = sockets": "a worker that stops closes these, and leaves none to gunicorn",
        "self.max_requests = sys.maxsize": "without a limit, none is reached",
    },
    "arbiter:Arbiter.spawn_worker": {
        "worker = self.worker_class(": "workers are made in the arbiter, before the fork, one after the other",
        "self.cfg.pre_fork(self, worker) pid = os.fork()": "a hook waits for a process; shared memory is made before",
    },
    "arbiter:Arbiter.reap_workers": {
        "self.cfg.child_exit(self, worker)": "the slot of a worker that has gone is freed in the arbiter",
    },
}
"""Functions, what has to stand in them, and what relies on it. Comments and line breaks do not count."""

WORKER: dict[str, type] = {
    "age": int,
    "alive": bool,
    "booted": bool,
    "cfg": Config,
    "keepalived_conns": deque,
    "log": Logger,
    "max_keepalived": int,
    "max_requests": int,
    "method_queue": PollableMethodQueue,
    "nr": int,
    "nr_conns": int,
    "pending_conns": deque,
    "poller": DefaultSelector,
    "sockets": list,
    "tpool": ThreadPoolExecutor,
    "worker_connections": int,
}
CONNECTION: dict[str, type] = {"initialized": bool, "parser": RequestParser, "sock": socket.socket, "timeout": float}
ADDED = {"request_parser", "queue", "held_bytes"}
"""What the loop adds to a connection."""
METHODS = {function.rpartition(".")[2] for function in CALLS} | {"__init__"}
HOOKS = {
    "server": {"LISTENERS", "log"},
    "worker": {
        *("alive", "cfg", "wsgi"),
        *(
            "slot",
            "free_slot",
            "answer",
            "max_body_bytes",
            "count_refusal",
            "grpc",
            "serves",
            "has_beginning_successors",
        ),
    },
}
"""What the hooks in gunicorn.conf.py look at; those of the second line are the worker's own."""


@pytest.fixture
def worker() -> Iterator[ThreadWorker]:
    """A worker of gunicorn's own, as its arbiter makes it, with what it has once it runs."""
    with made_as_by_an_arbiter(ThreadWorker, Config()) as made:
        yield made


@pytest.fixture
def connection() -> Iterator[TConn]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        made = TConn(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        made.init()
        made.set_timeout()
        yield made


def found(function: str) -> Callable[..., Any]:
    try:
        return cast("Callable[..., Any]", resolve_name(f"gunicorn.{function}"))
    except (AttributeError, ImportError):
        pytest.fail(f"gunicorn has no {function} any more")


def _parameters(function: str) -> Iterable[inspect.Parameter]:
    return inspect.signature(found(function)).parameters.values()


@pytest.mark.parametrize(("function", "parameters"), CALLS.items())
def test_a_function_takes_what_it_took(function: str, parameters: str) -> None:
    taken = [str(part.replace(default=part.empty, annotation=part.empty)) for part in _parameters(function)]
    assert taken == parameters.split(), f"gunicorn's {function} takes other parameters"


@pytest.mark.parametrize(
    ("function", "line", "reason"),
    [(function, line, reason) for function, lines in LINES.items() for line, reason in lines.items()],
)
def test_a_function_does_what_it_did(function: str, line: str, reason: str) -> None:
    source = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(found(function)))))
    assert line in " ".join(source.split()), f"gunicorn's {function} no longer has {line!r}: {reason}"


def test_a_worker_has_its_attributes(worker: ThreadWorker) -> None:
    for attribute, kind in WORKER.items():
        assert isinstance(getattr(worker, attribute, None), kind), f"ThreadWorker.{attribute} is no {kind.__name__}"


def test_a_connection_has_its_attributes_and_room_for_one_more(connection: TConn) -> None:
    for attribute, kind in CONNECTION.items():
        assert isinstance(getattr(connection, attribute, None), kind), f"TConn.{attribute} is no {kind.__name__}"
    for attribute in ADDED:
        assert not hasattr(connection, attribute), f"TConn.{attribute}, which the loop adds, is gunicorn's now"
        setattr(connection, attribute, None)


def test_a_parser_reads_from_what_stands_in_for_its_socket_and_gives_back_the_rest(connection: TConn) -> None:
    buffered = BufferedSocket(connection.sock, b"GET /known HTTP/1.1\r\nHost: x\r\n\r\nGET /next", is_whole=True)
    connection.parser.unreader.sock = buffered
    assert next(connection.parser).path == "/known", "TConn.parser.unreader.sock is not read"
    assert connection.parser.finish_body(), "a request without a body is not over"
    rest = connection.parser.unreader.take_buffered() + buffered.unread()
    assert rest == b"GET /next", "what came with a request is lost"


def test_what_is_deferred_is_done_on_the_loop(worker: ThreadWorker) -> None:
    done: list[int] = []
    worker.method_queue.defer(done.append, 1)
    assert select.select([worker.method_queue.fileno()], [], [], 10)[0], "PollableMethodQueue.defer wakes no loop"
    worker.method_queue.run_callbacks(None)
    assert done == [1]


def test_the_hooks_find_what_they_look_at() -> None:
    assert isinstance(Arbiter.LISTENERS, list), "Arbiter.LISTENERS has moved"
    config = Config()
    with closing(TCPSocket(("127.0.0.1", 0), config, Logger(config))) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as a socket does
    assert config.accesslog is None, "Config.accesslog is on where nobody asks for it"
    assert not config.is_ssl, "Config.is_ssl has moved"


def test_nothing_else_is_taken(worker: ThreadWorker) -> None:
    taken: set[str] = set()
    for cls in _own_classes():
        names = _looked_up(inspect.getsource(cls), "self") | {name for name in vars(cls) if not name.startswith("__")}
        taken |= names & set(dir(worker)) - METHODS - set(WORKER) - {"__class__"}
        file = Path(inspect.getfile(cls)).read_text()
        taken |= {f"TConn.{name}" for name in _looked_up(file, "conn") - METHODS - set(CONNECTION) - ADDED}
    configuration = (ROOT / "gunicorn.conf.py").read_text()
    for of, names in HOOKS.items():
        taken |= {f"{of}.{name}" for name in _looked_up(configuration, of) - names}
    assert not taken, f"used and not listed, or a name that gunicorn's worker has as well: {sorted(taken)}"


def _own_classes() -> list[type]:
    """Return the class that gunicorn.conf.py names, and those between it and gunicorn's."""
    configuration = (ROOT / "gunicorn.conf.py").read_text()
    assert {f"from {Worker.__module__} import Worker", "worker_class = Worker"} <= set(configuration.splitlines())
    mro: tuple[type, ...] = Worker.__mro__
    return list(mro[: mro.index(ThreadWorker)])


def _looked_up(source: str, owner: str) -> set[str]:
    """Return the attributes that are looked up on a name; on `self` those of `super()` as well."""
    owners = {owner, "super()"} if owner == "self" else {owner}
    nodes = ast.walk(ast.parse(textwrap.dedent(source)))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) in owners}
