"""The same points give the same numbers, whichever interface they are sent to and in whatever form."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient import http

from harness import bundles
from tests.conftest import MODELS, Server, running
from tests.service.edges.standards import HEADER_LENGTH, Floats, address, predicted, split, tensor, with_bytes

SERVED = [(name, None) for name in MODELS] + [("tanh-3", 1), ("tanh-3", 2)]
"""Models, and versions where one is named."""

TOLERANCE = 1e-6

coordinates = st.floats(-3, 3, width=32) | st.floats(-1e6, 1e6, width=32)


@pytest.fixture(scope="module")
def both_versions(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Every model; tanh-3 has a second version with other weights."""
    models = bundles.copy(models_dir, tmp_path_factory.mktemp("versions"), *MODELS)
    bundles.publish(models_dir / "relu-3" / "1", models, "tanh-3", 2)
    with running(tmp_path_factory.mktemp("server"), SERVICE_MODELS_DIR=str(models)) as started:
        yield started


def answers(server: Server, name: str, version: int | None, points: Floats) -> dict[str, list[float]]:
    """Return what each interface says, by its name; each is asked for the version where there is one."""
    versions = "" if version is None else f"/versions/{version}"
    named = {} if version is None else {"version": version}
    infer, predict = f"/v2/models/{name}{versions}/infer", f"/v1/models/{name}{versions}:predict"
    content, headers = with_bytes(points, parameters={"binary_data_output": True})
    found: dict[str, list[float]] = {
        "predict": predicted(server, points, model=name, **named),
        "v1 rows": server.post(predict, json={"instances": points.tolist()}).json()["predictions"],
        "v1 columns": server.post(predict, json={"inputs": {"points": points.tolist()}}).json()["outputs"],
        "v2 JSON": server.post(infer, json={"inputs": [tensor(points)]}).json()["outputs"][0]["data"],
        "v2 binary": split(server.post(infer, data=content, headers=headers))[1].tolist(),
        "v2 raw": split(server.post(infer, data=points.tobytes(), headers={HEADER_LENGTH: "0"}))[1].tolist(),
    }
    with http.InferenceServerClient(address(server)) as triton:
        for binary in (True, False):
            asked = http.InferInput("points", list(points.shape), "FP32")
            asked.set_data_from_numpy(points, binary_data=binary)
            outputs = [http.InferRequestedOutput("probabilities", binary_data=binary)]
            result = triton.infer(name, [asked], "" if version is None else str(version), outputs)
            found[f"Triton's client, binary {binary}"] = result.as_numpy("probabilities").tolist()
    return found


def assert_agreement(found: dict[str, list[float]], right: list[float]) -> None:
    for interface, probabilities in found.items():
        assert probabilities == pytest.approx(right, abs=TOLERANCE), interface


@pytest.mark.parametrize(("name", "version"), SERVED)
def test_every_interface_agrees_with_the_nodes_of_the_boundary(
    both_versions: Server, name: str, version: int | None
) -> None:
    grid: dict[str, str | float] = {"model": name, "x_min": -1.3, "x_max": 1.1, "y_min": -0.9, "y_max": 1.4}
    if version is not None:
        grid["version"] = version
    shown = both_versions.get("/boundary", params={**grid, "resolution": 9}).json()
    nodes = np.array([[x, y] for y in shown["y"] for x in shown["x"]], np.float32)
    assert_agreement(answers(both_versions, name, version, nodes), np.ravel(shown["probabilities"]).tolist())


@settings(max_examples=20, deadline=None)
@given(
    served=st.sampled_from(SERVED),
    rows=st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=70),
)
def test_every_interface_agrees_at_any_points(
    both_versions: Server, served: tuple[str, int | None], rows: list[tuple[float, float]]
) -> None:
    found = answers(both_versions, *served, np.array(rows, np.float32))
    assert_agreement(found, found["predict"])


def test_the_named_version_answers_and_no_other(both_versions: Server) -> None:
    points = np.random.default_rng(11).uniform(-1.5, 1.5, (20, 2)).astype(np.float32)
    first, second, latest = (answers(both_versions, "tanh-3", version, points) for version in (1, 2, None))
    other = predicted(both_versions, points, model="relu-3")
    assert_agreement(second, other)
    assert_agreement(latest, other)
    for interface, probabilities in first.items():
        assert np.abs(np.subtract(probabilities, other)).max() > 0.01, interface
