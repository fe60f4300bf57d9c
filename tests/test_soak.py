"""The short soak: its findings, by the letter of each part."""

from dataclasses import replace
from pathlib import Path

import pytest

from chaos.findings import Finding
from chaos.soak import over_grpc, server
from chaos.soak.scenario import SHORT, run_soak

PARTS = {
    "a": "faults under load",
    "b": "how soon versions roll out",
    "c": "memory",
    "d": "slow clients",
    "e": "shortages",
    "f": "swaps over gRPC",
}


@pytest.fixture(scope="module")
def findings(models_dir: Path) -> list[Finding]:
    """Times are for `make soak` to judge, on a machine of its own."""
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr(server, "DYING_SECONDS", 30)
        patience.setitem(over_grpc.CONSTANTS, "service.rpc.server.HANDOVER_SECONDS", 300)  # new workers begin slowly
        return run_soak(models_dir, replace(SHORT, max_polls=600), seed=1, tell=print)


@pytest.mark.parametrize("part", PARTS, ids=PARTS.get)
def test_every_promise_is_kept(findings: list[Finding], part: str) -> None:
    limited = [finding for finding in findings if finding.part == part and finding.limit]
    assert limited
    assert [finding for finding in limited if not finding.passed] == []


def test_it_sends_enough_requests_to_say_so(findings: list[Finding]) -> None:
    measured = {(finding.part, finding.metric): finding.measured for finding in findings}
    assert int(measured["c", "points predicted"].replace(",", "")) == SHORT.predictions
    assert int(measured["c", "grids"]) == SHORT.grids
    for part, beginning in (("a", "requests during"), ("d", "requests of"), ("e", "requests during a shortage"),
                            ("f", "calls over gRPC")):  # fmt: skip
        found = [value for key, value in measured.items() if key[0] == part and key[1].startswith(beginning)]
        assert sum(int(requests.replace(",", "")) for requests in found) > 100
    assert ("d", "p99 beside 20 connections at a byte a second (20 survived)") in measured
    assert ("d", "p99 beside 200 idle connections") in measured
