"""Errors to requests whose body was not read to its end: they say that their connection ends with them, as it does.

gunicorn closes such a connection once it has sent the response, unless little is left of the body. A client that was
told to keep it would lose its next request.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_DISCARDED_BYTES = 2**16
"""So much of a body that nobody read gunicorn reads by itself to keep the connection."""


class EndUnreadBodies:
    """A WSGI app whose errors end the connection where the request's body may not have been read."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        if (length and int(length) <= MAX_DISCARDED_BYTES) or not (length or "HTTP_TRANSFER_ENCODING" in environ):
            return self._app(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            # gunicorn ignores the header Connection; its response, whose method this is, takes the wish.
            response: Any = getattr(start_response, "__self__", None)
            if int(status[:3]) >= HTTPStatus.BAD_REQUEST and hasattr(response, "force_close"):
                response.force_close()
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)
