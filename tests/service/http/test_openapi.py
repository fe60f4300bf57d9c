"""`GET /openapi.json` is valid and true.

Two tools that know nothing of the service but this document try it: a property-based tester and a generator of clients.
"""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service import keys
from tests.conftest import ROOT, Server, StartServer

BINARIES = Path(sys.executable).parent


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.get("/openapi.json").json()
    return found


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


CONFIGURATION = """
content_type_overrides: {text/csv: application/octet-stream, application/x-npy: application/octet-stream}
post_hooks: []
"""
"""What the generator is told: media types that it does not know are files, and nobody reads what it writes."""

V1, V2 = "/v1/models/{name}", "/v2/models/{name}"
OF_VERSION = "/versions/{version}"


def test_every_address_of_the_service_is_described(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == {
        *("/predict", "/boundary", "/volume", "/comparison", "/dataset", "/openapi.json"),
        *("/models", "/models/{name}", "/models/{name}/versions/{number}", "/models/{name}/versions/{number}/weights"),
        *("/studies", "/studies/{name}", "/studies/{name}/boundaries"),
        *("/health/live", "/health/ready", "/metrics"),
        *(V1 + version + suffix for version in ("", OF_VERSION) for suffix in ("", "/metadata", ":predict")),
        *("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/stats", "/v2/repository/index"),
        *(
            V2 + version + suffix
            for version in ("", OF_VERSION)
            for suffix in ("", "/config", "/ready", "/infer", "/stats")
        ),
        *(f"/v2/repository/models/{{name}}/{verb}" for verb in ("load", "unload")),
    }


def test_examples_are_what_the_service_answers(server: Server, document: dict[str, Any]) -> None:
    compared = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation["responses"]["200"]["content"].get("application/json", {})
            if "example" not in content:
                continue
            _validate(document, content["schema"], content["example"])
            url = path.format(name="tanh-10-10", version="1", number="1")
            if method == "post":
                request = operation["requestBody"]["content"]["application/json"]
                _validate(document, request["schema"], request["example"])
                answer = server.post(url, json=request["example"]).json()
            else:
                answer = server.get(url + ("?resolution=3" if path == "/boundary" else "")).json()
            assert _is_cut_from(content["example"], answer), path
            compared += 1
    assert compared == 30  # the rest are text, other each time, or change something


def _is_cut_from(example: object, answer: object) -> bool:
    """Say whether an example is the answer, or that with its lists cut short."""
    if isinstance(example, dict) and isinstance(answer, dict):
        return example.keys() == answer.keys() and all(_is_cut_from(example[name], answer[name]) for name in example)
    if isinstance(example, list) and isinstance(answer, list):
        pairs = zip(example, answer, strict=len(answer) <= 3)
        return all(_is_cut_from(one, other) for one, other in pairs)
    return example == answer


def test_a_property_based_tester_finds_nothing(start_server: StartServer, models_dir: Path, tmp_path: Path) -> None:
    """Requests that fit the document, or do not: answered as it says, and never with a 5xx."""
    key, line = keys.make("tester")
    (tmp_path / "keys").write_text(line + "\n")
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), SERVICE_API_KEYS_FILE=str(tmp_path / "keys"))
    command: list[str | Path] = [BINARIES / "schemathesis", "--config-file", ROOT / "schemathesis.toml", "run"]
    options = ["--header", f"X-API-Key: {key}", "--max-examples", "3", "--seed", "1", "--no-color"]
    ended = subprocess.run(
        [*command, server.url + "/openapi.json", *options], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout
    assert "40 selected / 40 total" in ended.stdout
    statuses = {entry["status"] for entry in server.events("request")}
    assert {200, 400, 404, 405, 422} <= statuses
    assert max(map(int, map(str, statuses))) < 500


def test_a_generated_client_works(
    server: Server, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openapi.json").write_text(server.get("/openapi.json").text)
    (tmp_path / "config.yml").write_text(CONFIGURATION)
    generate: list[str | Path] = [BINARIES / "openapi-python-client", "generate", "--path", "openapi.json"]
    generate += ["--config", "config.yml"]
    ended = subprocess.run(
        [*generate, "--meta", "none", "--output-path", "generated"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert "WARNING" not in ended.stdout + ended.stderr
    monkeypatch.syspath_prepend(tmp_path)
    models = importlib.import_module("generated.models")
    with importlib.import_module("generated").Client(server.url, raise_on_unexpected_status=True) as client:

        def call(tag: str, name: str, *path: str, **options: Any) -> Any:
            return (
                importlib.import_module(f"generated.api.{tag}.{name}").sync(*path, client=client, **options).to_dict()
            )

        asked = {"points": [[0.1, 0.2], [0.9, -0.4]]}
        predicted = call("predict", "post_predict", body=models.PredictRequest.from_dict(asked))
        assert predicted == server.predict(**asked).json()
        scores = document["paths"]["/comparison"]["post"]["requestBody"]["content"]["application/json"]["example"]
        compared = call("results", "post_comparison", body=models.ScoresRequest.from_dict(scores))
        assert compared == server.post("/comparison", json=scores).json()
        grid = call("boundary", "get_boundary", model="linear", resolution=4)
        assert grid == server.get("/boundary?model=linear&resolution=4").json()
        assert call("boundary", "get_boundary", epoch=10**6)["errors"].keys() == {"epoch"}
        for path, tag, name, model in (
            ("/v1/models/{name}:predict", "tensor_flow_serving_rest_v_1", "post_v1_predict_name", "PredictRequestV1"),
            ("/v2/models/{name}/infer", "open_inference_protocol_v_2", "post_infer_name", "InferRequest"),
        ):
            example = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
            answer = call(tag, name, "tanh-3", body=getattr(models, model).from_dict(example))
            assert answer == server.post(path.format(name="tanh-3"), json=example).json()


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/boundary", "/boundary?resolution=3"),
        ("/comparison", "/comparison"),
        ("/dataset", "/dataset"),
        ("/models", "/models"),
        ("/models/{name}", "/models/linear"),
        ("/models/{name}/versions/{number}", "/models/linear/versions/1"),
        ("/health/live", "/health/live"),
        ("/health/ready", "/health/ready"),
    ],
)
def test_answers_have_the_documented_shape(server: Server, document: dict[str, Any], path: str, url: str) -> None:
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    _validate(document, content["application/json"]["schema"], server.get(url).json())


def test_both_answers_of_predict_have_the_documented_shape(server: Server, document: dict[str, Any]) -> None:
    operation = document["paths"]["/predict"]["post"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    request = operation["requestBody"]["content"]["application/json"]
    for body in (request["example"], {"points": [[0, 0]], "models": "all"}):
        _validate(document, request["schema"], body)
        answer = server.predict(**body)
        assert answer.status_code == 200
        _validate(document, schema, answer.json())


def test_problems_have_the_documented_shape(server: Server, document: dict[str, Any]) -> None:
    for answer, path, method in (
        (server.predict(points=[]), "/predict", "post"),
        (server.get("/boundary?resolution=0"), "/boundary", "get"),
        (server.get("/models/nothing"), "/models/{name}", "get"),
    ):
        responses = document["paths"][path][method]["responses"]
        content = responses[str(answer.status_code)]["content"]["application/problem+json"]
        _validate(document, content["schema"], answer.json())


def _validate(document: dict[str, Any], schema: dict[str, Any], instance: object) -> None:
    errors = list(Draft202012Validator({**schema, "components": document["components"]}).iter_errors(instance))
    assert errors == []
