"""Published clients ask this service for every operation of both standards. None fails; the report says what does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from benchmarks.conformance import operations as op
from benchmarks.conformance.asking import NO, NOT_OFFERED, YES, Column, Result, Target, WrongNumbersError
from benchmarks.conformance.clients.tensorflow_serving import status_of
from benchmarks.conformance.report import CLIENTS, NotAskedError, Seen, ask, failures, text
from tests.conftest import ALICE, ALICE_LINE, ROOT, free_port, running
from tests.service.edges.standards import POINTS

INSTALLED = [client for client in CLIENTS if client.environment is None]

LEFT_OUT = {
    "tritonclient, gRPC": {op.STATISTICS, op.CONFIGURATION},
    "requests, REST": {op.STATUS_LABEL, op.PREDICT_LABEL, op.CLASSIFY, op.REGRESS},
    "tensorflow-serving-api, gRPC": {op.STATUS_LABEL, op.PREDICT_LABEL, op.CLASSIFY, op.REGRESS, op.MULTI},
}
"""What the standards leave to a server, and this service has not got."""


@pytest.fixture(scope="module")
def seen(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen | NotAskedError]]:
    """What the clients see that the tests' environment has, with a key, without which no model is unloaded."""
    directory, port = tmp_path_factory.mktemp("asked"), free_port()
    (directory / "keys").write_text(ALICE_LINE + "\n")
    settings = {
        "SERVICE_MODELS_DIR": str(models_dir),
        "SERVICE_API_KEYS_FILE": str(directory / "keys"),
        "GRPC_PORT": str(port),
    }
    with running(directory, **settings) as server:
        server.wait_until_ready()
        body, headers = {"model": "tanh-3", "points": POINTS.tolist()}, {"X-API-Key": ALICE}
        expected = server.post("/predict", json=body, headers=headers).json()["probabilities"]
        target = Target(
            *(server.url, f"{server.address[0]}:{port}", "tanh-3", "points", "probabilities", POINTS.tolist()),
            *(expected, ALICE, True),
        )
        yield {client.module: ask(client, target) for client in INSTALLED}


def test_no_operation_of_either_standard_fails(seen: dict[str, Seen | NotAskedError]) -> None:
    assert failures(seen) == []
    results = {column: result for found in seen.values() if isinstance(found, dict) for column, result in found.items()}
    assert {column: {name for name, result in found.items() if result.answer == NOT_OFFERED}
            for column, found in results.items()} == {"tritonclient, HTTP": set(), **LEFT_OUT}  # fmt: skip
    refused = [result for found in results.values() for result in found.values() if result.answer == YES]
    assert [result.reason for result in refused if result.reason] == []  # none is told as the service's own fault


def test_every_operation_is_asked_for_by_a_client(seen: dict[str, Seen | NotAskedError]) -> None:
    asked = {name for found in seen.values() if isinstance(found, dict) for column in found.values() for name in column}
    assert asked == {name for sections in op.STANDARDS.values() for section in sections for name in section.operations}


def test_what_fails_is_told_with_its_reason() -> None:
    def answer(status: int) -> None:
        response = requests.Response()
        response.status_code = status
        raise requests.HTTPError("what the server says", response=response)

    def wrong() -> None:
        raise WrongNumbersError("wrong numbers")

    column = Column(status_of)
    assert column.answers(lambda: None) == Result(YES)
    assert column.answers(wrong) == Result(NO, "wrong numbers")
    assert column.answers(lambda: answer(404)) == Result(NO, "404: what the server says")
    assert column.answers(lambda: answer(404), optional=True) == Result(NOT_OFFERED, "404: what the server says")
    assert column.answers(lambda: answer(500), optional=True) == Result(NO, "500: what the server says")
    assert column.refuses(lambda: answer(404)) == Result(YES)
    assert column.refuses(lambda: answer(500)) == Result(YES, "as the server's fault, 500")
    assert column.refuses(lambda: None) == column.refuses(wrong) == Result(NO, "not refused")


def test_the_report_shows_reasons_and_standards_that_are_not_spoken() -> None:
    absent = dict.fromkeys((op.STATUS, op.METADATA, op.ROWS), Result(NO, "404: there is nothing"))
    seen: dict[str, Seen | NotAskedError] = {
        "triton": {"tritonclient, HTTP": {op.LIVE: Result(YES), op.NO_INPUT: Result(NO, "not refused")}},
        "kserve": NotAskedError("not installed"),
        "tensorflow_serving": {"requests, REST": {**absent, op.NO_SERVABLE: Result(YES)}},
    }
    assert failures(seen) == ["tritonclient, HTTP: unknown input: not refused"]
    report = text(seen)
    assert re.search(r"\| unknown input +\| +\*\*no\*\* \(1\) \|", report)
    assert "\n1. not refused\n" in report
    assert "## TensorFlow Serving\n\nNot spoken." in report
    assert "Not asked by KServe's client: not installed." in report


def test_the_page_has_every_operation_and_no_failure_of_this_service() -> None:
    own = (ROOT / "docs/conformance.md").read_text().split("\n## ")[1]
    assert own.startswith("This service")
    assert "**no**" not in own
    assert all(
        f"| {name} " in own for sections in op.STANDARDS.values() for part in sections for name in part.operations
    )
