"""Examples that stand in documents: console blocks, run as they stand there, give the answers that stand there."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Server

NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
DEFAULT_URL = "http://127.0.0.1:8000"

Example = tuple[str, str]
"""A command and the output that is expected of it."""


def examples(document: Path) -> list[Example]:
    """Return what stands behind each `$ ` of a document's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def check(example: Example, server: Server, directory: Path) -> None:
    """Run a command in a directory, asking this server, and compare what it prints."""
    command, expected = example
    command = command.replace(DEFAULT_URL, server.url)
    ended = subprocess.run(command, shell=True, cwd=directory, capture_output=True, text=True, timeout=60, check=True)
    compare(ended.stdout, expected)


def compare(answered: str, expected: str) -> None:
    """Compare what a command prints with what a document says; models trained elsewhere are nearly the same."""
    if answered and not answered.endswith("\n"):
        answered += "\n"
    assert NUMBER.sub("#", answered) == NUMBER.sub("#", expected)
    ours, theirs = ([float(number) for number in NUMBER.findall(text)] for text in (answered, expected))
    assert ours == pytest.approx(theirs, rel=1e-4)  # models trained without AVX and FMA differ from the sixth digit on


def check_links(document: Path) -> None:
    """Check that every file that a document links to exists, and every heading in it."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", document.read_text()) if "://" not in link]
    assert links
    for link in links:
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not heading or heading in _headings(target), link


def _headings(document: Path) -> set[str]:
    """Return the headings of a document as links name them."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
