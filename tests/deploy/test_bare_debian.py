"""The README, followed to the letter by an ordinary user of a Debian that has nothing but what it says is needed.

`make bare-debian-test` runs it: it installs all that `make serve` does, in a few minutes. MAKE_TEST=1 has that user
run `make test` too.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import requests

from tests import console
from tests.conftest import ROOT, free_port, wait_for
from tests.deploy.debian import Debian, bare_debian

pytestmark = pytest.mark.debian

README = ROOT / "README.md"
TEXT = README.read_text()
CLONE = "boundary"
INSTALLED = f"cd {CLONE} && export PATH=$HOME/installed/bin:$PATH &&"
"""Before a command of somebody who has installed the client into an environment of their own."""


def found(pattern: str) -> str:
    """Return the only match of a pattern in the README."""
    matches = re.findall(pattern, TEXT)
    assert len(matches) == 1, f"README.md has {len(matches)} times what these tests look for: {pattern}"
    return str(matches[0])


# Looked for whenever the tests are collected: what is no longer there stops `make test` too, which does not run these.
PACKAGES = found("`apt install ([^`]+)`")
START = found(r"(?s)## Start\n.*?```\n(.*?)```")
START_ELSEWHERE = found("If port 8000 is taken: `([^`]+)`")
LIST_TARGETS = found("`(make help)` lists everything else")
TRAIN = found("`(make train)` trains the next version of every model")
SCORES = found(r"(?s)```csv\n(.*?)```")
INSTALL_CLIENT = found("From Python .`(pip install [^`]+)`")
CLIENT_EXAMPLE = found(r"(?s)```python\n(.*?)```")
CLIENT_COMMANDS = found(r"(?s)\nFrom the command line: (.*?); add ")


def client_commands() -> list[str]:
    """Return the commands of the paragraph on the command line, in which … stands for how the first one begins."""
    commands = re.findall(r"`(.+?)`", CLIENT_COMMANDS.replace("\n", " "))
    beginning = commands[0].partition(" predict ")[0]
    return [command.replace("…", beginning) for command in commands]


@pytest.fixture(scope="module")
def debian() -> Iterator[Debian]:
    """Clone this commit, after installing what the README names for Debian."""
    if os.getuid() or not shutil.which("debootstrap"):
        pytest.fail("these tests need root, and debootstrap: apt install debootstrap", pytrace=False)
    with bare_debian() as made:
        made.run(f"apt-get install --yes {PACKAGES}", user="root")
        bundle = made.root / "project.bundle"
        subprocess.run(["git", "bundle", "create", "--quiet", bundle, "HEAD"], cwd=ROOT, check=True)
        made.run(f"git clone /project.bundle {CLONE}")
        yield made


@pytest.fixture(scope="module")
def url(debian: Debian) -> Iterator[str]:
    """Start the service as the README says where its port is taken, for it may be."""
    assert re.findall(r"(?m)^(make \S+)", START) == ["make serve", "make test"]
    address = f"http://127.0.0.1:{(port := free_port())}"
    log = debian.root.with_suffix(".serve.log")
    process = debian.start(f"cd {CLONE} && {re.sub('PORT=[0-9]+', f'PORT={port}', START_ELSEWHERE)}", log)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            return requests.get(f"{address}/health/ready", timeout=5).ok
        except requests.RequestException:  # a busy machine may take seconds for an answer
            return False

    try:
        wait_for(is_ready, seconds=1800)
        yield address
    finally:
        debian.end(process)


@pytest.mark.parametrize("example", console.examples(README), ids=lambda example: example[0][:60])
def test_a_curl_example_gives_its_answer(debian: Debian, url: str, example: console.Example) -> None:
    command, expected = example
    console.compare(debian.run(command.replace(console.DEFAULT_URL, url)), expected)


@pytest.mark.parametrize("command", client_commands())
def test_a_command_of_the_client_runs(debian: Debian, url: str, command: str) -> None:
    (debian.home / CLONE / "scores.csv").write_text(SCORES)
    assert debian.run(f"cd {CLONE} && BOUNDARY_URL={url} {command}")


def test_the_client_is_installed_alone_and_its_example_runs(debian: Debian, url: str) -> None:
    debian.run("python3 -m venv installed")
    debian.run(f"{INSTALLED} {INSTALL_CLIENT}")
    (debian.home / "example.py").write_text(CLIENT_EXAMPLE.replace(console.DEFAULT_URL, url))
    assert debian.run(f"{INSTALLED} cd && python example.py") == "[0 1]\n(300, 300)\n"
    assert debian.run(f"{INSTALLED} cd && boundary-service --url {url} comparison")


def test_models_are_trained_again(debian: Debian, url: str) -> None:
    assert "models/tanh-10-10/2" in debian.run(f"cd {CLONE} && {TRAIN}")
    wait_for(lambda: requests.get(f"{url}/boundary?resolution=2", timeout=5).json()["version"] == 2)


def test_every_target_is_listed(debian: Debian) -> None:
    assert "make serve" in debian.run(f"cd {CLONE} && {LIST_TARGETS}")


@pytest.mark.skipif("MAKE_TEST" not in os.environ, reason="MAKE_TEST=1 runs the tests too: another ten minutes")
def test_the_tests_pass(debian: Debian) -> None:
    debian.run(f"cd {CLONE} && make test", seconds=3600)
