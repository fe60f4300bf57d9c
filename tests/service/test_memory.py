"""A worker gives back what a request took, refuses what there is no memory for, and recovers when there is."""

import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness import processes
from tests.conftest import Server, StartServer, running

MB = 2**20

PATIENCE_SECONDS = 30
"""A worker gives memory back once every half second; on a busy machine, later."""

POINTS = [[0.1, 0.2]] * 100_000
TENSOR = {"name": "points", "shape": [len(POINTS), 2], "datatype": "FP32", "data": POINTS}

LARGEST: dict[str, tuple[str, object]] = {
    "a picture": ("/boundary?resolution=2000&width=2000&format=png", None),
    "the comparison": ("/comparison?format=png&width=2000", None),
    "a grid as npy": ("/boundary?resolution=2000&format=npy", None),
    "a grid as JSON": ("/boundary?resolution=2000&format=json", None),
    "points": ("/predict", {"points": POINTS}),
    "points for v1": ("/v1/models/tanh-10-10:predict", {"instances": POINTS}),
    "points for v2": ("/v2/models/tanh-10-10/infer", {"inputs": [TENSOR]}),
}


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker that caches nothing, and has loaded Matplotlib, which takes 25 MB once."""
    with running(tmp_path_factory.mktemp("server"), **settings(models_dir)) as started:
        assert started.get("/boundary?resolution=9&width=200&format=png").status_code == 200
        yield started


def settings(models_dir: Path) -> dict[str, str]:
    return {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_CACHE_BYTES": "0"}


def ask(server: Server, path: str, body: object) -> requests.Response:
    return server.get(path) if body is None else server.post(path, json=body)


def test_without_memory_a_request_is_refused_and_with_it_answered_again(
    start_server: StartServer, models_dir: Path
) -> None:
    """Matplotlib has to be loaded then as well, which half loaded would fail for good."""
    server = start_server(**settings(models_dir))
    (worker,) = server.workers()
    status = Path(f"/proc/{worker}/status").read_text()
    (in_use,) = [int(kilobytes) * 1024 for kilobytes in re.findall(r"VmSize:\s+(\d+)", status)]
    unlimited = resource.prlimit(worker, resource.RLIMIT_AS)
    for spare in (0, 24 * MB):
        resource.prlimit(worker, resource.RLIMIT_AS, (in_use + spare, unlimited[1]))
        try:
            answers = {what: ask(server, *request) for what, request in LARGEST.items()}
        finally:
            resource.prlimit(worker, resource.RLIMIT_AS, unlimited)
        assert {answer.status_code for answer in answers.values()} <= {200, 503}, answers
        assert answers["a picture"].status_code == 503
        assert answers["a picture"].headers["Retry-After"] == "5"
    assert server.workers() == [worker]
    for what, request in LARGEST.items():
        assert ask(server, *request).status_code == 200, what


@pytest.mark.parametrize("what", LARGEST)
def test_a_worker_is_as_large_after_a_request_as_before(server: Server, what: str) -> None:
    (worker,) = server.workers()
    before = processes.memory(worker)["Pss_Anon"]
    assert ask(server, *LARGEST[what]).status_code == 200
    until = time.monotonic() + PATIENCE_SECONDS
    while (grown := processes.memory(worker)["Pss_Anon"] - before) >= 20 * MB:
        assert time.monotonic() < until, f"{grown / MB:.0f} MB"
        time.sleep(0.1)
