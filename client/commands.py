"""What the commands share: options, the connection to the service, and how results are printed or written."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from client.client import BoundaryClient
from client.errors import ClientError, ProblemError
from client.transport import Transport

Command = Callable[..., None]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
experiment_option = click.option("--experiment", metavar="NAME", help="Default: the default model's experiment.")


@dataclass(frozen=True)
class Connection:
    """The options that every command shares."""

    url: str
    api_key: str | None = field(repr=False)
    timeout: float
    retries: int

    @contextmanager
    def client(self) -> Iterator[BoundaryClient]:
        """Yield a client; its errors end the command."""
        try:  # without a cache: a process sends one request
            client = BoundaryClient(self.url, self.api_key, (3.05, self.timeout), self.retries, cache_bytes=0)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        with self.errors_in_one_line(), client:
            yield client

    def transport(self) -> Transport:
        """Return a session of its own, for a thread."""
        try:
            return Transport(self.url.rstrip("/"), self.api_key, (3.05, self.timeout), self.retries, cache_bytes=0)
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    @contextmanager
    def errors_in_one_line(self) -> Iterator[None]:
        """Turn the client's errors into one line and exit status 1."""
        try:
            yield
        except ProblemError as error:
            named = f" (request {error.request_id})" if error.request_id else ""
            raise click.ClickException(f"{error}{named}") from error
        except ClientError as error:
            raise click.ClickException(str(error)) from error


def width_option(default: int) -> Callable[[Command], Command]:
    return click.option("--width", type=int, default=default, show_default=True, help="Width of the picture in pixels.")


def output_option(contents: str, *, required: bool = False) -> Callable[[Command], Command]:
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option("-o", "--output", type=path, required=required, help=f"Write to a file: {contents}.")


def show(table: Table) -> None:
    Console(markup=False, highlight=False).print(table)


def show_json(document: object) -> None:
    click.echo(json.dumps(document))


def checked_suffix(path: Path, suffixes: Sequence[str]) -> str:
    """Return which of the suffixes, in small letters, a file's name ends in."""
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise click.UsageError(f"the file's name must end in one of {', '.join(suffixes)}")
    return suffix


def npy_bytes(values: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def json_bytes(document: object) -> bytes:
    return (json.dumps(document) + "\n").encode()
