"""Endpoints on the worker's loop: whatever can be answered at once is, without a thread and without Flask.

A thread and Flask take several times as long for a request as the model for a thousand points. A request is answered
here by the same function as there. One that has to wait, or is long, is answered by a thread, here too; one that no
endpoint answers is left to Flask.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from service.dataplane.admission import WouldBlockError
from service.dataplane.dataplane import DataPlane
from service.errors import is_shortage
from service.http.access import CrossOrigin
from service.http.context import Call, Context
from service.http.endpoint import Endpoint, respond
from service.observability import LOOP_FAULTS
from service.request_record import RequestRecorder
from service.server.request_parser import Request, WireResponse

log: FilteringBoundLogger = structlog.get_logger()

MAX_ROUTED_PATH_CHARS = 512
"""A longer path is routed by Flask, so that the paths which are kept here take 2 MB at most."""

Route = tuple[Endpoint, Mapping[str, Any]]


class WholeBody:
    """A body that is all there, to be read once; it is not copied."""

    def __init__(self, body: bytes | bytearray) -> None:
        self._body = body

    def read(self, size: int) -> bytes | bytearray:
        """Return the body, which has no more than `size` bytes: that is its length, or what a body may have."""
        body, self._body = self._body, b""
        return body


class LoopAdapter:
    """Answers a request, or returns None: on the loop to one that has to wait, and to what is left to Flask."""

    def __init__(
        self,
        url_map: Map,
        context: Context,
        recorder: RequestRecorder,
        cross_origin: CrossOrigin,
        is_traced: Callable[[str], bool],
    ) -> None:
        self._routes = url_map.bind("localhost")
        self._endpoints = {
            endpoint.name: endpoint
            for endpoint in context.endpoints
            if endpoint.inline and not any(map(is_traced, endpoint.rules))
        }
        self._context = context
        self._planes = {True: context.plane, False: context.plane.without_waiting()}
        self._recorder = recorder
        self._cross_origin = cross_origin
        self._route = lru_cache(maxsize=4096)(self._find_route)

    def __call__(self, request: Request, *, may_wait: bool = False) -> WireResponse | None:
        try:
            return self._answer(request, self._planes[may_wait])
        except WouldBlockError:
            return None
        except Exception as error:  # a fault of this module's: the request is answered all the same, and it is seen
            if is_shortage(error):  # the loop refuses the request
                raise
            log.exception("the loop failed to answer", method=request.method)
            LOOP_FAULTS.inc()
            return None

    def _answer(self, request: Request, plane: DataPlane) -> WireResponse | None:
        path, _, query_string = request.target.partition("?")
        headers = request.headers
        # Flask decodes escapes in a path, and takes several slashes in front for one.
        if len(path) > MAX_ROUTED_PATH_CHARS or "%" in path or path[:2] == "//":
            return None
        if "content-encoding" in headers and not plane.may_wait:  # a compressed body may be long
            return None
        route = self._route(request.method, path)
        if route is None:
            return None
        endpoint, params = route
        record = self._recorder.begin(headers.get("x-request-id"))
        call = Call(query_string, headers, WholeBody(request.body), record, self._context, plane)
        response = respond(endpoint, call, params)
        status_line = response.status_line
        response_headers = [
            *response.all_headers(),
            *self._cross_origin.headers(headers.get("origin")),
            *self._recorder.end(record, endpoint.name, request.method, path, status_line[:3]),
        ]
        return status_line, response_headers, () if request.method == "HEAD" else response.body

    def _find_route(self, method: str, path: str) -> Route | None:
        try:
            name, params = self._routes.match(path, method)
        except (HTTPException, RequestRedirect):
            return None
        endpoint = self._endpoints.get(name)
        if endpoint is None or method not in (endpoint.method, "HEAD"):  # Flask answers OPTIONS
            return None
        return endpoint, params
