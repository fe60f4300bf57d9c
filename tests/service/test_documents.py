"""`GET /openapi.json` is valid and true, and `GET /docs` needs no other host."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.conftest import Server


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.get("/openapi.json").json()
    return found


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_address_of_the_service_is_described(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == {
        *("/predict", "/boundary", "/comparison", "/dataset", "/openapi.json"),
        *("/models", "/models/{name}", "/models/{name}/versions/{number}", "/health/live", "/health/ready", "/metrics"),
    }


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


def test_the_page_loads_nothing_from_another_host(server: Server) -> None:
    page = server.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert [address for address in loaded if not address.startswith(("/docs/", "data:"))] == []
    for address in loaded:
        if address.startswith("/"):
            assert server.get(address).status_code == 200


def _validate(document: dict[str, Any], schema: dict[str, Any], instance: object) -> None:
    errors = list(Draft202012Validator({**schema, "components": document["components"]}).iter_errors(instance))
    assert errors == []
