"""What `python -m client score` says of what it cannot read, keep, write or ask: one line, and what to do."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from client.score import ScoreError, kept, source
from client.score.kept import KeptScores
from tests.client.scoring import FEATURES, PORTS, leftovers, points_of, refused, score, scored, write_csv
from tests.client.scripted import ScriptedResponse, scripted

NOT_UTF8 = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers())
"""A column of texts as a careless program writes it."""


def _feather() -> bytes:
    file = io.BytesIO()
    pyarrow.feather.write_feather(pa.table({"length": [1.0], "width": [2.0]}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty; it needs a line of names"),
        (b"\xef\xbb\xbf\n", "is empty; it needs a line of names"),
        (b"length,width\n1,2\n3\n", "row 2 has 1 cell, the first line 2"),
        (b"length,width\n1,2\n3,4,5\n", "row 2 has 3 cells, the first line 2"),
        (b'length,width,note\n1,2,a\n3,4,"b\n5,6,c\n', "row 2 is no CSV"),
        (b"length,width,note\n1,2,a\n3,4,\xe9\n", "UTF-8"),
        (b"length,width,width\n1,2,3\n", "two columns 'width'"),
        ("length,width\n1,2\n".encode("utf-16"), "is UTF-16 or UTF-32: save it as UTF-8"),
        ("length,width\n1,2\n".encode("utf-16-le"), "is no text, or UTF-16; save it as CSV in UTF-8, or as Parquet"),
        (bytes(3_000), "is no text, or UTF-16; save it as CSV in UTF-8, or as Parquet"),
        (b"\x1f\x8b\x08\x00", "is compressed with gzip: unpack it first, by `gunzip`"),
        (b"BZh91AY&SY", "is compressed with bzip2: unpack it first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a spreadsheet: save the sheet as CSV"),
        (_feather(), "is an Arrow file (Feather): write it as Parquet"),
        (b"PAR1\x15\x04 and no more", "is a broken Parquet file"),
        (b"length,height\n1,2\n", "has no column width; model flowers takes length, width, and the file has length"),
        (b" ,a\x1bb\n1,2\n", "and the file has '', 'a\\x1bb'; say --column"),
        (",".join(f"c{i}" for i in range(99)).encode(), "c18, c19 and 79 more; say --column"),
    ],
)
def test_a_file_that_is_no_table_of_the_models_is_refused_with_what_to_do(
    content: bytes, words: str, kinds_models: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    assert words in refused(tmp_path / "in.csv", tmp_path / "out.parquet", kinds_models, "--model", "flowers")


@pytest.mark.parametrize("name", ["PARENT_ID", "PAR1", "ARROW1", "BZh9", "PK"])
def test_a_name_may_begin_as_another_kind_of_file_does(name: str, kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", (name, *FEATURES["flowers"]), [[7, 1, 2]])
    assert scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers")[name].to_pylist() == ["7"]


def test_empty_lines_are_no_rows_however_many_they_are(
    kinds_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE_BYTES", 100)
    (tmp_path / "in.csv").write_text("length,width\n1,2\n" + "\n" * 1000 + "3,4\n" + "\r\n" * 1000, newline="")
    table = scored(tmp_path / "in.csv", tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert table["length"].to_pylist() == [1, 3]


def test_a_long_cell_is_read_where_another_row_is_bad(kinds_models: Path, tmp_path: Path) -> None:
    rows = [[1, 2, "x" * 200_000], ["?", 2, "y"]]
    path = write_csv(tmp_path / "in.csv", ("length", "width", "note"), rows)
    table = scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers", "--on-error", "null")
    assert table["note"].to_pylist() == ["x" * 200_000, "y"]
    assert table["label"].null_count == 1


@pytest.mark.parametrize(
    "content",
    [
        b"garbage\nand more",
        b"a line\n",
        b"[1]\n",
        b"no line",
        b"\x80\xff\n12345678",
        b"[1]\n12345678",
        b"[" * 99_999 + b"\n1",
    ],
)
def test_a_damaged_file_of_scores_is_named_and_started_afresh(
    content: bytes, kinds_models: Path, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [[1, 2]])
    kept = tmp_path / ".out.parquet.scores"
    kept.write_bytes(content)
    said = refused(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers")
    assert said == f"{kept}, which keeps what an interrupted run scored, is damaged; --fresh starts over without it"
    assert kept.read_bytes() == content
    assert scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers", "--fresh").num_rows == 1


def test_a_file_that_another_run_removes_while_it_is_opened_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, lock, removed = tmp_path / "out.parquet", kept._lock, list[Path]()

    def late(descriptor: int, output: Path) -> None:
        if not removed:  # the run that ends just then
            removed.append(output.with_name(".out.parquet.scores"))
            removed[0].unlink()
        lock(descriptor, output)

    monkeypatch.setattr(kept, "_lock", late)
    with KeptScores(output, {}, None, fresh=False) as scores:
        scores.add(np.zeros(3, np.float32))
        assert removed[0].exists()
        with pytest.raises(ScoreError, match="another process is writing"):
            KeptScores(output, {}, None, fresh=False)


def test_a_run_removes_its_scores_while_they_are_locked(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    with KeptScores(output, {}, None, fresh=False) as scores:
        scores.add(np.zeros(3, np.float32))
        scores.forget()
        with pytest.raises(ScoreError, match="another process is writing"):
            KeptScores(output, {}, None, fresh=False)
    assert leftovers(output) == []


def test_a_first_line_that_was_written_in_part_keeps_nothing(kinds_models: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [[1, 2]])
    (tmp_path / ".out.parquet.scores").write_bytes(b'{"columns": {')
    assert scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers").num_rows == 1


@pytest.mark.parametrize("damage", [b"\xff" * 8, b"\0" * 8])
def test_a_damaged_record_is_scored_again(
    damage: bytes, kinds_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE_BYTES", 2048)
    path = write_csv(tmp_path / "in.csv", FEATURES["flowers"], [*points_of("flowers", 300), [1, "x"]])
    output, null = tmp_path / "out.parquet", ("--model", "flowers", "--on-error", "null")
    right = scored(path, tmp_path / "right.parquet", kinds_models, *null)
    refused(path, output, kinds_models, "--model", "flowers")
    kept = tmp_path / ".out.parquet.scores"
    content = kept.read_bytes()
    start = content.index(b"\n") + 1
    kept.write_bytes(content[:start] + damage + content[start + 8 :])
    assert scored(path, output, kinds_models, *null).equals(right)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([{"a": 1}]), "column more has the type struct<a: int64>, which CSV cannot hold; write .parquet, or"),
        (pa.array([[1]]), "column more has the type list<element: int64>, which CSV cannot hold; write .parquet, or"),
        (pa.array([b"\xff"]), "cannot hold a column's values: Invalid UTF8 payload; write .parquet, or leave the"),
    ],
)
def test_what_csv_cannot_hold_is_refused_and_parquet_takes_it(
    column: pa.Array, words: str, kinds_models: Path, tmp_path: Path
) -> None:
    path = tmp_path / "in.parquet"
    pyarrow.parquet.write_table(pa.table({"length": [1.0], "width": [2.0], "more": column}), path)
    said = refused(path, tmp_path / "out.csv", kinds_models, "--model", "flowers")
    assert words in said
    assert not (tmp_path / ".out.csv.partial").exists()
    assert scored(path, tmp_path / "out.parquet", kinds_models, "--model", "flowers")["more"].combine_chunks() == column


@pytest.mark.parametrize(("model", "name"), [("survival", "port"), ("round", "x1")])
def test_texts_that_are_not_utf_8_are_refused_by_their_column(
    model: str, name: str, kinds_models: Path, tmp_path: Path
) -> None:
    columns = {feature: NOT_UTF8 if feature == name else pa.array([1.0]) for feature in FEATURES[model]}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "in.parquet")
    said = refused(tmp_path / "in.parquet", tmp_path / "out.parquet", kinds_models, "--model", model)
    assert said == f"column {name} has texts that are not UTF-8; write the file again"


def test_categories_come_as_views_of_texts_too(kinds_models: Path, tmp_path: Path) -> None:
    columns = {"age": [1, 2, 3], "fare": [2, 2, 2], "port": pa.array(PORTS, pa.string_view())}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "in.parquet")
    table = scored(tmp_path / "in.parquet", tmp_path / "out.parquet", kinds_models, "--model", "survival")
    assert table["label"].null_count == 0


def _answer(document: object) -> ScriptedResponse:
    return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()


def _numbers(content: bytes) -> ScriptedResponse:
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": "0"}
    return 200, headers, content


VERSION = {
    "model": "m",
    "version": 1,
    "fingerprint": "f",
    "features": [{"name": "x1"}, {"name": "x2"}, {"name": "x3"}],
    "task": "binary",
    "classes": ["0", "1"],
}
OUTPUT = {"outputs": [{"name": "probabilities", "shape": [-1]}]}
DESCRIBED = (_answer(VERSION), _answer(OUTPUT), _answer({"max_batch_size": 100_000}))
"""What a service says of a version when it is asked for the first time."""


@pytest.mark.parametrize(
    "responses",
    [
        (_answer({}),),
        (_answer(None),),
        (_answer([7]),),
        (_answer({**VERSION, "features": 7}),),
        (_answer(VERSION), _answer({"outputs": []})),
        (*DESCRIBED[:2], _answer({"max_batch_size": "many"})),
        (*DESCRIBED, _numbers(b"123")),
        (*DESCRIBED, _numbers(bytes(8))),
    ],
)
def test_a_server_that_is_no_such_service_is_named(responses: tuple[ScriptedResponse, ...], tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], [[1, 2, 3]])
    with scripted(*responses) as server:
        result = score(path, tmp_path / "out.parquet", "--model", "m", "--version", 1, url=server.url)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"Error: {server.url} answers, but is not a boundary service; check the address"
    )


def test_a_service_that_goes_away_is_asked_for_the_rest_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE_BYTES", 64)
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], [["1.000", "2.000", "3.000"]] * 12)  # three rows a piece
    scores = [np.full(3, number, "<f4").tobytes() for number in (0.25, 0.5, 0.75, 1)]
    options = ("--model", "m", "--version", 1, "--workers", 1)
    output = tmp_path / "out.parquet"
    with scripted(*DESCRIBED, _numbers(scores[0]), _numbers(scores[1]), None) as server:
        result = score(path, output, *options, url=server.url, retries=0)
    assert result.exit_code == 1
    assert "interrupted; the same command goes on from what is scored" in result.stderr
    assert f"Error: no service answers at {server.url}" in result.stderr
    with scripted(*DESCRIBED, *map(_numbers, scores[2:]), *DESCRIBED[:2]) as server:
        result = score(path, output, *options, url=server.url)
    assert result.exit_code == 0, result.output
    assert pyarrow.parquet.read_table(output)["probability"].to_pylist() == sorted([0.25, 0.5, 0.75, 1] * 3)
    assert leftovers(output) == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {"latest": None, "versions": [{"version": 3, "state": "FAILED", "reason": "there is no saved_model.pb"}]},
            "version 3: there is no saved_model.pb",
        ),
        ({"latest": None, "versions": [], "reason": "it has no folder"}, "it has no folder"),
        (
            {"latest": None, "versions": [{"version": 3, "state": "LOADING", "reason": None}]},
            "it is being loaded",
        ),
    ],
)
def test_a_model_that_does_not_answer_says_why(document: dict[str, object], words: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", FEATURES["round"], [[1, 2, 3]])
    with scripted((200, {"Content-Type": "application/json"}, json.dumps(document).encode())) as server:
        result = score(path, tmp_path / "out.parquet", "--model", "m", url=server.url)
    assert result.exit_code == 1
    assert f"Error: the service has no version of model m that answers: {words}" in result.stderr
