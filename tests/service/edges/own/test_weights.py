"""`GET /models/<name>/versions/<v>/weights`: whoever has the weights gets the service's numbers."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import MODELS, Server

ACTIVATIONS: dict[str | None, Callable[..., Any]] = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}


def weights(server: Server, name: str, **query: object) -> Any:
    answer = server.get(f"/models/{name}/versions/1/weights", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def forward(found: Any, snapshot: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate a network as the operation's description says."""
    values = points
    for layer in found["layers"]:
        values = values @ np.array(layer["kernel"][snapshot]) + np.array(layer["bias"][snapshot])
        if layer is not found["layers"][-1]:
            values = ACTIVATIONS[found["activation"]](values)
    return 1 / (1 + np.exp(-values[:, 0]))


@pytest.mark.parametrize("name", MODELS)
def test_the_network_evaluated_with_them_gives_the_boundary_of_any_run_at_any_epoch(name: str, server: Server) -> None:
    found = weights(server, name, replicate=7)
    for snapshot in (0, 9, -1):
        epoch = found["epochs"][snapshot]
        grid = server.get(f"/boundary?model={name}&replicate=7&epoch={epoch}&resolution=9").json()
        points = np.stack(np.meshgrid(grid["x"], grid["y"]), axis=-1).reshape(-1, 2)
        theirs = np.array(grid["probabilities"]).reshape(-1)
        np.testing.assert_allclose(
            forward(found, snapshot, points), theirs, rtol=0, atol=5e-6
        )  # the service computes in float32


def test_every_recorded_epoch_is_there_or_the_one_that_is_asked_for(server: Server) -> None:
    found = weights(server, "tanh-10-10")
    assert found["epochs"] == server.get("/models/tanh-10-10").json()["card"]["epochs"]
    shapes = [(np.shape(layer["kernel"]), np.shape(layer["bias"])) for layer in found["layers"]]
    s = len(found["epochs"])
    assert shapes == [((s, 2, 10), (s, 10)), ((s, 10, 10), (s, 10)), ((s, 10, 1), (s, 1))]
    one = weights(server, "tanh-10-10", epoch=16)
    assert one["epochs"] == [16]
    at = found["epochs"].index(16)
    assert [layer["kernel"][0] for layer in one["layers"]] == [layer["kernel"][at] for layer in found["layers"]]


def test_the_answer_may_be_kept_for_good(server: Server) -> None:
    path = "/models/tanh-3/versions/1/weights?replicate=2"
    first = server.get(path)
    assert "immutable" in first.headers["Cache-Control"]
    again = server.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert server.get(path.replace("=2", "=3")).headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("tanh-3/versions/1/weights?replicate=30", 422, "has replicates 0 to 29, not 30"),
        ("tanh-3/versions/1/weights?epoch=17", 422, "recorded epochs: 0, 1, 2"),
        ("tanh-3/versions/1/weights?epoch=x", 422, "epoch"),
        ("tanh-3/versions/1/weights?run=1", 422, "valid fields: replicate, epoch"),
        ("tanh-3/versions/9/weights", 404, "has no version 9"),
        ("none/versions/1/weights", 404, "'none'"),
    ],
)
def test_what_cannot_be_given_is_told(server: Server, path: str, status: int, says: str) -> None:
    answer = server.get(f"/models/{path}")
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_packed_they_are_the_same_numbers_by_what_each_epoch_changed(server: Server) -> None:
    for query in ({}, {"epoch": 16}):
        plain, packed = weights(server, "tanh-10-10", **query), weights(server, "tanh-10-10", packed="true", **query)
        assert {**plain, "layers": []} == {**packed, "layers": []}
        for one, other in zip(plain["layers"], packed["layers"], strict=True):
            for kind in ("kernel", "bias"):
                right = np.array(one[kind], np.float32)
                np.testing.assert_array_equal(unpacked(other[kind], len(right)), right.reshape(len(right), -1))


def unpacked(text: str, epochs: int) -> NDArray[np.float32]:
    """Return packed numbers [epochs, weights] as the parameter's description says."""
    planes = np.frombuffer(b64decode(text), np.uint8).reshape(4, -1)
    changes = planes.T.copy().view("<i4").reshape(-1, epochs)
    return np.cumsum(changes, axis=1, dtype=np.int32).view("<f4").T
