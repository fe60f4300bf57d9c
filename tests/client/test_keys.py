"""The API key: sent to the service, to nobody else, and never shown."""

from pathlib import Path

import pytest

from client import BoundaryClient, UnauthorizedError
from tests.client.scripted import ScriptedResponse, scripted
from tests.client.test_cli import run_client
from tests.conftest import ALICE as KEY
from tests.conftest import Server

NO_MODELS: ScriptedResponse = (200, {"Content-Type": "application/json"}, b'{"default_model": "m", "models": []}')


def test_a_service_with_keys_answers_only_a_client_with_one_of_them(guarded: Server) -> None:
    with BoundaryClient(guarded.url, KEY) as client:
        assert client.predict([[0, 0]]).labels.tolist() == [0]
        assert client.boundary(resolution=3).values.shape == (3, 3)
    for wrong in (None, "nonsense"):
        with BoundaryClient(guarded.url, wrong) as client, pytest.raises(UnauthorizedError) as caught:
            client.models()
        assert caught.value.status == 401
        assert "nonsense" not in str(caught.value)


def test_the_command_line_takes_a_key_as_an_option_or_a_variable(guarded: Server) -> None:
    url = ("--url", guarded.url)
    by_option = run_client(*url, "--api-key", KEY, "models")
    by_variable = run_client(*url, "models", BOUNDARY_API_KEY=KEY)
    assert (by_option.returncode, by_option.stdout) == (by_variable.returncode, by_variable.stdout)
    assert "tanh-3" in by_option.stdout
    for done in (run_client(*url, "models"), run_client(*url, "--api-key", "nonsense", "models")):
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: Unauthorized: ")
        assert "nonsense" not in done.stderr


def test_the_command_line_says_where_a_key_goes_and_never_which() -> None:
    shown = run_client("--help", BOUNDARY_API_KEY=KEY)
    assert "BOUNDARY_API_KEY" in shown.stdout
    refused = run_client("--api-key", f"{KEY} ", "models")
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        2,
        "Error: the API key must be printable ASCII without spaces",
    )
    assert KEY not in shown.stdout + refused.stderr


def test_a_key_is_sent_as_a_bearer_token_whatever_a_netrc_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted(NO_MODELS) as server, BoundaryClient(server.url, KEY) as client:
        client.models()
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_a_key_does_not_follow_to_another_host() -> None:
    with scripted(NO_MODELS) as other:
        moved: ScriptedResponse = (302, {"Location": other.url.replace("127.0.0.1", "localhost") + "/models"}, b"")
        with scripted(moved) as server, BoundaryClient(server.url, KEY) as client:
            client.models()
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in other.headers[0]


@pytest.mark.parametrize("key", ["", "a b", "secret\n", "schlüssel", "\x00"])
def test_what_cannot_be_a_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII without spaces") as caught:
        BoundaryClient("http://127.0.0.1:1", key)
    assert not key or key not in str(caught.value)
