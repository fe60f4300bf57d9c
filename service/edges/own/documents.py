"""`GET /openapi.json`, the description of this service."""

from functools import lru_cache

from flask import Blueprint, Response, current_app

from service.errors import NotFoundError, UnavailableError
from service.http.context import repository, settings
from service.http.custom_fields import Limits
from service.http.endpoint import operation
from service.http.openapi import Document, build
from service.http.responses import conditional, json_response
from service.registry.registry import ModelVersion

blueprint = Blueprint("documents", __name__)


@blueprint.get("/openapi.json")
@operation("Get this document", answers={"application/json": ()}, conditional=True, public=True, has_example=False)
def get_openapi() -> Response:
    """The OpenAPI 3.1 description of this service, with what it answers now as examples; without them where it asks
    for keys, since this document is open to everybody.
    """
    served = tuple(version.identity for version in _served())
    return conditional(json_response(_document(served)))


@lru_cache(maxsize=2)
def _document(_served_now: tuple[str, ...]) -> Document:
    """Return the document, made anew when other versions are served."""
    numbers_of_features = {version.engine.n_features for version in _served()}
    n_features = numbers_of_features.pop() if len(numbers_of_features) == 1 else None
    return build(current_app, _asked_for_examples(), Limits(n_features, settings().max_points))


def _asked_for_examples() -> ModelVersion | None:
    """Return the model that examples are asked of: none where what it answers is for those with a key alone."""
    if settings().api_keys_file is not None:
        return None
    try:
        return repository().get()
    except (NotFoundError, UnavailableError):
        return None


def _served() -> list[ModelVersion]:
    return [version for model in repository().models() for version in model.served.values()]
