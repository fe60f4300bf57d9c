"""An app's document is its own, and is made without Flask."""

from pathlib import Path
from typing import Any

import orjson

from service import keys
from service.app import create_app
from service.settings import Settings


def document(**settings: Any) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(create_app(Settings(**settings)).test_client().get("/openapi.json").data)
    return made


def examples(document: dict[str, Any]) -> int:
    return sum(
        "example" in content
        for operations in document["paths"].values()
        for operation in operations.values()
        for content in operation["responses"]["200"]["content"].values()
    )


def test_an_app_never_shows_the_examples_of_another_in_its_process(models_dir: Path, tmp_path: Path) -> None:
    key_file = tmp_path / "keys"
    key_file.write_text(keys.make("alice")[1] + "\n")
    assert examples(document(models_dir=models_dir)) > 20
    assert examples(document(models_dir=models_dir, api_keys_file=key_file)) == 0


def test_the_limits_in_a_document_are_those_of_its_app(models_dir: Path) -> None:
    for max_points in (100, 200):
        schemas = document(models_dir=models_dir, max_points=max_points)["components"]["schemas"]
        assert schemas["PredictRequest"]["properties"]["points"]["maxItems"] == max_points
