"""Where gunicorn listens: a wrong address is one line that says what to do, before anything else is done."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from service.address import Address, AddressError
from tests.conftest import ROOT, free_port

WRONG = [
    ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY=0: must be a whole number from 1 to 1024"),
    ("WEB_CONCURRENCY", "two", "WEB_CONCURRENCY=two: must be a whole number from 1 to 1024"),
    ("PORT", "x", "PORT=x: must be a whole number from 0 to 65535"),
    ("PORT", "65536", "PORT=65536: must be a whole number from 0 to 65535"),
    ("GRPC_PORT", "x", "GRPC_PORT=x: must be a whole number from 1 to 65535"),
    ("GRPC_PORT", "0", "GRPC_PORT=0: must be a whole number from 1 to 65535"),
]


def refused(module: str, **environment: str) -> str:
    """Run a module that is to fail, and return the one line that it says."""
    ended = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, "PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(AddressError) as raised:
        Address.from_environment()
    assert str(raised.value) == message


def test_one_port_for_both_transports_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8001")
    monkeypatch.setenv("GRPC_PORT", "8001")
    with pytest.raises(AddressError, match="GRPC_PORT=8001: is PORT too"):
        Address.from_environment()


@pytest.mark.parametrize("module", ["service.address", "gunicorn"])
def test_nothing_starts_with_a_wrong_value(module: str) -> None:
    """`make serve` runs the one before anything is installed, and then the other."""
    name, value, message = WRONG[0]
    assert refused(module, **{name: value}) == f"the service does not start: {message}"


def test_a_taken_port_is_refused_and_another_proposed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("service.address", PORT=str(port))
    other = port + 1 if port < 65535 else 8000
    assert line == (
        f"the service does not start: port {port} of 127.0.0.1 is taken; choose another: PORT={other} make serve"
    )


def test_an_address_that_this_machine_does_not_have_is_refused() -> None:
    assert "HOST=192.0.2.1: this machine has no such address" in refused("service.address", HOST="192.0.2.1")
    assert "HOST=no.invalid: this machine has no such address" in refused("service.address", HOST="no.invalid")


def test_a_free_port_passes() -> None:
    command = [sys.executable, "-m", "service.address"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "HOST": "", "PORT": str(free_port())}, timeout=60, check=True)


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 address")
def test_the_service_listens_on_an_ipv6_address(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "HOST": "::1", "PORT": str(port), "WEB_CONCURRENCY": "1"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environment, stderr=log)
    try:
        session = requests.Session()
        session.mount("http://", HTTPAdapter(max_retries=Retry(12, backoff_factor=0.1)))
        assert session.get(f"http://[::1]:{port}/health/live", timeout=20).status_code == 200
    finally:
        process.terminate()
        process.wait(timeout=60)
