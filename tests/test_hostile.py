"""The short form of the hostile inputs, and what it would call a fault."""

import gzip
from pathlib import Path

import pytest

from chaos.hostile.heads import HostileInput
from chaos.hostile.scenario import run_hostile
from chaos.hostile.sending import fault

INPUTS = 200

COMPRESSED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"


def test_hostile_inputs_are_refused_or_answered_and_the_service_goes_on(models_dir: Path) -> None:
    said: list[str] = []
    findings = list(run_hostile(models_dir, INPUTS, seed=1, tell=said.append))
    assert [finding for finding in findings if not finding.passed] == [], "\n".join(said)
    (sent,) = [finding for finding in findings if finding.metric.startswith("inputs: ")]
    assert sent.measured == str(INPUTS)
    for kind in ("JSON", "binary", "coding", "fields", "raw", "target"):
        assert f"{kind} " in sent.metric


@pytest.mark.parametrize(
    ("received", "is_fault"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", True),
        (COMPRESSED + gzip.compress(b"{}", mtime=0), False),
        (COMPRESSED + gzip.compress(b"{", mtime=0), True),
        (COMPRESSED + b"{}", True),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>", False),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n{}HTTP/1.1 500 Internal Server Error\r\n\r\n", True),
        (b"nonsense", True),
        (b"", True),
    ],
)
def test_a_fault_is_any_answer_that_a_client_cannot_take(received: bytes, is_fault: bool) -> None:
    assert (fault(HostileInput("JSON", b""), received) is not None) == is_fault


def test_what_is_no_whole_request_needs_no_answer() -> None:
    assert fault(HostileInput("raw", b"\0", is_whole=False), b"") is None
