"""v1's bodies whose numbers are read as an array are taken, or refused in the same words, as those read as lists."""

import json
from pathlib import Path
from typing import Any

import pytest

from service import CONTEXT
from service.app import create_app
from service.edges.tensorflow_serving.tensors import decode
from service.errors import ServiceError
from service.http import points_json
from service.registry.models import ModelVersion
from service.settings import Settings

POINTS = [[0.1, -2], [3, 4e-5]] * 100


@pytest.fixture(scope="module")
def version(models_dir: Path) -> ModelVersion:
    served: ModelVersion = create_app(Settings(models_dir=models_dir)).extensions[CONTEXT].plane.version(None, "tanh-3")
    return served


def outcome(body: bytes, version: ModelVersion) -> object:
    try:
        call = decode(body, version, 1000)
    except ServiceError as error:
        return type(error), error.detail
    return call.signature, call.scalars, call.in_rows, call.points.tobytes(), call.points.shape


AT: dict[str, Any] = {"points": POINTS, "replicate": 1, "snapshot": 0}


@pytest.mark.parametrize(
    "document",
    [
        {"instances": POINTS},
        {"inputs": POINTS},
        {"inputs": {"points": POINTS}},
        {"signature_name": "at", "inputs": AT},
        {"signature_name": "at", "inputs": {**AT, "replicate": POINTS}},
        {"signature_name": "at", "inputs": {**AT, "points": [[1, 2]], "replicate": POINTS}},
        {"signature_name": "at", "instances": POINTS},
        {"signature_name": POINTS, "instances": [[1, 2]]},
        {"signature_name": 3, "instances": POINTS},
        {"instances": POINTS, "inputs": [[1, 2]]},
        {"instances": {"points": POINTS}},
        {"instances": [{"points": point} for point in POINTS]},
        {"inputs": {"other": POINTS}},
        {"instances": [*POINTS, [1]]},
        {"instances": [*POINTS, [1e21, 0]]},
        {"instances": [*POINTS, [True, 0]]},
        {"instances": [point[0] for point in POINTS]},
        {"instances": [[0.5]] * 200},
        {"instances": POINTS * 6},
        {"others": POINTS},
        [POINTS],
        POINTS,
    ],
    ids=lambda document: json.dumps(document)[:40],
)
def test_an_array_is_taken_as_lists_are(document: Any, version: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(document).encode()
    read_quickly = outcome(body, version)
    monkeypatch.setattr(points_json, "ARRAY_PARSE_MIN_BYTES", len(body) + 1)
    assert read_quickly == outcome(body, version)
