"""`GET /openapi.json`, generated from the schemas that validate, and `GET /docs`, its page."""

import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, current_app, send_from_directory
from marshmallow import Schema, fields

from service import __version__
from service.api import fields as own
from service.api.answers import conditional, json_response
from service.api.operations import Content, Operation, described, operation
from service.bundle import layout

blueprint = Blueprint("documents", __name__)

_WEB = Path(__file__).parent.parent / "web"

DESCRIPTION = """Neural-network classifiers trained offline, served over HTTP: predictions at points, decision
boundaries as data, and the comparison of architectures that they come from."""


PAGE_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
"""What the page may load: nothing from another host, no inline script or style. Swagger UI has pictures in its CSS."""

TAGS = {"v1": "TensorFlow Serving REST v1", "v2": "Open Inference Protocol v2"}
"""What is not of the service's own interface, by the first word of its blueprint's name."""

PATH_PARAMETERS = {
    "name": {"type": "string", "pattern": f"^{layout.NAME.pattern}$"},
    "version": {"type": "string", "pattern": f"^{layout.VERSION.pattern}$"},
    "number": {"type": "integer", "minimum": 0},
}

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "where the service asks for keys"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same key"},
}


@blueprint.get("/openapi.json")
@operation("Get this document", answers={"application/json": ()}, conditional=True, public=True)
def get_openapi() -> Response:
    """The OpenAPI 3.1 description of this service."""
    return conditional(json_response(_document()))


@cache
def _document() -> dict[str, Any]:
    """Return the OpenAPI document of every route of the app that `operation` describes."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _class_of(schema).__name__.removesuffix("Schema"))
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
    plugin.converter.add_attribute_function(_own_fields)  # type: ignore[no-untyped-call]
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, scheme)
    rules = current_app.url_map
    for rule in sorted(rules.iter_rules(), key=lambda rule: rule.rule):
        found = described(current_app.view_functions[rule.endpoint])
        if found is not None:
            method = "post" if "POST" in (rule.methods or ()) else "get"
            several = len(list(rules.iter_rules(rule.endpoint))) > 1
            operations = {method: _operation(rule.rule, rule.endpoint, found, has_other_rules=several)}
            spec.path(path=_openapi_path(rule.rule), operations=operations)
    return spec.to_dict()


def _operation(rule: str, endpoint: str, found: Operation, *, has_other_rules: bool) -> dict[str, Any]:
    parameters: list[object] = [
        {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]} for name in _parameters(rule)
    ]
    parameters += [
        {"name": name, "in": "header", "description": meaning, "schema": {"type": "integer", "minimum": 0}}
        for name, meaning in found.headers.items()
    ]
    if found.query is not None:
        parameters.append({"in": "query", "schema": found.query})
    module, name = endpoint.split(".")
    document: dict[str, Any] = {
        "operationId": "_".join([name, *(_parameters(rule) if has_other_rules else [])]),
        "tags": [TAGS.get(module.split("_")[0], module)],
        "summary": found.summary,
        "description": found.description,
        "parameters": parameters,
        "responses": _responses(found),
        "security": [{}] if found.public else [{}, *({name: []} for name in SECURITY)],
    }
    if found.takes:
        content = _content(found.takes)
        if found.example is not None:
            content["application/json"]["example"] = found.example
        document["requestBody"] = {"required": found.needs_body, "content": content}
    return document


def _responses(found: Operation) -> dict[str, Any]:
    content = _content(found.answers)
    responses: dict[str, Any] = {"200": {"description": "OK", "content": content}}
    if found.unready:
        responses["503"] = {"description": HTTPStatus.SERVICE_UNAVAILABLE.phrase, "content": content}
    if found.conditional:
        responses["304"] = {"description": "Not Modified: the client's copy, named in If-None-Match, is still right"}
    for status in (*found.problems, *(() if found.public else (401,))):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {found.dialect.media_type: {"schema": found.dialect.schema}},
        }
    return responses


def _content(content: Content) -> dict[str, dict[str, object]]:
    return {media_type: {"schema": _any_of(media_type, schemas)} for media_type, schemas in content.items()}


def _any_of(media_type: str, schemas: tuple[type[Schema] | Schema, ...]) -> object:
    if len(schemas) > 1:
        return {"oneOf": list(schemas)}
    if schemas:
        return schemas[0]
    if media_type == "application/json":
        return {"type": "object"}
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _own_fields(_: object, field: fields.Field[Any], **__: object) -> dict[str, Any]:
    """Say in JSON Schema what this interface's own field classes take."""
    if isinstance(field, own.Points):
        point = {"type": "array", "items": {"type": "number"}, "minItems": 1}
        return {"type": "array", "items": point}
    if isinstance(field, own.ModelNames):
        names = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
        return {"oneOf": [names, {"type": "string", "const": "all"}]}
    return {}


def _parameters(rule: str) -> list[str]:
    return re.findall(r"<(?:int:)?(\w+)>", rule)


def _openapi_path(rule: str) -> str:
    return re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule)


def _class_of(schema: type[Schema] | Schema | str) -> type:
    return schema if isinstance(schema, type) else type(schema)


@blueprint.get("/docs")
def get_docs() -> Response:
    response = send_from_directory(_WEB, "docs.html")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@blueprint.get("/docs/<path:name>")
def get_docs_file(name: str) -> Response:
    return send_from_directory(_WEB / "docs", name)
