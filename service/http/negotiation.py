"""Which representation a client gets: by `?format=` for a link, else by `Accept`."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.errors import NotAcceptableError


def negotiate(offers: Mapping[str, str], accept: str | None, chosen: str | None = None) -> str:
    """Return the name of the representation to send.

    Args:
        offers: media types by name; the first is what a client without preferences gets.
        accept: the request's header `Accept`, None where it has none.
        chosen: the name in the query, already known to be one of the offers.

    Raises:
        NotAcceptableError: the client accepts none of them.
    """
    if chosen is not None:
        return chosen
    if accept is None or accept == "*/*":
        return next(iter(offers))
    accepted = parse_accept_header(accept, MIMEAccept)
    best = accepted.best_match(list(offers.values())) if accepted else next(iter(offers.values()))
    for name, media_type in offers.items():
        if media_type == best:
            return name
    raise NotAcceptableError(f"available as {', '.join(offers.values())}; not as {accept}")


def wants_page(accept: str | None, query: str, media_types: Iterable[str]) -> bool:
    """Say whether a client would have a page rather than data of these media types: a browser that follows a link, but
    for one with `?format=`.
    """
    if accept is None or "text/html" not in accept or "format" in parse_qs(query):
        return False
    others = [media_type for media_type in media_types if media_type != "text/html"]
    return parse_accept_header(accept, MIMEAccept).best_match([*others, "text/html"]) == "text/html"
