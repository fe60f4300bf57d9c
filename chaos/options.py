"""What the trials' command lines share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def models_dir_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare `--models-dir`, a directory that is there."""
    directory = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--models-dir", type=directory, default=Path("models"), show_default=True, help=help_text)


def tell(line: str) -> None:
    """Print a line on progress, beside the findings."""
    click.echo(line, err=True)
