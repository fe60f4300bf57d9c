"""`explore` as a notebook gets it: a frame with a link below, or the link alone; nothing in it is markup of others."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from client import BoundaryClient, Explorer, NotFoundError
from tests.conftest import Server


class Shown(HTMLParser):
    """The elements of what a notebook shows, with their attributes, and its text."""

    def __init__(self, explorer: Explorer) -> None:
        super().__init__()
        self.elements: dict[str, dict[str, str | None]] = {}
        self.text = ""
        self.feed(explorer._repr_html_())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def client(server: Server) -> Iterator[BoundaryClient]:
    with BoundaryClient(server.url) as opened:
        yield opened


def test_a_view_is_shown_in_a_frame_with_a_link_to_it_below(client: BoundaryClient) -> None:
    explorer = client.explore("tanh-3", replicate=4, epoch=66, height=500, page="https://example.org/course")
    address = "https://example.org/course/?only=boundaries,inside&inside=tanh-3&run=4&epoch=66"
    assert explorer.address == address
    assert repr(explorer) == f"Explorer(address='{address}')"
    shown = Shown(explorer)
    assert shown.elements.keys() == {"iframe", "p", "a"}
    assert (shown.elements["iframe"]["src"], shown.elements["iframe"]["height"]) == (address, "500")
    assert shown.elements["a"]["href"] == address
    assert "window of its own" in shown.text


def test_a_service_that_lets_nobody_frame_it_is_linked_to_with_a_word(client: BoundaryClient, server: Server) -> None:
    explorer = client.explore(statistic="std")
    assert explorer.address == f"{server.url}/?only=boundaries&statistic=std"
    shown = Shown(explorer)
    assert shown.elements.keys() == {"p", "a"}
    assert shown.elements["a"]["href"] == explorer.address
    assert "SERVICE_FRAME_ANCESTORS" in shown.text


def test_a_model_that_is_not_there_is_an_error(client: BoundaryClient) -> None:
    with pytest.raises(NotFoundError, match="no model"):
        client.explore("nothing")


@pytest.mark.parametrize("model", ['"><script>alert(1)</script>', "a&b=c#d", "ünï <b>"])
@pytest.mark.parametrize("page", ["https://example.org", "/proxy/8000/", 'javascript:alert("1")', '"><img src=x>'])
def test_no_value_becomes_markup_or_a_script(client: BoundaryClient, model: str, page: str) -> None:
    shown = Shown(client.explore(model, page=page))
    assert shown.elements.keys() == {"iframe", "p", "a"}
    address = shown.elements["iframe"]["src"] or ""
    assert address.startswith(("https://example.org/?", "/proxy/8000/?", "http://"))
    assert set(shown.elements["iframe"]) == {"src", "title", "width", "height", "allow", "style"}
    assert "<" not in address.partition("?")[2]
