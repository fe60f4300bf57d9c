"""The command: `python -m service.site OUT`."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from service import __version__
from service.app import create_app
from service.settings import Settings, SettingsError
from service.site import folder, pages
from service.site.documents import NothingToSaveError, Saved, record
from service.site.recording import Recording

INDEX = "data/index.json.gz"
BLOCK = 4096
"""Bytes in which most file systems count."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the site; what is wrong ends it with a message, and leaves everything as it was."""
    asked = _parser().parse_args(arguments)
    try:
        folder.check(asked.out)
        files = build(_settings(asked), asked.experiment)
        folder.write(asked.out, files, {"written_by": f"boundary-service {__version__}"})
    except (folder.OccupiedError, NothingToSaveError, SettingsError, OSError) as error:
        sys.exit(f"the site is not written: {error}")
    size = sum(-(-len(content) // BLOCK) * BLOCK for content in files.values())
    print(f"{asked.out}: {len(files)} files, {size / 1e6:.1f} MB; any web server can serve them")


def build(settings: Settings, experiments: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the files of a site by name.

    Raises:
        NothingToSaveError: there are no models, or none of these experiments.
    """
    recording = Recording(create_app(settings).test_client())
    saved = record(recording, experiments, warn=lambda words: print(f"warning: {words}", file=sys.stderr))
    found = pages.files(
        recording, datetime.now(UTC).date(), _words(saved), [f"studies/{name}" for name in saved.studies]
    )
    return {**found, **recording.files, INDEX: recording.index({"service": __version__})}


def _words(saved: Saved) -> str:
    return f"{len(saved.models)} models and {saved.runs} training runs at every recorded epoch"


def _settings(asked: Namespace) -> Settings:
    """Return the service's settings without what is about requests: nobody but this process asks."""
    settings = Settings.from_environment()
    models_dir = settings.models_dir if asked.models_dir is None else asked.models_dir
    return replace(settings, models_dir=models_dir, api_keys_file=None, cors_origins=(), log_level="ERROR")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m service.site",
        description="Write the explorer, the lesson and the trainer as a folder of files that any web server can "
        "serve, below any path. Without a service behind them they show every run at every recorded epoch.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder: new, empty, or a site, which is replaced")
    parser.add_argument("--models-dir", type=Path, help="where the models are; by default SERVICE_MODELS_DIR or models")
    parser.add_argument(
        "--experiment",
        action="append",
        default=[],
        metavar="NAME",
        help="whose models are saved, may be given again; by default the default model's",
    )
    return parser


if __name__ == "__main__":
    main()
