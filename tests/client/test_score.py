"""`python -m client score`: a file's scores are those of /predict, from a service or without one, whatever happens."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import training.tables
from client.score import source
from client.score.local import LocalScorer
from client.score.remote import RemoteScorer
from client.score.target import Numbers, Points
from client.transport import Transport
from harness import bundles
from tests.client.scoring import (
    FEATURES,
    PORTS,
    leftovers,
    numbers_in,
    points_of,
    refused,
    score,
    scored,
    write_csv,
)
from tests.client.scripted import scripted
from tests.conftest import ROOT, Server, running, wait_for
from training.recognition import recognize

KILLED = """
import os, signal
from client.cli import main
from client.score import kept, source
source.PIECE_BYTES = 2048
add, added = kept.KeptScores.add, []

def add_and_die(self, numbers):
    add(self, numbers)
    added.append(numbers)
    if len(added) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

kept.KeptScores.add = add_and_die
main()
"""


@pytest.fixture(scope="module")
def changing(kinds_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A gunicorn with small limits, and its models, to which versions may be published."""
    directory = tmp_path_factory.mktemp("changing")
    models = bundles.copy(kinds_models, directory / "models", "flowers", "round")
    limits = {"SERVICE_MAX_POINTS": "40", "SERVICE_MAX_BODY_BYTES": "300"}
    with running(directory, SERVICE_MODELS_DIR=str(models), SERVICE_POLL_SECONDS="0.1", **limits) as started:
        yield started, models


def is_as_predicted(table: pa.Table, document: dict[str, Any]) -> bool:
    """Say whether a table has the very numbers and labels of an answer of /predict."""
    name, prefix = ("values", "value") if "values" in document else ("probabilities", "probability")
    right = np.array(document[name], np.float32)
    return numbers_in(table, prefix).tobytes() == right.tobytes() and (
        "values" in document or table["label"].to_pylist() == document["labels"]
    )


@pytest.mark.parametrize("model", FEATURES)
def test_scores_are_those_of_predict_bit_for_bit(
    model: str, kinds_server: Server, kinds_models: Path, tmp_path: Path
) -> None:
    rows = points_of(model, 500)
    path = write_csv(tmp_path / "in.csv", FEATURES[model], rows)
    right = kinds_server.predict(points=rows, model=model).json()
    asked = scored(path, tmp_path / "asked.parquet", kinds_server, "--model", model, "--workers", 3)
    local = scored(path, tmp_path / "local.parquet", kinds_models, "--model", model)
    assert is_as_predicted(asked, right)
    assert local.equals(asked)
    assert asked.column_names[: len(FEATURES[model])] == [*FEATURES[model]]
    assert asked.schema.metadata[b"boundary.version"] == b"1"
    assert asked.schema.metadata[b"boundary.scored_by"] == kinds_server.url.encode()


@pytest.mark.parametrize(("model", "width"), [("of-three", 1), ("three-outputs", 3)])
def test_a_model_from_elsewhere_scores_too(model: str, width: int, foreign_models: Path, tmp_path: Path) -> None:
    features = LocalScorer(foreign_models, model, None).target.features
    names = tuple(feature.name for feature in features)
    path = write_csv(tmp_path / "in.csv", names, np.random.default_rng(0).normal(size=(9, len(names))).tolist())
    table = scored(path, tmp_path / "out.parquet", foreign_models, "--model", model)
    assert table.num_rows == 9
    assert numbers_in(table, "value" if width > 1 else "probability").size == 9 * width


def test_missing_values_are_left_to_a_model_that_fills_them_in(
    kinds_server: Server, kinds_models: Path, tmp_path: Path
) -> None:
    rows: list[list[Any]] = [[None, 14, PORTS[0]], [30, None, None], [1, 2, PORTS[1]], [None, None, None]]
    path = write_csv(tmp_path / "in.csv", FEATURES["survival"], rows)
    right = kinds_server.predict(points=rows, model="survival").json()
    for where in (kinds_server, kinds_models):
        assert is_as_predicted(scored(path, tmp_path / "out.parquet", where, "--model", "survival"), right)


MISSING = ("NA", "na", "Na", "?", " ?", "n/a", "#N/A", "NaN", "nAn", "null", "NULL", "None", "  none ")


@pytest.mark.parametrize("word", MISSING)
def test_what_is_missing_to_training_is_missing_here(word: str, kinds_models: Path, tmp_path: Path) -> None:
    read = training.tables.read(write_csv(tmp_path / "t.csv", ("age", "port"), [[1, "a"], [word, word], [3, "b"]]))
    assert [column.missing.tolist() for column in recognize(read, [0, 1])] == [[False, True, False]] * 2
    names, out, model = FEATURES["survival"], tmp_path / "out.parquet", ("--model", "survival")
    empty = scored(write_csv(tmp_path / "in.csv", names, [[None, 14, None]]), out, kinds_models, *model)
    table = scored(write_csv(tmp_path / "in.csv", names, [[word, 14, word]]), out, kinds_models, *model)
    assert (table["age"].null_count, table["port"].to_pylist()) == (1, [word])
    assert table["probability"].equals(empty["probability"])


def test_spaces_around_names_and_categories_are_no_part_of_them(kinds_models: Path, tmp_path: Path) -> None:
    columns = {" age": [1.0, 2.0], "fare ": [2.0, 2.0], "port": [f" {PORTS[0]}", f"{PORTS[2]} "]}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "in.parquet")
    table = scored(tmp_path / "in.parquet", tmp_path / "out.parquet", kinds_models, "--model", "survival")
    assert table.column_names[:3] == ["age", "fare", "port"]
    assert table["label"].null_count == 0


@pytest.mark.parametrize("threshold", [0.25, 0.9])
def test_a_threshold_decides_labels_as_in_predict(
    threshold: float, kinds_server: Server, kinds_models: Path, tmp_path: Path
) -> None:
    rows = points_of("round", 60)
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], rows)
    right = kinds_server.predict(points=rows, model="round", threshold=threshold).json()
    options = ("--model", "round", "--threshold", threshold)
    assert is_as_predicted(scored(path, tmp_path / "out.parquet", kinds_models, *options), right)


def test_what_was_scored_before_a_kill_is_not_scored_again(
    kinds_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], points_of("round", 600))
    monkeypatch.setattr(source, "PIECE_BYTES", 2048)
    options = ("--model", "round", "--workers", 2)
    whole = tmp_path / "whole.parquet"
    scored(path, whole, kinds_models, *options)

    output = tmp_path / "out.parquet"
    line = ["score", str(path), "-o", str(output), "--local", str(kinds_models), *map(str, options)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *line], cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert not output.exists()
    with (tmp_path / ".out.parquet.scores").open("ab") as file:
        file.write(b"\x10\0\0\0 half a record")

    rows: list[int] = []
    score_points = LocalScorer.score

    def counted(self: LocalScorer, points: Points) -> Numbers:
        rows.append(len(points))
        return score_points(self, points)

    monkeypatch.setattr(LocalScorer, "score", counted)
    result = score(path, output, kinds_models, *options)
    assert "going on" in result.stderr
    assert 0 < sum(rows) < 600 - 100
    assert output.read_bytes() == whole.read_bytes()
    assert leftovers(output) == []


@pytest.fixture
def interrupted(kinds_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """An input, the models, and the output that was begun from them."""
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], [*points_of("round", 300), [1, 2, "x"]])
    models = bundles.copy(kinds_models, tmp_path / "models", "round")
    monkeypatch.setattr(source, "PIECE_BYTES", 2048)
    output = tmp_path / "out.parquet"
    assert "row 301" in refused(path, output, models, "--model", "round")
    return path, models, output


def test_another_input_is_refused_until_it_is_started_afresh(interrupted: tuple[Path, Path, Path]) -> None:
    path, models, output = interrupted
    write_csv(path, FEATURES["round"], points_of("round", 300))
    said = refused(path, output, models, "--model", "round")
    assert said.endswith("the input has changed since; --fresh starts over")
    assert scored(path, output, models, "--model", "round", "--fresh").num_rows == 300


def test_another_version_is_refused_and_the_one_before_goes_on(interrupted: tuple[Path, Path, Path]) -> None:
    path, models, output = interrupted
    bundles.publish(models / "round" / "1", models, "round", 2)
    null = ("--model", "round", "--on-error", "null")
    assert "version 2 would answer; --version 1 goes on, --fresh starts over" in refused(path, output, models, *null)
    table = scored(path, output, models, *null, "--version", 1)
    assert (table.num_rows, table["label"].null_count) == (301, 1)
    assert table.schema.metadata[b"boundary.version"] == b"1"


def test_a_swap_while_it_scores_changes_nothing(
    changing: tuple[Server, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, models = changing
    rows = points_of("flowers", 120)
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], rows)
    ask = RemoteScorer.score

    def swap_and_ask(self: RemoteScorer, points: Points) -> Numbers:
        if not (models / "flowers" / "2").exists():
            bundles.publish(models / "flowers" / "1", models, "flowers", 2)
            wait_for(lambda: server.get("/models/flowers").json()["latest"] == 2)
        return ask(self, points)

    monkeypatch.setattr(RemoteScorer, "score", swap_and_ask)
    table = scored(path, tmp_path / "out.parquet", server, "--model", "flowers", "--workers", 1)
    assert table.schema.metadata[b"boundary.version"] == b"1"
    right = [server.predict(points=[row], model="flowers", version=1).json() for row in rows]
    assert numbers_in(table, "probability").tolist() == [
        np.array(each["probabilities"][0], np.float32).tolist() for each in right
    ]


def test_a_version_that_was_replaced_meanwhile_scores_nothing(
    changing: tuple[Server, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = changing
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], points_of("round", 3))
    target = RemoteScorer._target
    asked: list[int] = []

    def replaced(self: RemoteScorer) -> Any:
        asked.append(1)
        found = target(self)
        return found if len(asked) == 1 else type(found)(**{**vars(found), "fingerprint": "another"})

    monkeypatch.setattr(RemoteScorer, "_target", replaced)
    said = refused(path, tmp_path / "out.parquet", server, "--model", "round")
    assert said == "version 1 of round was replaced or removed while it scored; score again with --fresh"
    assert leftovers(tmp_path / "out.parquet") == []


def test_points_are_sent_in_as_many_requests_as_the_service_takes(
    changing: tuple[Server, Path], kinds_models: Path, tmp_path: Path
) -> None:
    server, _ = changing  # it takes 40 points, and 300 bytes: 25 points
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], points_of("round", 100))
    asked = scored(path, tmp_path / "out.parquet", server, "--model", "round")
    assert asked.equals(scored(path, tmp_path / "out.parquet", kinds_models, "--model", "round"))


def test_a_request_is_sent_again_when_the_service_says_when() -> None:
    busy = (503, {"Retry-After": "0"}, b'{"error": "busy"}')
    answer = (200, {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": "2"}, b"{}1234")
    with scripted(busy, answer) as server:
        transport = Transport(server.url, None, 5, 3, 0)
        assert transport.infer("/v2/models/m/infer", b"12345678", bytes) == b"1234"
        transport.close()
    assert server.requests == [("POST /v2/models/m/infer", "12345678")] * 2


BAD = [
    ("", "x2 is missing"),
    ("abc", "x2 is 'abc', which is no number"),
    ("0x1f", "x2 is '0x1f', which is no number"),
    ("1_000", "x2 is '1_000', which is no number"),
    ("inf", "x2 is infinite"),
    ("-1e300", "x2 is -1e+300, beyond ±1e+20"),
    ("nan", "x2 is missing"),
]


@pytest.mark.parametrize(("cell", "words"), BAD)
def test_a_bad_row_is_named_by_its_number(cell: str, words: str, kinds_models: Path, tmp_path: Path) -> None:
    rows = points_of("round", 20)
    rows[16][1] = cell
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], rows)
    said = refused(path, tmp_path / "out.parquet", kinds_models, "--model", "round")
    assert leftovers(tmp_path / "out.parquet") == []  # nothing was scored before it
    assert (
        said
        == f"{path}, row 17: {words}; mend it and start over by --fresh, or leave such rows null by --on-error null"
    )


def test_bad_rows_may_be_left_null(kinds_server: Server, kinds_models: Path, tmp_path: Path) -> None:
    good = points_of("round", 200)
    rows = [list(row) for row in good]
    for i, (cell, _) in enumerate(BAD):
        rows[20 * i + 3][1] = cell
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], rows)
    for where in (kinds_server, kinds_models):
        result = score(path, tmp_path / "out.parquet", where, "--model", "round", "--on-error", "null")
        told = [f"row {20 * i + 4}: {words}" for i, (_, words) in enumerate(BAD)]
        assert result.stderr.splitlines()[: len(told)] == told
        assert "200 rows by round version 1, 7 without a score" in result.stderr
        table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
        right = kinds_server.predict(points=good, model="round").json()
        wrong = {20 * i + 3 for i in range(len(BAD))}
        labels = [None if i in wrong else label for i, label in enumerate(right["labels"])]
        assert table["label"].to_pylist() == labels
        assert [p for i, p in enumerate(table["probability"].to_pylist()) if i not in wrong] == [
            float(np.float32(p)) for i, p in enumerate(right["probabilities"]) if i not in wrong
        ]


def test_a_category_that_a_model_does_not_know_is_a_bad_row(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["survival"], [[1, 2, PORTS[0]], [1, 2, "Cobh"]])
    said = refused(path, tmp_path / "out.parquet", kinds_models, "--model", "survival")
    assert "row 2: port is 'Cobh', which is none of its categories" in said


DIALECTS = {
    "as it should be": b"id,length,width,note\n1,1.5,2,a\n2,-3,0.25,b\n",
    "CRLF and a byte order mark": b"\xef\xbb\xbfid,length,width,note\r\n1,1.5,2,a\r\n2,-3,0.25,b\r\n",
    "no newline at the end": b"id,length,width,note\n1,1.5,2,a\n2,-3,0.25,b",
    "quoted": b'"id","length","width","note"\n"1","1.5","2","a"\n"2","-3","0.25","b"\n',
    "spaces and an empty line": b"id, length ,width,note\n1, 1.5 ,2,a\n\n2,-3 , 0.25,b\n",
    "semicolons": b"id;length;width;note\n1;1.5;2;a\n2;-3;0.25;b\n",
    "tabs": b"id\tlength\twidth\tnote\n1\t1.5\t2\ta\n2\t-3\t0.25\tb\n",
    "carriage returns alone": b"id,length,width,note\r1,1.5,2,a\r2,-3,0.25,b\r",
    "empty lines before the names": b"\r\n\r\nid,length,width,note\r\n1,1.5,2,a\r\n2,-3,0.25,b\r\n",
    "decimal commas": b"id;length;width;note\n1;1,5;2;a\n2;-3;0,25;b\n",
    "decimal commas between quotation marks": b'id,length,width,note\n1,"1,5",2,a\n2,-3,"0,25",b\n',
    "a decimal comma in a line that is parsed strictly": b'id;length;width;note\n1; 1,5;2;a\n2;-3;",25";b\n\n',
    "another order": b"note,width,length,id\na,2,1.5,1\nb,0.25,-3,2\n",
}


@pytest.mark.parametrize("name", DIALECTS)
def test_csv_comes_in_dialects(name: str, kinds_models: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(DIALECTS[name])
    table = scored(tmp_path / "in.csv", tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert table["length"].to_pylist() == [1.5, -3.0]
    assert table["width"].to_pylist() == [2.0, 0.25]
    assert (table["id"].to_pylist(), table["note"].to_pylist()) == (["1", "2"], ["a", "b"])
    assert table["label"].null_count == 0


def test_cells_are_separated_by_what_separates_them_in_all_rows(kinds_models: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("length;width;note, or more, if any, and so on\n1.5;2;a\n-3;0.25;b\n")
    table = scored(tmp_path / "in.csv", tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert table.column_names[:3] == ["length", "width", "note, or more, if any, and so on"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            "1,5;2\n" * 99_999 + "1.5;2\n",
            "row 100000: length is '1.5', which has a decimal point, and numbers in the first rows",
        ),
        ("1,234;2\n", "row 1: length is '1,234', which has a comma, and no number in the first rows shows that"),
        ("1;2\n" * 99_999 + "1,5;2\n", "row 100000: length is '1,5', which has a comma, and no number in the first"),
        ("1.5;2\n1,5;2\n", "row 2: length is '1,5', which has a comma, and no number in the first rows shows that"),
    ],
)
def test_a_number_that_may_be_read_in_two_ways_is_a_bad_row(
    rows: str, words: str, kinds_models: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(f"length;width\n{rows}")
    assert words in refused(tmp_path / "in.csv", tmp_path / "out.parquet", kinds_models, "--model", "flowers")


def test_cells_of_several_lines_are_never_cut(
    kinds_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE_BYTES", 64)
    notes = ['"line\n' * 9 + 'a ""quoted"" word, and a comma\n"'.replace('"line', "") for _ in range(3)]
    notes = ["one\ntwo, three", 'says "no"\n\n' * 20, "", "007", "é" * 50] * 8
    quoted = [note.replace('"', '""') for note in notes]
    path = tmp_path / "in.csv"
    path.write_text("note,length,width\n" + "".join(f'"{note}",{i},1\n' for i, note in enumerate(quoted)))
    table = scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert table["note"].to_pylist() == notes
    assert table["length"].to_pylist() == [*range(40)]


def test_a_file_without_rows_gives_one_without_rows(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [])
    table = scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert (table.num_rows, table.num_columns) == (0, 6)


def test_parquet_has_numbers_of_many_types(kinds_server: Server, kinds_models: Path, tmp_path: Path) -> None:
    columns = {
        "x1": pa.array([Decimal("0.1"), Decimal("-1.25"), Decimal("123456.789")], pa.decimal128(12, 3)),
        "x2": pa.array([0.1, -2.5, 3.0], pa.float32()).dictionary_encode(),
        "x3": pa.array([1, -2, 2**62 + 1], pa.int64()),
        "when": pa.array([1, 2, 3], pa.timestamp("ms")),
    }
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "in.parquet")
    rows = [[0.1, float(np.float32(0.1)), 1], [-1.25, -2.5, -2], [123456.789, 3.0, 2**62 + 1]]
    right = kinds_server.predict(points=rows, model="round").json()
    table = scored(tmp_path / "in.parquet", tmp_path / "out.parquet", kinds_models, "--model", "round")
    assert is_as_predicted(table, right)
    assert table.schema.field("when").type == pa.timestamp("ms")
    pyarrow.parquet.write_table(pa.table({**columns, "x3": columns["when"]}), tmp_path / "in.parquet")
    (tmp_path / "out.parquet").unlink()
    said = refused(tmp_path / "in.parquet", tmp_path / "out.parquet", kinds_models, "--model", "round")
    assert "column x3 has the type timestamp[ms]" in said


def test_categories_in_parquet_are_names_or_positions(kinds_server: Server, kinds_models: Path, tmp_path: Path) -> None:
    right = kinds_server.predict(points=[[1, 2, name] for name in PORTS], model="survival").json()
    for port in (pa.array(PORTS).dictionary_encode(), pa.array(PORTS, pa.large_string()), pa.array([0, 1, 2])):
        pyarrow.parquet.write_table(
            pa.table({"age": pa.array([True] * 3), "fare": ["2", "2.0", " 2e0"], "port": port}), tmp_path / "in.parquet"
        )
        table = scored(tmp_path / "in.parquet", tmp_path / "out.parquet", kinds_models, "--model", "survival")
        assert is_as_predicted(table, right)


def test_columns_are_chosen_renamed_and_told_apart(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", ("id", "l", "width", "label"), [["a", 1, 2, "?"], ["b", 3, 4, "!"]])
    model = ("--model", "flowers", "--column", "length=l")
    said = refused(path, tmp_path / "out.parquet", kinds_models, *model)
    assert said.endswith("has a column label already; leave it out by --keep, or give a --prefix")
    table = scored(path, tmp_path / "out.parquet", kinds_models, *model, "--keep", "id")
    added = ["probability_setosa", "probability_versicolor", "probability_virginica", "label"]
    assert table.column_names == ["id", *added]
    assert scored(path, tmp_path / "out.parquet", kinds_models, *model, "--scores-only").column_names == added
    table = scored(path, tmp_path / "out.parquet", kinds_models, *model, "--prefix", "by flowers ")
    assert table.column_names == ["id", "l", "width", "label", *(f"by flowers {name}" for name in added)]


def test_scores_come_as_csv_too(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "in.csv", ("note", *FEATURES["flowers"]), [['a, "b"'.replace('"', ""), 1, 2], ["c", "", 4]]
    )
    options = ("--model", "flowers", "--on-error", "null")
    right = scored(path, tmp_path / "out.parquet", kinds_models, *options)
    assert score(path, tmp_path / "out.csv", kinds_models, *options).exit_code == 0
    table = pyarrow.csv.read_csv(
        tmp_path / "out.csv", convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    )
    assert table.column_names == right.column_names
    assert table["note"].to_pylist() == ["a, b", "c"]
    assert table["label"].to_pylist() == right["label"].to_pylist()
    assert table["probability_setosa"].cast(pa.float32()).to_pylist() == right["probability_setosa"].to_pylist()


def test_the_input_is_never_overwritten(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [[1, 2]])
    before = path.read_bytes()
    result = score(path, path, kinds_models, "--model", "flowers")
    assert (result.exit_code, path.read_bytes()) == (1, before)
    assert "would replace the input" in result.stderr


def test_progress_is_for_terminals_alone(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [[1, 2]])
    result = score(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert result.stdout == ""
    assert result.stderr == f"wrote {tmp_path / 'out.parquet'}: 1 row by flowers version 1\n"


def test_a_model_or_version_that_is_not_there_is_named(
    kinds_server: Server, kinds_models: Path, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [[1, 2]])
    for where in (kinds_server, kinds_models):
        assert "flowers-linear" in refused(path, tmp_path / "out.parquet", where, "--model", "nothing")
        assert "1" in refused(path, tmp_path / "out.parquet", where, "--model", "flowers", "--version", 7)


def test_pandas_is_not_imported(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], [[1, 2, 3]])
    line = ["score", str(path), "-o", str(tmp_path / "out.parquet"), "--local", str(kinds_models), "--model", "round"]
    code = "import sys; from client.cli import main; main(standalone_mode=False); print('pandas' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code, *line], cwd=ROOT) == b"False\n"
