"""The OpenAPI document: made from the schemas that validate, for the models that are served.

Examples are answers of this very service, asked for when the document is made.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema
from marshmallow.fields import Field
from werkzeug.routing import Rule

from bundle import layout
from service import __version__
from service.errors import ServiceError
from service.http.custom_fields import DescribesItself, Limits
from service.http.endpoint import Content, Operation, described
from service.http.record import EXCHANGE, Exchange
from service.registry.registry import ModelVersion

Document = dict[str, Any]

DESCRIPTION = """Neural-network classifiers trained offline, served over HTTP: predictions at points, decision
boundaries as data, and the comparison of architectures that they come from. The same models also answer in the words of
two standards, the Open Inference Protocol v2 and TensorFlow Serving's REST API v1."""

TAGS = {"v1": "TensorFlow Serving REST v1", "v2": "Open Inference Protocol v2"}
"""What is not of the service's own interface, by the first word of its blueprint's name."""

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

LONG = 2000
"""Bytes of JSON; in longer examples lists are cut."""

SHOWN = 3


def build(app: Flask, default: ModelVersion | None, limits: Limits) -> Document:
    """Return the document of every route of the app that `operation` describes.

    `default` is the model that examples are asked of; without one there are no examples of answers.
    """
    plugin = MarshmallowPlugin(schema_name_resolver=_name_of)
    spec = APISpec(
        "Decision boundaries",
        __version__,
        "3.1.0",
        plugins=[plugin],
        info={
            "description": " ".join(DESCRIPTION.split()),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
    )
    assert plugin.converter is not None  # noqa: S101 (for the type checker: set by APISpec above)

    def of_field(_: object, field: Field[Any], **__: object) -> Document:
        return field.json_schema(limits) if isinstance(field, DescribesItself) else {}

    plugin.converter.add_attribute_function(of_field)  # type: ignore[no-untyped-call]
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, scheme)
    spec.components.parameter(REQUEST_ID, "header", REQUEST_ID_SENT)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        found = described(app.view_functions[rule.endpoint])
        if found is not None:
            method = "post" if "POST" in (rule.methods or ()) else "get"
            operation = _operation(app, rule, found, example=_example(app, rule, found, default))
            spec.path(path=re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), operations={method: operation})
    document = spec.to_dict()
    for (schema, *_), name in plugin.converter.refs.items():
        document["components"]["schemas"][name].update(getattr(schema, "json_schema", {}))
    return document


def _operation(app: Flask, rule: Rule, found: Operation, example: object) -> Document:
    module, name = rule.endpoint.split(".")
    tag = TAGS.get(module.split("_")[0], module)
    names = _parameters(rule)
    of_path = {**PATH_PARAMETERS, "version": VERSION_V1} if tag == TAGS["v1"] else PATH_PARAMETERS
    parameters: list[object] = [
        {"name": name, "in": "path", "required": True, "schema": of_path[name]} for name in names
    ]
    if found.query is not None:
        parameters.append({"in": "query", "schema": found.query})
    parameters.append(REQUEST_ID)
    has_siblings = len(list(app.url_map.iter_rules(rule.endpoint))) > 1
    document: Document = {
        "operationId": "_".join([name, *names]) if has_siblings else name,
        "tags": [tag],
        "summary": found.summary,
        "description": found.description,
        "parameters": parameters,
        "responses": _responses(found, example),
        "security": [{}] if found.public else [{}, *({name: []} for name in SECURITY)],
    }
    if found.takes:
        content = _content(found.takes)
        if found.example is not None:
            content["application/json"]["example"] = found.example
        document["requestBody"] = {"required": found.needs_body, "content": content}
    return document


def _responses(found: Operation, example: object) -> Document:
    content = _content(found.answers)
    if example is not None:
        content["application/json"]["example"] = example
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in found.answer_headers.items()
    }
    ok = {"description": "OK", "content": content, "headers": {**headers, **(ETAG if found.conditional else {})}}
    responses: Document = {"200": ok}
    if found.unready:
        responses["503"] = {"description": "Service Unavailable", "content": _content(found.answers)}
    if found.conditional:
        responses["304"] = {
            "description": "Not Modified: the client's copy, named in If-None-Match, is still right",
            "headers": ETAG,
        }
    for status in (*found.problems, *(() if found.public else (401,))):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {found.dialect.media_type: {"schema": found.dialect.schema}},
        }
    if "503" in responses:
        responses["503"]["headers"] = RETRY_AFTER
    for response in responses.values():
        response["headers"] = {**response.get("headers", {}), **REQUEST_ID_ANSWERED}
    return responses


def _example(app: Flask, rule: Rule, found: Operation, default: ModelVersion | None) -> object:
    """Return what the service answers to an operation's example; None where it has none, or cannot answer it."""
    if default is None or not found.has_example:
        return None
    known: Mapping[str, str] = {"name": default.name, "version": str(default.number), "number": str(default.number)}
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: known[match[1]], rule.rule) + found.example_query
    asked = {"json": found.example} if found.takes else {}
    method = "POST" if found.takes else "GET"
    environ = {EXCHANGE: Exchange("example", began=0)}
    with app.test_request_context(path, method=method, environ_overrides=environ, **asked):
        try:
            answer = app.make_response(app.dispatch_request())
        except ServiceError:
            return None
    content = answer.get_data()
    return _cut(orjson.loads(content)) if len(content) > LONG else orjson.loads(content)


def _cut(value: object) -> object:
    if isinstance(value, dict):
        return {name: _cut(inner) for name, inner in value.items()}
    return [_cut(inner) for inner in value[:SHOWN]] if isinstance(value, list) else value


def _content(content: Content) -> dict[str, Document]:
    return {media_type: {"schema": _schema(media_type, schemas)} for media_type, schemas in content.items()}


def _schema(media_type: str, schemas: tuple[type[Schema] | Schema, ...]) -> object:
    if len(schemas) > 1:
        return {"oneOf": list(schemas)}
    if schemas:
        return schemas[0]
    if media_type == "application/json":
        return {"type": "object"}
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _parameters(rule: Rule) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)


def _name_of(schema: type[Schema] | Schema | str) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")
