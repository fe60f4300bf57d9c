"""From a call to its answer: who may make it, what it may take up, and where it is computed.

A caller shows a key before anything of the message is taken in. What can be answered at once is, on the loop; what has
to wait, and what is long, goes to a few threads.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from threading import Lock

import grpc

from service import client_limits
from service.dataplane.admission import OverloadedError, WouldBlockError
from service.errors import MalformedError, ServiceError
from service.http.context import Context
from service.request_record import RequestRecord, RequestRecorder
from service.rpc.core import Incoming
from service.rpc.intake import Intake, Taken, busy, held
from service.rpc.procedure import Procedure, admit, call_of, respond
from service.rpc.status import Refusal, refusal_of
from service.threads import ThreadPool

REQUEST_ID = "x-request-id"

MAX_CALLS = 1000
"""At once in one worker, as there are connections over HTTP: of those that ask models, of those that need no key, and
of streams, which last. So nobody who watches the health takes a place from who predicts.
"""

GONE = "499"
"""What metrics and the log call a call that ended before its answer: cancelled, past its deadline, or too long."""

CANCEL_SECONDS = 0.1
"""Within this, a call without a message has ended if it was for what came; else its client is told."""

RECEIVE, LOOK = object(), object()
"""What a stream waits for: the next message, or a moment."""

Answering = Generator[object, bytes | None, None]
"""Answers a stream: yields the messages that it sends, and what it waits for."""

Answer = bytes | Refusal


class Calls:
    """The calls of one worker. `accept` and `look` are called on the loop."""

    def __init__(
        self,
        procedures: Iterable[Procedure],
        streams: Mapping[str, Callable[[], Answering]],
        context: Context,
        recorder: RequestRecorder,
        threads: int,
    ) -> None:
        longest = context.settings.max_body_bytes
        self._procedures = {procedure.path: procedure for procedure in procedures}
        self._streams = streams
        self._is_stopping = False
        self.context, self.recorder = context, recorder
        self.quick_plane = context.plane.without_waiting()
        self.pool, self.n_threads, self.threads = ThreadPool(threads), threads, Taken()
        self.asking, self.public, self.answers = Taken(), Taken(), Taken()
        self.messages, self.public_messages = Intake(longest), Intake(longest)
        self.lasting: set[_Lasting] = set()
        self.looking: list[_Lasting] = []
        self.silent: deque[tuple[float, _Asking]] = deque()

    def accept(self, incoming: Incoming) -> None:
        """Begin to answer a call."""
        procedure = self._procedures.get(incoming.path)
        if procedure is not None:
            _Asking(self, procedure, incoming).begin()
        elif incoming.path in self._streams:
            _Lasting(self, self._streams[incoming.path](), incoming).begin()
        else:
            incoming.finish(None, grpc.StatusCode.UNIMPLEMENTED, f"there is no method {incoming.path[:200]}", ())

    def look(self) -> None:
        """Go on with what waits for a moment, and end what has waited for too long; called every now and then."""
        self.messages.refuse_late()
        self.public_messages.refuse_late()
        while self.silent and self.silent[0][0] <= time.monotonic():
            self.silent.popleft()[1].refuse(MalformedError("the call has no message"))
        if self._is_stopping:  # they have been told in the last moment
            for stream in list(self.lasting):
                stream.finish(grpc.StatusCode.UNAVAILABLE, "this worker stops")
        self._is_stopping = self.context.is_stopping()
        looking, self.looking = self.looking, []
        for stream in looking:
            stream.go_on()


class _Asking:
    """A call with one message and one answer. A thread may answer it while its client goes, so it is settled once."""

    def __init__(self, calls: Calls, procedure: Procedure, incoming: Incoming) -> None:
        self.incoming = incoming
        self._calls = calls
        self._procedure = procedure
        self._record = calls.recorder.begin(incoming.metadata.get(REQUEST_ID))
        self._call = call_of(incoming.metadata, self._record, calls.context, calls.quick_plane)
        self._places = calls.public if procedure.public else calls.asking
        self._messages = calls.public_messages if procedure.public else calls.messages
        self._lock = Lock()
        self._is_settled = False
        self._n_answer = 0

    def begin(self) -> None:
        """Take the message in, if this may be asked."""
        refusal = admit(self._procedure, self._call)
        if refusal is None:
            try:
                self._places.take(MAX_CALLS)
            except OverloadedError as error:
                refusal = refusal_of(error, self._record.request_id)
        if refusal is None:
            self.incoming.watch_end(self._ended)
            self._messages.receive(self)
        else:
            self._settle(refusal)

    def received(self, content: bytes | None) -> None:
        n_held = held(content)
        if self._is_settled:  # it was refused, or its client has gone
            self._messages.let_go(n_held)
        elif content is None:
            self._calls.silent.append((time.monotonic() + CANCEL_SECONDS, self))
        elif n_held:
            self._hand_over(content, n_held)
        else:
            try:
                answer = respond(self._procedure, self._call, content)
            except WouldBlockError:
                self._hand_over(content, n_held)
            else:
                self._settle(answer)

    def refuse(self, error: ServiceError) -> None:
        self._settle(refusal_of(error, self._record.request_id))

    def _hand_over(self, content: bytes, n_held: int) -> None:
        """Have a thread answer, which goes on where the client does not."""
        calls = self._calls
        self._call.plane = calls.context.plane
        try:
            calls.threads.take(calls.n_threads)
        except OverloadedError as error:
            self._messages.let_go(n_held)
            self.refuse(error)
        else:
            calls.pool.submit(self._answer, content, n_held)

    def _answer(self, content: bytes, n_held: int) -> None:
        try:
            answer = respond(self._procedure, self._call, content)
        finally:
            self._calls.threads.give_back()
            self._messages.let_go(n_held)
        self._settle(answer)

    def _settle(self, answer: Answer) -> None:
        """Answer, unless that is too late, and measure and log it.

        `_ended` waits until that is on its way, and the core's end for `_ended`: what is sent later aborts the process.
        """
        with self._lock:
            if self._is_settled:
                return
            self._is_settled = True
            answer = self._with_room(answer)
            if isinstance(answer, Refusal):
                self._log(str(answer.status))
                _refuse(self.incoming, answer, self._record)
            else:
                self._log("200")
                self.incoming.finish(answer, grpc.StatusCode.OK, "", ((REQUEST_ID, self._record.request_id),))

    def _with_room(self, answer: Answer) -> Answer:
        """Return an answer once it has room until its client has taken it, or that it has none."""
        if isinstance(answer, bytes):
            n_answer = held(answer)
            try:
                self._calls.answers.take(client_limits.MAX_HELD_BYTES, n_answer)
            except OverloadedError as error:
                return refusal_of(error, self._record.request_id)
            self._n_answer = n_answer
        return answer

    def _ended(self) -> None:
        with self._lock:
            is_gone, self._is_settled = not self._is_settled, True
        self._places.give_back()
        self._calls.answers.give_back(self._n_answer)
        if is_gone:
            self._log(GONE)

    def _log(self, status: str) -> None:
        self._calls.recorder.end(self._record, self._procedure.name, "POST", self._procedure.path, status)


class _Lasting:
    """A stream. It needs no key, and is measured and logged where it is refused."""

    def __init__(self, calls: Calls, answering: Answering, incoming: Incoming) -> None:
        self.incoming = incoming
        self._calls = calls
        self._answering = answering
        self._record = calls.recorder.begin(incoming.metadata.get(REQUEST_ID))
        self._is_settled = False

    def begin(self) -> None:
        """Start to answer, where there is a place."""
        if len(self._calls.lasting) >= MAX_CALLS:
            self.refuse(busy())
            return
        self._calls.lasting.add(self)
        self.incoming.watch_end(self._ended)
        self.go_on()

    def go_on(self, content: bytes | None = None) -> None:
        """Do the next step, unless the stream has ended."""
        if self._is_settled:
            return
        try:
            wanted = self._answering.send(content)
        except StopIteration:
            self.finish(grpc.StatusCode.OK, "")
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged, and the client is told)
            self.refuse(error)
        else:
            if wanted is RECEIVE:
                self._calls.public_messages.receive(self)
            elif wanted is LOOK:
                self._calls.looking.append(self)
            elif isinstance(wanted, bytes):
                self.incoming.send(wanted, self.go_on)

    def received(self, content: bytes | None) -> None:
        self._calls.public_messages.let_go(held(content))
        self.go_on(content)

    def refuse(self, error: Exception) -> None:
        if not self._is_settled:
            self._is_settled = True
            refusal = refusal_of(error, self._record.request_id)
            self._calls.recorder.end(self._record, "grpc_stream", "POST", self.incoming.path, str(refusal.status))
            _refuse(self.incoming, refusal, self._record)

    def finish(self, code: grpc.StatusCode, details: str) -> None:
        """End the stream."""
        if not self._is_settled:
            self._is_settled = True
            self.incoming.finish(None, code, details, ())

    def _ended(self) -> None:
        self._is_settled = True
        self._answering.close()
        self._calls.lasting.discard(self)


def _refuse(incoming: Incoming, refusal: Refusal, record: RequestRecord) -> None:
    metadata: list[tuple[str, str | bytes]] = [(REQUEST_ID, record.request_id), *refusal.details()]
    incoming.finish(None, refusal.code, refusal.message, metadata)
