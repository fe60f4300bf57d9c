"""The stack of docker-compose.yml, built and run by a real engine once for all tests that ask it."""

import os
from collections.abc import Iterator

import pytest

from chaos.deploy.stack import Stack, StackError, run


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    try:
        run("docker", "info")
        run("docker", "compose", "version")
    except (OSError, StackError) as error:
        pytest.fail(f"these tests need a running Docker engine with Compose: {error}", pytrace=False)
    made = Stack(f"boundary-test-{os.getpid()}")
    try:
        made.up()
        yield made
    finally:
        made.down()
