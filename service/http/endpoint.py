"""An endpoint, written once: what it takes and gives, who may call it, and the function that answers it.

The same function answers a request that comes through Flask (`service.http.flask_adapter`) and one that is read on the
worker's loop (`service.http.loop_adapter`); both go through `respond`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from marshmallow import Schema

from service.dataplane.admission import WouldBlockError
from service.errors import ServiceError
from service.http import access
from service.http.context import Call
from service.http.error_formats import PROBLEM_JSON, ErrorFormat
from service.http.errors import error_response, unexpected_response
from service.http.negotiation import wants_page
from service.http.responses import RawResponse
from service.http.validation import read_query

Handler = Callable[..., RawResponse]
"""Answers a call: `handler(call, [query,] **path_parameters)`."""

Content = Mapping[str, tuple[type[Schema] | Schema, ...]]
"""What a body holds by media type: one of these, or bytes or text where there is none."""


@dataclass(frozen=True)
class Endpoint:
    """One operation of an interface.

    Attributes:
        name: of its module and function, as metrics and logs call it.
        method: GET or POST.
        rules: its paths, as werkzeug's routing rules.
        handler: what answers a call.
        summary: for the document; an endpoint without one, such as a page, is not shown there.
        query: the schema of its query string.
        request_bodies: schemas of the body by media type.
        needs_body: whether the body must be there.
        responses: schemas of the response by media type.
        response_headers: the response's own headers, with what they mean.
        problems: statuses of its errors, which are worded in its `error_format`.
        conditional: whether it answers 304 to a matching `If-None-Match`.
        may_answer_503: whether it sends the same document with 503.
        public: whether it never needs a key.
        page: what a browser gets here in place of data. It needs no key; the page asks for one.
        inline: whether the loop may answer it; it must not wait for anything but through the data plane.
        example: a body of which the document shows the response.
        example_query: a query of which the document shows the response.
        has_example: false where the response differs each time, or asking would change something.
    """

    name: str
    method: str
    rules: tuple[str, ...]
    handler: Handler
    summary: str | None = None
    description: str = ""
    query: Schema | None = None
    request_bodies: Content = field(default_factory=dict)
    needs_body: bool = True
    responses: Content = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    conditional: bool = False
    may_answer_503: bool = False
    public: bool = False
    page: Handler | None = None
    inline: bool = False
    error_format: ErrorFormat = PROBLEM_JSON
    example: object = None
    example_query: str = ""
    has_example: bool = True


class Options(TypedDict, total=False):
    """What a declaration says of an endpoint; see `Endpoint`."""

    summary: str
    query: Schema
    request_bodies: Content
    needs_body: bool
    responses: Content
    response_headers: Mapping[str, str]
    problems: tuple[int, ...]
    conditional: bool
    may_answer_503: bool
    public: bool
    page: Handler
    inline: bool
    error_format: ErrorFormat
    example: object
    example_query: str
    has_example: bool


class Endpoints(list[Endpoint]):
    """The endpoints of one module, declared by decorators."""

    def __init__(self, module: str, **defaults: Unpack[Options]) -> None:
        super().__init__()
        self._module = module
        self._defaults = defaults

    def get(self, *rules: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Declare what answers GET at these paths."""
        return self._declare("GET", rules, options)

    def post(self, *rules: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Declare what answers POST at these paths."""
        return self._declare("POST", rules, options)

    def _declare(self, method: str, rules: tuple[str, ...], options: Options) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            name = f"{self._module}.{handler.__name__}"
            description = " ".join((handler.__doc__ or "").split())
            settings: dict[str, Any] = {**self._defaults, **options}
            self.append(Endpoint(name, method, rules, handler, description=description, **settings))
            return handler

        return declare


def respond(endpoint: Endpoint, call: Call, params: Mapping[str, Any]) -> RawResponse:
    """Answer a call to an endpoint; its errors too, in its own format.

    Raises:
        WouldBlockError: it has to wait, and the call may not.
    """
    try:
        if endpoint.page is not None and wants_page(call.headers.get("accept"), call.query_string, endpoint.responses):
            return endpoint.page(call)
        access.authenticate(endpoint.public, call)
        if endpoint.query is None:
            return endpoint.handler(call, **params)
        return endpoint.handler(call, read_query(endpoint.query, call.query_string), **params)
    except WouldBlockError:
        raise
    except ServiceError as error:
        return error_response(error, endpoint.error_format, call.record.request_id)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is logged, and the client is answered)
        return unexpected_response(error, endpoint.error_format, call.record.request_id)
