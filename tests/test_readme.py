"""The README's examples, run as they stand there, give the answers that stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Server

README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def _examples() -> list[tuple[str, str]]:
    """Return (command, expected output) of each `$ ` line in a console block."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def test_there_are_examples() -> None:
    assert len(_examples()) >= 6


@pytest.mark.parametrize(("command", "expected"), _examples())
def test_a_curl_example_gives_its_answer(server: Server, tmp_path: Path, command: str, expected: str) -> None:
    command = command.replace("http://127.0.0.1:8000", server.url)
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    answered = ended.stdout if ended.stdout.endswith("\n") or not ended.stdout else ended.stdout + "\n"
    assert NUMBER.sub("#", answered) == NUMBER.sub("#", expected)
    ours, theirs = ([float(number) for number in NUMBER.findall(text)] for text in (answered, expected))
    assert ours == pytest.approx(theirs, abs=0.02)  # another processor may round 500 epochs to somewhere close by
    if " -o " in command:
        (picture,) = tmp_path.glob("*.png")
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_python_example_runs(server: Server) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    code = code.replace("http://127.0.0.1:8000", server.url)
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "[0 1]\n(300, 300)\n"


def test_every_file_that_is_linked_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
