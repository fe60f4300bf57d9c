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
from service.errors import MalformedError
from service.http.context import Context
from service.request_record import RequestRecord, RequestRecorder
from service.rpc.core import Incoming
from service.rpc.intake import (
    ANSWER_SHARE,
    MODEL_SHARE,
    PUBLIC_SHARE,
    Intake,
    Quota,
    busy,
    counted_bytes,
)
from service.rpc.procedure import Procedure, admit, call_of, respond
from service.rpc.status import Refusal, UnimplementedError, refusal_of
from service.threads import ThreadPool

REQUEST_ID = "x-request-id"

MAX_CALLS = 1000
"""At once in one worker, as there are connections over HTTP: of those that ask models, of those that need no key, and
of streams, which last. So nobody who watches the health takes a place from who predicts.
"""

STATUS_CLIENT_GONE = "499"
"""What metrics and the log call a call that ended before its answer: cancelled, past its deadline, or too long."""

CANCEL_SECONDS = 0.1
"""Within this, a call without a message has ended if it was for what came; else its client is told."""

RECEIVE, LOOK = object(), object()
"""What a stream waits for: the next message, or a moment."""

StreamHandler = Generator[object, bytes | None, None]
"""Answers a stream: yields the messages that it sends, and what it waits for."""

CallResult = bytes | Refusal
"""An answer, as a message, or why there is none."""

MAX_PATH_CHARS = 200
"""Of an unknown method, to be logged and quoted."""


class Calls:
    """The calls of one worker. `accept` and `look` are called on the loop."""

    def __init__(
        self,
        procedures: Iterable[Procedure],
        stream_handlers: Mapping[str, Callable[[], StreamHandler]],
        context: Context,
        recorder: RequestRecorder,
        threads: int,
    ) -> None:
        max_message_bytes = context.settings.max_body_bytes
        self._procedures = {procedure.path: procedure for procedure in procedures}
        self._stream_handlers = stream_handlers
        self._is_stopping = False
        self.context, self.recorder = context, recorder
        self.quick_plane = context.plane.without_waiting()
        self.pool, self.n_threads, self.thread_quota = ThreadPool(threads), threads, Quota()
        self.model_quota, self.public_quota, self.answer_quota = Quota(), Quota(), Quota()
        self.model_messages = Intake(max_message_bytes, MODEL_SHARE)
        self.public_messages = Intake(max_message_bytes, PUBLIC_SHARE)
        self.streams: set[StreamCall] = set()
        self.polled_streams: list[StreamCall] = []
        self.silent_calls: deque[tuple[float, UnaryCall]] = deque()

    def accept(self, incoming: Incoming) -> None:
        """Begin to answer a call."""
        procedure = self._procedures.get(incoming.path)
        if procedure is not None:
            UnaryCall(self, procedure, incoming).begin()
        elif incoming.path in self._stream_handlers:
            StreamCall(self, self._stream_handlers[incoming.path](), incoming).begin()
        else:
            self._refuse_unknown(incoming)

    def look(self) -> None:
        """Go on with what waits for a moment, and end what has waited for too long; called every now and then."""
        self.model_messages.refuse_late()
        self.public_messages.refuse_late()
        while self.silent_calls and self.silent_calls[0][0] <= time.monotonic():
            self.silent_calls.popleft()[1].refuse(MalformedError("the call has no message"))
        if self._is_stopping:  # they have been told in the last moment
            for stream in list(self.streams):
                stream.finish(grpc.StatusCode.UNAVAILABLE, "this worker stops")
        self._is_stopping = self.context.is_stopping()
        polled, self.polled_streams = self.polled_streams, []
        for stream in polled:
            stream.go_on()

    def _refuse_unknown(self, incoming: Incoming) -> None:
        """Refuse a call of a method that there is not; it is measured and logged as an unknown path is over HTTP."""
        path = incoming.path[:MAX_PATH_CHARS]
        record = self.recorder.begin(incoming.metadata.get(REQUEST_ID))
        refusal = refusal_of(UnimplementedError(f"there is no method {path}"), record.request_id)
        self.recorder.end(record, "none", "POST", path, str(refusal.status))
        _refuse(incoming, refusal, record)


class UnaryCall:
    """A call with one message and one answer. A thread may answer it while its client goes, so it is settled once."""

    def __init__(self, calls: Calls, procedure: Procedure, incoming: Incoming) -> None:
        self.incoming = incoming
        self._calls = calls
        self._procedure = procedure
        self._record = calls.recorder.begin(incoming.metadata.get(REQUEST_ID))
        self._call = call_of(incoming.metadata, self._record, calls.context, calls.quick_plane)
        self._quota = calls.public_quota if procedure.public else calls.model_quota
        self._intake = calls.public_messages if procedure.public else calls.model_messages
        self._lock = Lock()
        self._is_settled = False
        self._n_answer_bytes = 0

    def begin(self) -> None:
        """Take the message in, if this may be asked."""
        refusal = admit(self._procedure, self._call)
        if refusal is None:
            try:
                self._quota.acquire(MAX_CALLS)
            except OverloadedError as error:
                refusal = refusal_of(error, self._record.request_id)
        if refusal is None:
            self.incoming.watch_end(self._ended)
            self._intake.receive(self)
        else:
            self._settle(refusal)

    def received(self, content: bytes | None) -> None:
        """Go on with the message. Where that fails, the client is told, whatever it was."""
        try:
            self._go_on(content, counted_bytes(content))
        except Exception as error:  # noqa: BLE001 (it is logged)
            self.refuse(error)

    def refuse(self, error: Exception) -> None:
        self._settle(refusal_of(error, self._record.request_id))

    def _go_on(self, content: bytes | None, n_counted: int) -> None:
        if self._is_settled:  # it was refused, or its client has gone
            self._intake.release(n_counted)
        elif content is None:
            self._calls.silent_calls.append((time.monotonic() + CANCEL_SECONDS, self))
        elif n_counted:
            self._hand_over(content, n_counted)
        else:
            try:
                result = respond(self._procedure, self._call, content)
            except WouldBlockError:
                self._hand_over(content, n_counted)
            else:
                self._settle(result)

    def _hand_over(self, content: bytes, n_counted: int) -> None:
        """Have a thread answer, which goes on where the client does not.

        Raises:
            OverloadedError: all threads are busy.
        """
        calls = self._calls
        self._call.plane = calls.context.plane
        try:
            calls.thread_quota.acquire(calls.n_threads)
        except OverloadedError:
            self._intake.release(n_counted)
            raise
        calls.pool.submit(self._answer, content, n_counted)

    def _answer(self, content: bytes, n_counted: int) -> None:
        try:
            result = respond(self._procedure, self._call, content)
        finally:
            self._calls.thread_quota.release()
            self._intake.release(n_counted)
        self._settle(result)

    def _settle(self, result: CallResult) -> None:
        """Answer, unless that is too late, and measure and log it.

        Holding the lock makes `_ended` wait for this answer to be sent, and the core is destroyed only after `_ended`:
        what is sent later would abort the process.
        """
        with self._lock:
            if self._is_settled:
                return
            self._is_settled = True
            result = self._with_room(result)
            if isinstance(result, Refusal):
                self._log(str(result.status))
                _refuse(self.incoming, result, self._record)
            else:
                self._log("200")
                self.incoming.finish(result, grpc.StatusCode.OK, "", ((REQUEST_ID, self._record.request_id),))

    def _with_room(self, result: CallResult) -> CallResult:
        """Return a result once it has room until its client has taken it, or that it has none."""
        if isinstance(result, bytes):
            n_bytes = counted_bytes(result)
            try:
                self._calls.answer_quota.acquire(ANSWER_SHARE * client_limits.MAX_HELD_BYTES, n_bytes)
            except OverloadedError as error:
                return refusal_of(error, self._record.request_id)
            self._n_answer_bytes = n_bytes
        return result

    def _ended(self) -> None:
        self._intake.forget(self)
        with self._lock:
            is_gone, self._is_settled = not self._is_settled, True
        self._quota.release()
        self._calls.answer_quota.release(self._n_answer_bytes)
        if is_gone:
            self._log(STATUS_CLIENT_GONE)

    def _log(self, status: str) -> None:
        self._calls.recorder.end(self._record, self._procedure.name, "POST", self._procedure.path, status)


class StreamCall:
    """A stream. It needs no key, and is measured and logged where it is refused."""

    def __init__(self, calls: Calls, handler: StreamHandler, incoming: Incoming) -> None:
        self.incoming = incoming
        self._calls = calls
        self._handler = handler
        self._record = calls.recorder.begin(incoming.metadata.get(REQUEST_ID))
        self._is_settled = False

    def begin(self) -> None:
        """Start to answer, where there is a place."""
        if len(self._calls.streams) >= MAX_CALLS:
            self.refuse(busy())
            return
        self._calls.streams.add(self)
        self.incoming.watch_end(self._ended)
        self.go_on()

    def go_on(self, content: bytes | None = None) -> None:
        """Do the next step, unless the stream has ended."""
        if self._is_settled:
            return
        try:
            wanted = self._handler.send(content)
        except StopIteration:
            self.finish(grpc.StatusCode.OK, "")
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged, and the client is told)
            self.refuse(error)
        else:
            if wanted is RECEIVE:
                self._calls.public_messages.receive(self)
            elif wanted is LOOK:
                self._calls.polled_streams.append(self)
            elif isinstance(wanted, bytes):
                self.incoming.send(wanted, self.go_on)

    def received(self, content: bytes | None) -> None:
        self._calls.public_messages.release(counted_bytes(content))
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
        self._calls.public_messages.forget(self)
        self._is_settled = True
        self._handler.close()
        self._calls.streams.discard(self)


def _refuse(incoming: Incoming, refusal: Refusal, record: RequestRecord) -> None:
    metadata: list[tuple[str, str | bytes]] = [(REQUEST_ID, record.request_id), *refusal.details()]
    incoming.finish(None, refusal.code, refusal.message, metadata)
