"""What an endpoint takes and gives, said once: a decorator that validates a request and feeds the OpenAPI document."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any, Required, TypedDict, Unpack
from urllib.parse import parse_qsl

from flask import Response, request
from marshmallow import Schema, ValidationError

from bundle.records import by_path
from service.errors import InvalidError
from service.http.body import JSON, WORTH_COUNTING, check_json, parse_json, read_body, refuse_excess
from service.http.context import context
from service.http.custom_fields import Points
from service.http.error_formats import PROBLEM, Dialect
from service.http.points_json import parse_json_with_rows
from service.http.record import waited

View = Callable[..., Response]
Content = Mapping[str, tuple[type[Schema] | Schema, ...]]
"""What a body holds by media type: one of these, or bytes or text where there is none."""


@dataclass(frozen=True)
class Operation:
    """An endpoint as the document shows it."""

    summary: str
    description: str
    answers: Content
    query: type[Schema] | None = None
    takes: Content = field(default_factory=dict)
    needs_body: bool = True
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    conditional: bool = False
    unready: bool = False
    public: bool = False
    dialect: Dialect = PROBLEM
    example: object = None
    example_query: str = ""
    has_example: bool = True


class Described(TypedDict, total=False):
    """What `operation` passes on to the document."""

    answers: Required[Content]
    takes: Content
    needs_body: bool
    answer_headers: Mapping[str, str]
    problems: tuple[int, ...]
    conditional: bool
    unready: bool
    public: bool
    dialect: Dialect
    example: object
    example_query: str
    has_example: bool


MANY = 64
"""Fields of a body: more than any request that is meant. Each that is wrong takes time, and a message."""

MANY_POINTS = 512
"""Bytes of a body from which on its points are read sooner as an array than as lists."""

OPERATIONS: dict[str, Operation] = {}
"""By the view's qualified name."""


def operation(
    summary: str,
    *,
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    **described: Unpack[Described],
) -> Callable[[View], View]:
    """Document a view, and hand it the validated query or JSON body as its first argument.

    A view with neither is called as it is, and may read a body by itself: `takes` says of what media types, and
    `needs_body` whether it must be there. `answer_headers` are an answer's own, with what they mean. `conditional` says
    that it answers 304 to a matching `If-None-Match`, `unready` that it sends the same document with 503, `public` that
    it never needs a key; `problems` are the statuses of its errors, which are worded in its `dialect`.

    The document shows what is answered to `example`, a body, or to `example_query`; not where `has_example` is false:
    the answer is another each time, or asking would change something.
    """

    def decorate(view: View) -> View:
        description = " ".join((view.__doc__ or "").split())
        if body is not None:
            described["takes"] = {JSON: (body,)}
        OPERATIONS[_key(view)] = Operation(summary, description, query=query, **described)
        if body is not None:
            return _with_body(view, body())
        return view if query is None else _with_query(view, query())

    return decorate


def _with_body(view: View, schema: Schema) -> View:
    @wraps(view)
    def validated(**path: Any) -> Response:
        here = context()
        check_json(request.environ)
        content = read_body(request.environ, here.settings.max_body_bytes)
        if len(content) > WORTH_COUNTING:
            refuse_excess(content, here.settings.max_points, here.repository.n_features)
        with here.admission.predictions as seconds:
            waited(seconds)
            return view(load_json(schema, content), **path)

    return validated


def _with_query(view: View, schema: Schema) -> View:
    @wraps(view)
    def validated(**path: Any) -> Response:
        return view(read_query(schema, request.environ["QUERY_STRING"]), **path)

    return validated


@lru_cache(maxsize=4096)  # the records are frozen; gunicorn takes no query longer than 4 kB
def read_query(schema: Schema, query: str) -> Any:
    """Return what a query string asks for.

    Raises:
        InvalidError: with marshmallow's messages by field.
    """
    return load(schema, _single(parse_qsl(query, keep_blank_values=True)))


def described(view: Callable[..., object]) -> Operation | None:
    """Return what was said of a view, or None if nothing was."""
    return OPERATIONS.get(_key(view))


def load(schema: Schema, values: Any) -> Any:
    """Validate values.

    Raises:
        InvalidError: with marshmallow's messages by field.
    """
    if isinstance(values, dict) and len(values) > MANY:
        known = ", ".join(schema.fields)
        raise InvalidError(f"body: has {len(values)} fields; known are {known}.")
    try:
        return schema.load(values)
    except ValidationError as error:
        errors = {".".join(map(str, path)) or "body": found for path, found in by_path(error.messages)}
        detail = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items())
        raise InvalidError(detail, errors) from error


def load_json(schema: Schema, content: bytes) -> Any:
    """Parse and validate a body.

    Raises:
        MalformedError: it is not JSON.
        InvalidError: with marshmallow's messages by field.
    """
    if len(content) < MANY_POINTS:
        return load(schema, parse_json(content))
    points = (name for name, kind in schema.fields.items() if isinstance(kind, Points))
    return load(schema, parse_json_with_rows(content, *points))


def _single(values: list[tuple[str, str]]) -> dict[str, str]:
    """Return a query's parameters by name.

    Raises:
        InvalidError: they are too many, or one is given twice.
    """
    if len(values) > MANY:
        raise InvalidError(f"the query has {len(values)} parameters; send at most {MANY}")
    for name, count in Counter(name for name, _ in values).items():
        if count > 1:
            raise InvalidError.of(name, "is given more than once; give it once.")
    return dict(values)


def _key(view: Callable[..., object]) -> str:
    return f"{view.__module__}.{view.__qualname__}"
