"""From a call to its answer: who may make it, what it may take up, and where it is computed.

A caller shows a key before anything of the message is taken in. What can be answered at once is, on the loop; what has
to wait, and what is long, goes to a few threads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NoReturn

import grpc

from service.dataplane.admission import OverloadedError, WouldBlockError
from service.errors import MalformedError, ServiceError
from service.http.context import Call, Context
from service.request_record import RequestRecorder
from service.rpc import intake
from service.rpc.intake import Intake, Taken, busy, held
from service.rpc.procedure import Procedure, admit, call_of, respond
from service.rpc.status import Refusal, refusal_of

REQUEST_ID = "x-request-id"

MAX_CALLS = 1000
"""At once in one worker, as there are connections over HTTP: of those that ask models, of those that need no key, and
of streams, which last. So nobody who watches the health takes a place from who predicts.
"""

GONE = "499"
"""What metrics and the log call a call that ended before its answer: cancelled, past its deadline, or too long."""

CANCEL_SECONDS = 0.1
"""Within this, a call without a message has been cancelled if it was for that; else its client is told."""

Behavior = Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext], Coroutine[Any, Any, bytes]]
"""What answers a call. To grpcio it takes a stream of requests: of others it takes in the message by itself, of any
length and of as many as come.
"""

Receive = Callable[[], Coroutine[Any, Any, bytes | None]]
"""Takes in the next message of a stream."""

Answer = bytes | Refusal

Stream = Callable[[Receive], AsyncIterator[bytes]]
"""Answers a stream, until its client sends no more or the worker stops."""


class Calls:
    """Answers the calls of one worker."""

    def __init__(self, context: Context, recorder: RequestRecorder, threads: int) -> None:
        self._context = context
        self._recorder = recorder
        self._plane = context.plane.without_waiting()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="grpc")
        self._n_threads, self._threads = threads, Taken()
        longest = context.settings.max_body_bytes
        self._asking, self._public, self._streams, self._answers = Taken(), Taken(), Taken(), Taken()
        self._messages, self._public_messages = Intake(longest), Intake(longest)
        self._ending: set[asyncio.Task[None]] = set()

    def behavior(self, procedure: Procedure) -> Behavior:
        """Return what grpcio calls; no partial, through which it would look with each call."""

        async def behavior(_: AsyncIterator[bytes], servicer: grpc.aio.ServicerContext) -> bytes:
            return await self._answer(procedure, servicer)

        return behavior

    def stream(self, name: str, path: str, answer: Stream) -> Callable[..., AsyncIterator[bytes]]:
        """Return what grpcio calls for a stream, which needs no key. It is measured and logged where it is refused."""

        async def stream(_: AsyncIterator[bytes], servicer: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            record = self._recorder.begin(dict(servicer.invocation_metadata()).get(REQUEST_ID))

            async def receive() -> bytes | None:
                content = await self._public_messages.receive(servicer, record.request_id)
                self._public_messages.let_go(held(content or b""))
                return content

            try:
                self._streams.take(MAX_CALLS)
                try:
                    async for message in answer(receive):
                        yield message
                finally:
                    self._streams.give_back()
            except ServiceError as error:
                refusal = refusal_of(error)
                self._recorder.end(record, name, "POST", path, str(refusal.status))
                await _abort(servicer, refusal, record.request_id)
            if self._context.is_stopping():
                await servicer.abort(grpc.StatusCode.UNAVAILABLE, "this worker stops")

        return stream

    def end_late(self) -> None:
        """End the calls whose messages come in too slowly while others wait."""
        refusal = refusal_of(busy())
        for messages in (self._messages, self._public_messages):
            for servicer, request_id in messages.late():
                task = asyncio.ensure_future(_end(servicer, refusal, request_id))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    async def _answer(self, procedure: Procedure, servicer: grpc.aio.ServicerContext) -> bytes:
        metadata = dict(servicer.invocation_metadata())
        record = self._recorder.begin(metadata.get(REQUEST_ID))
        call = call_of(metadata, record, self._context, self._plane)
        status = GONE
        try:
            answer = await self._respond(procedure, call, servicer)
            status = "200" if isinstance(answer, bytes) else str(answer.status)
        except grpc.aio.AbortError:  # the message came in too slowly
            status = str(refusal_of(busy()).status)
            raise
        finally:
            self._recorder.end(record, procedure.name, "POST", procedure.path, status)
        if isinstance(answer, Refusal):
            await _abort(servicer, answer, record.request_id)
        servicer.set_trailing_metadata(((REQUEST_ID, record.request_id),))
        return answer

    async def _respond(self, procedure: Procedure, call: Call, servicer: grpc.aio.ServicerContext) -> Answer:
        refusal = admit(procedure, call)
        if refusal is not None:
            return refusal
        calls = self._public if procedure.public else self._asking
        messages = self._public_messages if procedure.public else self._messages
        try:
            calls.take(MAX_CALLS)
            try:
                content = await messages.receive(servicer, call.record.request_id)
                answer = await self._compute(procedure, call, content, messages)
            finally:
                calls.give_back()
            if isinstance(answer, bytes) and held(answer):
                self._hold_until_taken(len(answer), servicer)
        except ServiceError as error:
            return refusal_of(error)
        return answer

    async def _compute(self, procedure: Procedure, call: Call, content: bytes | None, messages: Intake) -> Answer:
        if content is None:
            await asyncio.sleep(CANCEL_SECONDS)
            raise MalformedError("the call has no message")
        n_held = held(content)
        if not n_held:
            try:
                return respond(procedure, call, content)
            except WouldBlockError:
                pass
        call.plane = self._context.plane
        try:
            done = self._by_a_thread(respond, procedure, call, content)
        except OverloadedError:
            messages.let_go(n_held)
            raise

        def leave(_: object) -> None:
            self._threads.give_back()
            messages.let_go(n_held)

        done.add_done_callback(leave)
        return await asyncio.shield(done)  # a thread goes on where its client does not

    def _by_a_thread(
        self, function: Callable[..., bytes | Refusal], *args: object
    ) -> "asyncio.Future[bytes | Refusal]":
        self._threads.take(self._n_threads)
        try:
            return asyncio.wrap_future(self._pool.submit(function, *args))
        except RuntimeError:  # the system has no thread to give
            self._threads.give_back()
            raise busy() from None

    def _hold_until_taken(self, n_bytes: int, servicer: grpc.aio.ServicerContext) -> None:
        """Note a long answer, which is held until its client has taken it."""
        self._answers.take(intake.MAX_HELD_BYTES, n_bytes)
        servicer.add_done_callback(lambda _: self._answers.give_back(n_bytes))


async def _abort(servicer: grpc.aio.ServicerContext, refusal: Refusal, request_id: str) -> NoReturn:
    await servicer.abort(refusal.code, refusal.message, ((REQUEST_ID, request_id), *refusal.details()))
    raise AssertionError("abort ends the call")


async def _end(servicer: grpc.aio.ServicerContext, refusal: Refusal, request_id: str) -> None:
    """End a call from outside; what answers it is told by the same error."""
    with suppress(grpc.aio.AbortError):
        await _abort(servicer, refusal, request_id)
