"""What several commands take."""

from pathlib import Path

import click

models_dir_option = click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SERVICE_MODELS_DIR",
    show_envvar=True,
    default=Path("models"),
    show_default=True,
)
