"""The report of one server, on the command line."""

import json
import sys
from pathlib import Path

import click

from benchmarks.conformance.asking import Target
from benchmarks.conformance.report import ask_all, failures, text

POINTS = "[[0.1, 0.2], [0.9, -0.4], [-1.2, 0.7]]"


@click.command()
@click.argument("url")
@click.option("--grpc", metavar="HOST:PORT", help="Ask over gRPC too.")
@click.option("--model", required=True)
@click.option("--input", "input_name", default="points", show_default=True, help="The model's input, FP32.")
@click.option("--output", "output_name", default="probabilities", show_default=True)
@click.option("--points", default=POINTS, show_default=True, help="Rows for the input, as JSON.")
@click.option("--expected", help="What the model gives for them, as JSON; else any finite numbers are right.")
@click.option("--key", help="Sent as Authorization: Bearer KEY.")
@click.option("--unload", is_flag=True, help="Unload the model too, and load it again: it does not answer meanwhile.")
@click.option("-o", "--output-file", type=click.Path(path_type=Path), help="Write the report here.")
def main(
    url: str,
    grpc: str | None,
    model: str,
    input_name: str,
    output_name: str,
    points: str,
    expected: str | None,
    key: str | None,
    unload: bool,
    output_file: Path | None,
) -> None:
    """Have published clients ask the server at URL for every operation of the Open Inference Protocol v2 and of
    TensorFlow Serving. The exit status is 1 where one fails of a standard that the server speaks.
    """
    numbers = None if expected is None else json.loads(expected)
    target = Target(url, grpc, model, input_name, output_name, json.loads(points), numbers, key, unload)
    seen = ask_all(target)
    report = f"# {model} at {url}\n\n{text(seen)}\n"
    if output_file is None:
        click.echo(report)
    else:
        output_file.write_text(report)
    sys.exit(bool(failures(seen)))


if __name__ == "__main__":
    main()
