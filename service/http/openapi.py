"""The OpenAPI document: made from the schemas that validate, for the models that are served.

Examples are responses of this very service, asked for when the document is made.
"""

import io
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema
from marshmallow.fields import Field

from bundle import layout
from service import __version__
from service.http.context import Call, Context
from service.http.custom_fields import HasJsonSchema, Limits
from service.http.endpoint import Content, Endpoint, respond
from service.http.responses import JSON
from service.registry.models import ModelVersion
from service.request_record import RequestRecord

Document = dict[str, Any]

DESCRIPTION = """Neural networks trained offline, classifiers and regressions, served over HTTP: predictions at points,
decision boundaries as data, and the comparison of models that they come from. The same models also answer in the
words of two standards, the Open Inference Protocol v2 and TensorFlow Serving's REST API v1."""

TAGS = {"v1": "TensorFlow Serving REST v1", "v2": "Open Inference Protocol v2"}
"""What is not of the service's own interface, by the first word of its module's name."""

PATH_PARAMETERS = {
    "name": {"type": "string", "pattern": f"^{layout.NAME.pattern}$"},
    "version": {"type": "string", "pattern": f"^{layout.VERSION.pattern}$"},
    "number": {"type": "integer", "minimum": 0},
}
VERSION_V1 = {"type": "string", "pattern": f"^(0|{layout.VERSION.pattern})$", "description": "0 is the latest"}

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "where the service asks for keys"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same key"},
}

REQUEST_ID = "X-Request-ID"
REQUEST_ID_SENT = {
    "in": "header",
    "name": REQUEST_ID,
    "description": "given back with the answer, and written into the log; a new one if left out",
    "schema": {"type": "string"},
}
REQUEST_ID_ANSWERED = {REQUEST_ID: {"description": "the request's", "schema": {"type": "string"}}}
RETRY_AFTER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
ETAG = {"ETag": {"description": "for If-None-Match", "schema": {"type": "string"}}}

MAX_EXAMPLE_BYTES = 2000
"""In a longer example lists are cut."""

MAX_EXAMPLE_ENTRIES = 3
"""Entries of a list that is cut."""

PATH_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
"""A parameter in a werkzeug rule, such as `<int:number>`."""


def build(context: Context, default: ModelVersion | None, limits: Limits) -> Document:
    """Return the document of every endpoint that has a summary.

    `default` is the model that examples are asked of; without one there are no examples of responses.
    """
    plugin = MarshmallowPlugin(schema_name_resolver=_name_of)
    spec = APISpec(
        "Decision boundaries",
        __version__,
        "3.1.0",
        plugins=[plugin],
        servers=[{"url": ".", "description": "where this document is, also below a prefix"}],
        info={
            "description": " ".join(DESCRIPTION.split()),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
    )
    assert plugin.converter is not None  # noqa: S101 (for the type checker: set by APISpec above)

    def json_schema_of(_: object, field: Field[Any], **__: object) -> Document:
        return field.json_schema(limits) if isinstance(field, HasJsonSchema) else {}

    plugin.converter.add_attribute_function(json_schema_of)  # type: ignore[no-untyped-call]
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, scheme)
    spec.components.parameter(REQUEST_ID, "header", REQUEST_ID_SENT)
    for rule, endpoint in sorted(_documented(context.endpoints), key=lambda documented: documented[0]):
        example = None if default is None else _example(context, rule, endpoint, default)
        operation = _operation(rule, endpoint, example)
        spec.path(path=PATH_PARAMETER.sub(r"{\1}", rule), operations={endpoint.method.lower(): operation})
    document = spec.to_dict()
    for (schema, *_), name in plugin.converter.refs.items():
        document["components"]["schemas"][name].update(getattr(schema, "json_schema", {}))
    return document


def _documented(endpoints: Sequence[Endpoint]) -> list[tuple[str, Endpoint]]:
    return [(rule, endpoint) for endpoint in endpoints if endpoint.summary is not None for rule in endpoint.rules]


def _operation(rule: str, endpoint: Endpoint, example: object) -> Document:
    module, function = endpoint.name.split(".")
    tag = TAGS.get(module.split("_")[0], module)
    names = PATH_PARAMETER.findall(rule)
    of_path = {**PATH_PARAMETERS, "version": VERSION_V1} if tag == TAGS["v1"] else PATH_PARAMETERS
    parameters: list[object] = [
        {"name": name, "in": "path", "required": True, "schema": of_path[name]} for name in names
    ]
    if endpoint.query is not None:
        parameters.append({"in": "query", "schema": type(endpoint.query)})
    parameters.append(REQUEST_ID)
    document: Document = {
        "operationId": "_".join([function, *names]) if len(endpoint.rules) > 1 else function,
        "tags": [tag],
        "summary": endpoint.summary,
        "description": endpoint.description,
        "parameters": parameters,
        "responses": _responses(endpoint, example),
        "security": [{}] if endpoint.public else [{}, *({name: []} for name in SECURITY)],
    }
    if endpoint.request_bodies:
        content = _content(endpoint.request_bodies)
        if endpoint.example is not None:
            content[JSON]["example"] = endpoint.example
        document["requestBody"] = {"required": endpoint.needs_body, "content": content}
    return document


def _responses(endpoint: Endpoint, example: object) -> Document:
    content = _content(endpoint.responses)
    if example is not None:
        content[JSON]["example"] = example
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in endpoint.response_headers.items()
    }
    ok = {"description": "OK", "content": content, "headers": {**headers, **(ETAG if endpoint.conditional else {})}}
    responses: Document = {"200": ok}
    if endpoint.may_answer_503:
        responses["503"] = {"description": "Service Unavailable", "content": _content(endpoint.responses)}
    if endpoint.conditional:
        responses["304"] = {
            "description": "Not Modified: the client's copy, named in If-None-Match, is still right",
            "headers": ETAG,
        }
    for status in (*endpoint.problems, *(() if endpoint.public else (401,))):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {endpoint.error_format.media_type: {"schema": endpoint.error_format.schema}},
        }
    if "503" in responses:
        responses["503"]["headers"] = RETRY_AFTER
    for response in responses.values():
        response["headers"] = {**response.get("headers", {}), **REQUEST_ID_ANSWERED}
    return responses


def _example(context: Context, rule: str, endpoint: Endpoint, default: ModelVersion) -> object:
    """Return the response to an endpoint's example; None where it has none, or cannot answer it."""
    if not endpoint.has_example:
        return None
    known = {"name": default.name, "version": str(default.number), "number": default.number}
    params = {name: known[name] for name in PATH_PARAMETER.findall(rule)}
    body = orjson.dumps(endpoint.example) if endpoint.request_bodies else b""
    call = Call(
        query_string=endpoint.example_query.removeprefix("?"),
        headers={"content-type": JSON, "content-length": str(len(body))},
        stream=io.BytesIO(body),
        record=RequestRecord("example", began=0),
        context=context,
        plane=context.plane,
    )
    response = respond(endpoint, call, params)
    if response.status >= HTTPStatus.BAD_REQUEST and not endpoint.may_answer_503:
        return None
    content = b"".join(response.body)
    example = orjson.loads(content)
    return _cut(example) if len(content) > MAX_EXAMPLE_BYTES else example


def _cut(value: object) -> object:
    if isinstance(value, dict):
        return {name: _cut(inner) for name, inner in value.items()}
    return [_cut(inner) for inner in value[:MAX_EXAMPLE_ENTRIES]] if isinstance(value, list) else value


def _content(content: Content) -> dict[str, Document]:
    return {media_type: {"schema": _schema(media_type, schemas)} for media_type, schemas in content.items()}


def _schema(media_type: str, schemas: tuple[type[Schema] | Schema, ...]) -> object:
    if len(schemas) > 1:
        return {"oneOf": list(schemas)}
    if schemas:
        return schemas[0]
    if media_type == JSON:
        return {"type": "object"}
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _name_of(schema: type[Schema] | Schema | str) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")
