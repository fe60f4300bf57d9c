"""`GET /openapi.json`, the description of this service, and `GET /docs`, its page."""

from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, send_from_directory

from service.api.answers import conditional, json_response
from service.api.context import repository, settings
from service.api.fields import Limits
from service.api.openapi import Document, build
from service.api.operations import operation
from service.errors import NotFoundError, UnavailableError
from service.repository import ModelVersion

blueprint = Blueprint("documents", __name__)

_WEB = Path(__file__).parent.parent / "web"

PAGE_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
"""What the page may load: nothing from another host, no inline script or style. Swagger UI has pictures in its CSS."""


@blueprint.get("/openapi.json")
@operation("Get this document", answers={"application/json": ()}, conditional=True, public=True, has_example=False)
def get_openapi() -> Response:
    """The OpenAPI 3.1 description of this service, with what it answers now as examples."""
    served = tuple(version.identity for version in _served())
    return conditional(json_response(_document(served)))


@lru_cache(maxsize=2)
def _document(_served_now: tuple[str, ...]) -> Document:
    """Return the document, made anew when other versions are served."""
    numbers_of_features = {version.engine.n_features for version in _served()}
    try:
        default = repository().get()
    except (NotFoundError, UnavailableError):
        default = None
    n_features = numbers_of_features.pop() if len(numbers_of_features) == 1 else None
    return build(current_app, default, Limits(n_features, settings().max_points))


def _served() -> list[ModelVersion]:
    return [version for model in repository().models() for version in model.served.values()]


@blueprint.get("/docs")
def get_docs() -> Response:
    response = send_from_directory(_WEB, "docs.html")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@blueprint.get("/docs/<path:name>")
def get_docs_file(name: str) -> Response:
    return send_from_directory(_WEB / "docs", name)
