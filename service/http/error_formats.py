"""How each interface formats its errors: the service's own as problems (RFC 9457), the standards as `{"error": …}`."""

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
class ErrorFormat:
    """One form of errors; `invalid_status` is the status of values that are not allowed."""

    media_type: str
    schema: type[Schema]
    invalid_status: int


PROBLEM_JSON = ErrorFormat("application/problem+json", ProblemSchema, InvalidError.status)
ERROR_JSON = ErrorFormat("application/json", ErrorSchema, MalformedError.status)
"""Both standards know 400 alone for what a client sent wrong."""


def error_format_of(path: str) -> ErrorFormat:
    """Return the format of errors at a path that no endpoint has."""
    return ERROR_JSON if path.startswith(("/v1/", "/v2/")) or path in ("/v1", "/v2") else PROBLEM_JSON
