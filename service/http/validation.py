"""What a client sent, held against a schema: query strings and JSON bodies."""

from collections import Counter
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from marshmallow import Schema, ValidationError

from bundle.records import by_path
from service.errors import InvalidError

MAX_FIELDS = 64
"""Fields of a body, or parameters of a query: more than any request that is meant. Each that is wrong takes time."""


@lru_cache(maxsize=1024)  # the records are frozen; gunicorn takes no query longer than 4 kB
def read_query(schema: Schema, query: str) -> Any:
    """Return the record that a query string holds.

    Raises:
        InvalidError: with marshmallow's messages by field.
    """
    return load(schema, _single(parse_qsl(query, keep_blank_values=True)))


def load(schema: Schema, values: Any) -> Any:
    """Validate values.

    Raises:
        InvalidError: with marshmallow's messages by field.
    """
    if isinstance(values, dict) and len(values) > MAX_FIELDS:
        known = ", ".join(schema.fields)
        raise InvalidError(f"body: has {len(values)} fields; valid fields: {known}.")
    try:
        return schema.load(values)
    except ValidationError as error:
        errors = {".".join(map(str, path)) or "body": messages for path, messages in by_path(error.messages)}
        detail = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items())
        raise InvalidError(detail, errors) from error


def _single(values: list[tuple[str, str]]) -> dict[str, str]:
    """Return a query's parameters by name.

    Raises:
        InvalidError: they are too many, or one is given twice.
    """
    if len(values) > MAX_FIELDS:
        raise InvalidError(f"the query has {len(values)} parameters; send at most {MAX_FIELDS}")
    for name, count in Counter(name for name, _ in values).items():
        if count > 1:
            raise InvalidError.of(name, "is given more than once; give it once.")
    return dict(values)
