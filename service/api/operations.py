"""What an endpoint takes and gives, said once: a decorator that validates a request and feeds the OpenAPI document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, request
from marshmallow import Schema, ValidationError

from service.api.body import WORTH_COUNTING, check_json, parse_json, read_body, refuse_excess
from service.api.context import context
from service.errors import InvalidError

View = Callable[..., Response]
Answers = Mapping[str, tuple[type[Schema], ...]]


@dataclass(frozen=True)
class Operation:
    """An endpoint as the document shows it: the answers' schemas by media type, none where it is not JSON."""

    summary: str
    description: str
    answers: Answers
    query: type[Schema] | None = None
    body: type[Schema] | None = None
    problems: tuple[int, ...] = ()
    conditional: bool = False
    unready: bool = False
    public: bool = False
    example: object = None


OPERATIONS: dict[str, Operation] = {}
"""By the view's qualified name."""


def operation(
    summary: str,
    *,
    answers: Answers,
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    problems: tuple[int, ...] = (),
    conditional: bool = False,
    unready: bool = False,
    public: bool = False,
    example: object = None,
) -> Callable[[View], View]:
    """Document a view, and hand it the validated query or body as its first argument.

    A view with neither is called as it is. `conditional` says that it answers 304 to a matching `If-None-Match`,
    `unready` that it sends the same document with 503, `public` that it never needs a key.
    """

    def decorate(view: View) -> View:
        description = " ".join((view.__doc__ or "").split())
        OPERATIONS[_key(view)] = Operation(
            summary, description, answers, query, body, problems, conditional, unready, public, example
        )
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
        with here.admission.predictions:
            return view(load(schema, parse_json(content)), **path)

    return validated


def _with_query(view: View, schema: Schema) -> View:
    @lru_cache(maxsize=1024)  # the records are frozen; gunicorn takes no query longer than 4 kB
    def asked(query: str) -> Any:
        return load(schema, _single(parse_qsl(query, keep_blank_values=True)))

    @wraps(view)
    def validated(**path: Any) -> Response:
        return view(asked(request.environ["QUERY_STRING"]), **path)

    return validated


def described(view: Callable[..., object]) -> Operation | None:
    """Return what was said of a view, or None if nothing was."""
    return OPERATIONS.get(_key(view))


def load(schema: Schema, values: Any) -> Any:
    """Validate values.

    Raises:
        InvalidError: with marshmallow's messages by field.
    """
    try:
        return schema.load(values)
    except ValidationError as error:
        errors = _flatten(error.messages)
        detail = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items())
        raise InvalidError(detail, errors) from error


def _single(values: list[tuple[str, str]]) -> dict[str, str]:
    single = dict(values)
    for name in single:
        if [name for name, _ in values].count(name) > 1:
            raise InvalidError.of(name, "is given more than once; give it once.")
    return single


def _flatten(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """Turn marshmallow's nested messages into messages by dotted field name."""
    if isinstance(messages, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in messages.items():
            part = "" if name == "_schema" else str(name)
            flat.update(_flatten(inner, ".".join(filter(None, (prefix, part)))))
        return flat
    return {prefix or "body": [str(message) for message in (messages if isinstance(messages, list) else [messages])]}


def _key(view: Callable[..., object]) -> str:
    return f"{view.__module__}.{view.__qualname__}"
