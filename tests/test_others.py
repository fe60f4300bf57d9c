"""The comparison with other servers under faults: what it counts as wrong, and that it breaks a server and says so."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

from benchmarks.request_formats import MODEL
from benchmarks.serving.contestants import SERVICE
from chaos.others.predictions import Predictions
from chaos.soak.model_store import ModelStore
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def store(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    return ModelStore(models_dir, tmp_path_factory.mktemp("others") / "models")


def answer(store: ModelStore, version: int, body: bytes) -> bytes:
    """Return what the service answers with a version of the model."""
    points = np.array(orjson.loads(body)["points"], np.float32)
    return orjson.dumps({"probabilities": store.expected(MODEL, version, points).tolist()})


def test_only_a_version_that_is_served_gives_right_answers(store: ModelStore) -> None:
    request = Predictions(SERVICE, store, seed=1).next()
    assert request.body is not None
    old = store.rolled_out_version(MODEL)
    assert request.check(answer(store, old, request.body)) is None
    new = store.publish(MODEL, "linear")
    assert request.check(answer(store, new, request.body)) is None
    store.mark_rolled_out(MODEL, new)
    later = Predictions(SERVICE, store, seed=2).next()
    assert later.body is not None
    assert "off" in str(later.check(answer(store, old, later.body)))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"probabilities": ["a"]}', b'{"probabilities": []}'])
def test_what_is_no_probability_a_point_is_wrong(store: ModelStore, content: bytes) -> None:
    assert Predictions(SERVICE, store, seed=1).next().check(content) is not None


def test_a_server_is_broken_and_nothing_of_ours_is_wrong(models_dir: Path) -> None:
    server = ("--server", "service", "--models-dir", str(models_dir))
    faults = ("--fault", "new version", "--fault", "hostile bytes", "--seconds", "1", "--clients", "3")
    command = [sys.executable, "-m", "chaos.others", *server, *faults]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    heading, _, row, *_, remark = ended.stdout.splitlines()
    measured = dict(zip(heading.split(" | "), row.split(" | "), strict=True))
    assert int(measured["requests"].replace(",", "")) > 100
    assert (measured["new version"], measured["hostile bytes |"], measured["restart"]) == ("0 / 0", "0 / 0 |", "–")
    assert re.search(r"\b0 of [1-9]\d* hostile requests got a 5xx", remark)
