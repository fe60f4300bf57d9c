"""Settings are read from the environment, and a wrong environment stops the service with a reason."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import Settings, SettingsError
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SERVICE_")]:
        monkeypatch.delenv(name)


def test_nothing_needs_to_be_set() -> None:
    assert Settings.from_environment() == Settings()


def test_each_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "MODELS_DIR": "/m",
        "DEFAULT_MODEL": "linear",
        "ENGINE": "litert",
        "POLL_SECONDS": "0.5",
        "MAX_BODY_BYTES": "10",
        "MAX_POINTS": "20",
        "MAX_CONCURRENCY": "3",
        "CACHE_BYTES": "0",
        "API_KEYS_FILE": "/k",
        "CORS_ORIGINS": "https://one.example,http://localhost:8080",
        "FRAME_ANCESTORS": "self, https://*.school.example,http://localhost:*,vscode-webview:",
        "LOG_LEVEL": "DEBUG",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"SERVICE_{name}", value)
    origins = ("https://one.example", "http://localhost:8080")
    ancestors = ("self", "https://*.school.example", "http://localhost:*", "vscode-webview:")
    assert Settings.from_environment() == Settings(
        Path("/m"), "linear", "litert", 0.5, 10, 20, 3, 0, Path("/k"), origins, ancestors, "DEBUG"
    )
    assert len(values) == len(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SERVICE_ENGINE", "torch", "litert"),
        ("SERVICE_MAX_POINTS", "0", "SERVICE_MAX_POINTS"),
        ("SERVICE_POLL_SECONDS", "0", "SERVICE_POLL_SECONDS"),
        ("SERVICE_MAX_POINTS", "many", "SERVICE_MAX_POINTS"),
        ("SERVICE_LOG_LEVEL", "LOUD", "WARNING"),
        ("SERVICE_CORS_ORIGINS", "https://one.example,two.example", "two.example: not an origin"),
        ("SERVICE_CORS_ORIGINS", "https://one.example/page", "https://one.example/page: not an origin"),
        *(
            (
                "SERVICE_FRAME_ANCESTORS",
                f"https://one.example,{wrong}",
                f"{re.escape(wrong)}: not a site.* such as https://",
            )
            for wrong in ("two.example", "https://two.example/page", "'none'", "https://a.example; script-src *", "a b")
        ),
        ("SERVICE_MODEL_DIR", "/m", "SERVICE_MODELS_DIR"),
        ("SERVICE_MODELS_DIR", __file__, "is a file, not a directory"),
    ],
)
def test_a_wrong_value_or_name_is_refused_and_says_what_may_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment()


def test_an_empty_list_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CORS_ORIGINS", "FRAME_ANCESTORS"):
        monkeypatch.setenv(f"SERVICE_{name}", "")  # as compose passes on what is not set
    assert Settings.from_environment() == Settings()


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MODEL_DIR", "/m"), ("ENGINE", "torch"), ("MAX_POINTS", "0")):
        monkeypatch.setenv(f"SERVICE_{name}", value)
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment()
    for fault in ("unknown: SERVICE_MODEL_DIR;", "Must be one of: auto, litert, tensorflow", "SERVICE_MAX_POINTS': ["):
        assert fault in str(raised.value)


def test_gunicorn_does_not_start_with_a_wrong_environment() -> None:
    environment = {**os.environ, "SERVICE_ENGIN": "auto", "PORT": "0", "WEB_CONCURRENCY": "1"}
    command = [sys.executable, "-m", "gunicorn"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "SERVICE_ENGIN; known:" in ended.stderr
