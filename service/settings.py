"""Configuration from the environment, validated at the start: a wrong value or an unknown name stops the service."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from environs import Env, EnvError, ValidationError, validate

EngineChoice = Literal["auto", "litert", "tensorflow"]
PREFIX = "SERVICE_"

QUEUE_PER_SLOT = 8
"""How many requests may wait for each that computes. A point takes 0.1 ms, a grid 3 ms: as a rule
the last in the queue waits for milliseconds."""


class SettingsError(Exception):
    """The environment is wrong; the message names every variable at fault and what it may be."""


_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:[0-9]+)?")


def _check_origins(origins: list[str]) -> None:
    wrong = [origin for origin in origins if not _ORIGIN.fullmatch(origin)]
    if wrong:
        raise ValidationError(f"{', '.join(wrong)}: not an origin, such as https://example.org, or *.")


_ANCESTOR = re.compile(r"\*|self|vscode-(webview|file):|https?:(//(\*|(\*\.)?[A-Za-z0-9.-]+)(:([0-9]+|\*))?)?")
"""A source of Content-Security-Policy, without a path; its `'self'` without the quotes. VS Code's notebooks are in
pages of its own schemes, which `*` does not name."""


def _check_ancestors(ancestors: list[str]) -> None:
    wrong = [ancestor for ancestor in ancestors if not _ANCESTOR.fullmatch(ancestor)]
    if wrong:
        raise ValidationError(
            f"{', '.join(wrong)}: not a site that may show pages in a frame. Name origins, by commas, such as "
            "https://school.example, https://*.school.example or http://localhost:*; self for its own, * for all; "
            "leave it empty for none."
        )


def _check_directory(path: Path) -> None:
    if path.exists() and not path.is_dir():  # one that does not exist yet may still be trained into
        raise ValidationError(f"{path} is a file, not a directory.")


@dataclass(frozen=True)
class Settings:
    models_dir: Path = Path("models")
    default_model: str = "tanh-10-10"
    engine: EngineChoice = "auto"
    poll_seconds: float = 5
    max_body_bytes: int = 16 * 2**20
    max_points: int = 100_000
    max_concurrency: int = 4
    cache_bytes: int = 32 * 2**20
    api_keys_file: Path | None = None
    cors_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read `SERVICE_*` from the environment.

        Raises:
            SettingsError: a value is not allowed, or a name is not known.
        """
        env = Env(eager=False)
        with env.prefixed(PREFIX):
            settings = cls(
                models_dir=env.path("MODELS_DIR", cls.models_dir, validate=_check_directory),
                default_model=env.str("DEFAULT_MODEL", cls.default_model),
                engine=cast(
                    EngineChoice, env.str("ENGINE", cls.engine, validate=validate.OneOf(get_args(EngineChoice)))
                ),
                poll_seconds=env.float(
                    "POLL_SECONDS", cls.poll_seconds, validate=validate.Range(min=0, min_inclusive=False)
                ),
                max_body_bytes=env.int("MAX_BODY_BYTES", cls.max_body_bytes, validate=validate.Range(min=1)),
                max_points=env.int("MAX_POINTS", cls.max_points, validate=validate.Range(min=1)),
                max_concurrency=env.int("MAX_CONCURRENCY", cls.max_concurrency, validate=validate.Range(1, 256)),
                cache_bytes=env.int("CACHE_BYTES", cls.cache_bytes, validate=validate.Range(min=0)),
                api_keys_file=env.path("API_KEYS_FILE", cls.api_keys_file),
                cors_origins=tuple(env.list("CORS_ORIGINS", [], validate=_check_origins) or ()),  # None: a wrong one
                frame_ancestors=tuple(
                    env.list("FRAME_ANCESTORS", [], subcast=str.strip, validate=_check_ancestors) or ()
                ),
                log_level=env.str(
                    "LOG_LEVEL", cls.log_level, validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
                ),
            )
        known = {PREFIX + name.upper() for name in cls.__dataclass_fields__}
        unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
        faults = [f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}"] if unknown else []
        try:
            env.seal()
        except EnvError as error:
            faults.append(str(error))
        if faults:
            raise SettingsError("; ".join(faults))
        return settings
