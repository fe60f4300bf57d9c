"""A link's `?format=` decides; else the header `Accept`; else the first representation that is offered."""

import pytest

from service.errors import NotAcceptableError
from service.http.negotiation import negotiate

OFFERS = {"json": "application/json", "png": "image/png", "npy": "application/x-npy"}


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("image/png", "png"),
        ("image/*", "png"),
        ("application/json;q=0.1, image/png", "png"),
        ("application/x-npy, text/html;q=0.9", "npy"),
        ("text/html, */*;q=0.1", "json"),
        ("nonsense, image/png", "png"),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, name: str) -> None:
    assert negotiate(OFFERS, accept) == name


@pytest.mark.parametrize("accept", [None, "*/*", "image/png", "text/html"])
def test_a_format_in_the_link_comes_before_the_header(accept: str | None) -> None:
    assert negotiate(OFFERS, accept, "npy") == "npy"


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0"])
def test_who_accepts_nothing_that_is_offered_is_told_what_is(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=f"application/json, image/png, application/x-npy; not as {accept}"):
        negotiate(OFFERS, accept)
