"""How each interface words its errors: the service's own as problems (RFC 9457), the standards as `{"error": …}`."""

from dataclasses import dataclass

from marshmallow import Schema, fields

from service.errors import InvalidError, MalformedError


class ProblemSchema(Schema):
    """RFC 9457."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "what was wrong, and what to send instead"})
    request_id = fields.String(required=True)
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "messages by field, where values were invalid"},
    )


class ErrorSchema(Schema):
    error = fields.String(required=True, metadata={"description": "what was wrong, and what to send instead"})


@dataclass(frozen=True)
class Dialect:
    """One form of errors; `invalid` is the status of values that are not allowed."""

    media_type: str
    schema: type[Schema]
    invalid: int


PROBLEM = Dialect("application/problem+json", ProblemSchema, InvalidError.status)
STANDARD = Dialect("application/json", ErrorSchema, MalformedError.status)
"""Both standards know 400 alone for what a client sent wrong."""


def dialect_of(path: str) -> Dialect:
    return STANDARD if path.startswith(("/v1/", "/v2/")) or path in ("/v1", "/v2") else PROBLEM
