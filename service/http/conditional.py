"""Answers that take a while: kept for the next who asks, and computed in their turn."""

from collections.abc import Callable

from flask import Response

from service.dataplane.cache import Chunks
from service.http.context import admission, cache
from service.http.record import waited
from service.http.responses import Answer, not_modified

Headers = tuple[tuple[str, str], ...]


def computed(etag: str, headers: Headers, media_type: str, compute: Callable[[], Chunks]) -> Response:
    """Return the answer with this tag: nothing where the client has it, the one that is kept, or a new one.

    The tag names all that determines the answer, so it is known before anything is computed.

    Raises:
        service.dataplane.admission.OverloadedError: it would have to be computed, and too much is being computed.
    """
    if not_modified(etag):
        return Answer(status=304, headers=headers)
    answer = cache().get(etag)
    if answer is None:
        with admission().grids as seconds:
            waited(seconds)
            answer = compute()
        cache().keep(etag, answer)
    return Answer(answer, headers=headers, content_type=media_type)
