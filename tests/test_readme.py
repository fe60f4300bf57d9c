"""The README's examples, run as they stand there, give the answers that stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from tests import console
from tests.conftest import ROOT, Server

README = ROOT / "README.md"


def test_there_are_examples() -> None:
    assert len(console.examples(README)) >= 6


@pytest.mark.parametrize("example", console.examples(README), ids=lambda example: example[0][:60])
def test_a_curl_example_gives_its_answer(server: Server, tmp_path: Path, example: console.Example) -> None:
    console.check(example, server, tmp_path)
    if " -o " in example[0]:
        (picture,) = tmp_path.glob("*.png")
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_python_example_runs(server: Server) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    code = code.replace(console.DEFAULT_URL, server.url)
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "[0 1]\n(300, 300)\n"


def test_a_table_is_scored_as_it_says(server: Server, models_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("x1,x2\n0.1,0.2\n0.9,-0.4\n")
    commands = re.findall(r"^\.venv/bin/(python -m client score .*?) *#", README.read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        line = command.replace("python", sys.executable).replace("--local models", f"--local {models_dir}")
        line = re.sub(r"(points\.csv|scored\.parquet)", rf"{tmp_path}/\1", line)
        environment = {**os.environ, "BOUNDARY_URL": server.url}
        subprocess.run(line, shell=True, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=True)
        table = pyarrow.parquet.read_table(tmp_path / "scored.parquet").to_pydict()
        assert (table["x1"], table["label"]) == ([0.1, 0.9], [0, 1])
        (tmp_path / "scored.parquet").unlink()


def test_every_file_that_is_linked_exists() -> None:
    console.check_links(README)


def quoted() -> list[str]:
    return re.findall(r"^> (.*)$", README.read_text(), re.MULTILINE)


def test_the_verdict_that_it_quotes_is_the_services(server: Server) -> None:
    assert quoted()[0] in [pair["words"] for pair in server.get("/comparison").json()["pairs"]]


def test_scores_from_elsewhere_get_the_verdict_that_it_quotes(server: Server, tmp_path: Path) -> None:
    text = README.read_text()
    (table,) = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    (tmp_path / "scores.csv").write_text(table)
    commands = re.findall(r"^(?:\.venv/|curl ).*compar.*scores\.csv.*", text, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        run = command.replace(".venv/bin/python", sys.executable).replace(console.DEFAULT_URL, server.url)
        run = run.replace("scores.csv", str(tmp_path / "scores.csv"))
        environment = {**os.environ, "BOUNDARY_URL": server.url}
        ended = subprocess.run(
            run, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        answer = "| small | large | -0.036 |" if run.startswith("curl") else quoted()[1]
        assert answer in ended.stdout
