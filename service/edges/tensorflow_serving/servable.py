"""The version that a path names, or TensorFlow Serving's word that there is none."""

from werkzeug.routing import BaseConverter

from service.errors import NotFoundError, UnavailableError
from service.http.context import Call
from service.registry.models import ModelVersion


class ServableConverter(BaseConverter):
    """A model's name or version in a path, which a colon ends."""

    regex = "[^/:]+"


LATEST = "0"
"""What clients write who must write a version and have none in mind."""


def servable(call: Call, name: str, version: str | None) -> ModelVersion:
    """Return the version that answers.

    Raises:
        NotFoundError: there is none such.
    """
    try:
        return call.plane.version(call.record, name, None if version == LATEST else version)
    except (NotFoundError, UnavailableError) as error:
        asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise NotFoundError(f"Servable not found for request: {asked}; {error.detail}") from error
