"""The commands that evaluate a model on a grid or a block: `boundary` and `volume`."""

from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import click

from bundle.terminal import write_file
from client import tables
from client.commands import (
    Command,
    Connection,
    as_json,
    checked_suffix,
    json_bytes,
    npy_bytes,
    output_option,
    show,
    show_json,
    width_option,
)
from client.params import BoundaryParams, VolumeParams

BOUNDARY_FILES = (".png", ".npy", ".json")
VOLUME_FILES = (".npy", ".glb")


def _bound(name: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", type=float, metavar="NUMBER", help="Default: the model's domain.")


def _axis(name: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", metavar="FEATURE", help=f"Along {name}. Default: the first that is left.")


model_option = click.option("--model", metavar="NAME", help="Default: the service's default model.")
version_option = click.option("--version", type=click.IntRange(min=1), help="Default: the latest.")
hold_option = click.option(
    "--hold",
    metavar="NAME:VALUE,...",
    help="Values of the other features, or row:I, a point of the data set. Default: their medians.",
)
class_option = click.option("--class", "class_", metavar="NAME", help="The class whose probability is shown.")
replicate_option = click.option(
    "--replicate", type=click.IntRange(min=0), help="A training run. Default: 0, the served run."
)
epoch_option = click.option("--epoch", type=click.IntRange(min=0), help="A recorded epoch. Default: the last.")


@click.command()
@model_option
@version_option
@_axis("x")
@_axis("y")
@hold_option
@click.option("--average", type=click.Choice(["data"]), help="Average over the data instead of holding the others.")
@class_option
@_bound("x-min")
@_bound("x-max")
@_bound("y-min")
@_bound("y-max")
@click.option("--resolution", type=int, default=300, show_default=True, help="Nodes along each axis.")
@replicate_option
@epoch_option
@click.option(
    "--statistic",
    type=click.Choice(["probability", "mean", "std", "agreement"]),
    help="probability: of one training run; the others: over all runs. Default: probability.",
)
@click.option("--minus", metavar="NAME", help="Subtract the probability of this model.")
@click.option("--layer", type=click.IntRange(min=1), help="With --unit: the activation of a hidden unit.")
@click.option("--unit", type=click.IntRange(min=1), help="With --layer, counted from 1.")
@width_option(800)
@output_option("a picture (.png), the values [ny, nx] (.npy), or values and coordinates (.json)")
@as_json
@click.pass_obj
def boundary(
    connection: Connection,
    model: str | None,
    version: int | None,
    width: int,
    output: Path | None,
    as_json: bool,
    **params: Unpack[BoundaryParams],
) -> None:
    """Evaluate a model on a grid: print a summary or the values, or write them to a file."""
    suffix = None if output is None else checked_suffix(output, BOUNDARY_FILES)
    if output is not None and as_json:
        raise click.UsageError("--output and --json cannot be combined")
    with connection.client() as client:
        if output is not None and suffix == ".png":
            write_file(output, client.picture(model, version, width=width, **params))
            return
        grid = client.boundary(model, version, **params)
    if output is not None:
        write_file(output, npy_bytes(grid.values) if suffix == ".npy" else json_bytes(grid.to_document()))
    elif as_json:
        show_json(grid.to_document())
    else:
        show(tables.boundary(grid))


@click.command()
@model_option
@version_option
@_axis("x")
@_axis("y")
@_axis("z")
@hold_option
@class_option
@click.option("--resolution", type=int, default=32, show_default=True, help="Nodes along each axis.")
@replicate_option
@epoch_option
@click.option("--level", type=float, help="Of the surface. Default: 0.5; a regression needs one.")
@output_option("the values [nz, ny, nx] (.npy), or the surface at a level as glTF (.glb)", required=True)
@click.pass_obj
def volume(
    connection: Connection,
    model: str | None,
    version: int | None,
    level: float | None,
    output: Path,
    **params: Unpack[VolumeParams],
) -> None:
    """Evaluate a model over three features, and write the values or a surface to a file."""
    suffix = checked_suffix(output, VOLUME_FILES)
    if suffix == ".npy" and level is not None:
        raise click.UsageError("--level is of a surface (.glb)")
    with connection.client() as client:
        if suffix == ".glb":
            content = client.surface(model, version, level=level, **params)
        else:
            content = npy_bytes(client.volume(model, version, **params).values)
    write_file(output, content)
