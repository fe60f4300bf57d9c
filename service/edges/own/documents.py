"""`GET /openapi.json`, the description of this service."""

from service.errors import NotFoundError, UnavailableError
from service.http.conditional import conditional_json
from service.http.context import Call, Context
from service.http.custom_fields import Limits
from service.http.endpoint import Endpoints
from service.http.openapi import build
from service.http.responses import JSON, RawResponse
from service.registry.models import ModelVersion

endpoints = Endpoints("documents")


@endpoints.get(
    "/openapi.json",
    summary="Get this document",
    responses={JSON: ()},
    conditional=True,
    public=True,
    has_example=False,
)
def get_openapi(call: Call) -> RawResponse:
    """The OpenAPI 3.1 description of this service, with what it answers now as examples; without them where it asks
    for keys, since this document is open to everybody.
    """
    context = call.context
    served = _served(context)
    about = tuple(version.identity for version in served)
    document = context.documents.get(about)
    if document is None:
        numbers_of_features = {version.engine.n_features for version in served}
        n_features = numbers_of_features.pop() if len(numbers_of_features) == 1 else None
        limits = Limits(
            n_features,
            context.settings.max_points,
            any(version.categories for version in served),
            any(version.imputes for version in served),
        )
        document = build(context, _example_model(context), limits)
        context.documents = {about: document}
    return conditional_json(call, document)


def _example_model(context: Context) -> ModelVersion | None:
    """Return the model that examples are asked of: none where what it answers is for those with a key alone."""
    if context.keys is not None:
        return None
    try:
        return context.plane.version(None)
    except (NotFoundError, UnavailableError):
        return None


def _served(context: Context) -> list[ModelVersion]:
    return [version for model in context.plane.models() for version in model.served.values()]
