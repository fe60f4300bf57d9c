"""A table's file is read as it was written, or refused with the line and the remedy."""

import gzip
import sys
from pathlib import Path

import pandas as pd
import pytest

from training import tables

ROWS = "größe,colour,label\n1.5,red,0\n2,blue,1\n"


def written(directory: Path, content: str | bytes) -> Path:
    path = directory / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(table: tables.Table) -> list[list[str]]:
    return [table.names, *(list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True))]


AS_WRITTEN = [["größe", "colour", "label"], ["1.5", "red", "0"], ["2", "blue", "1"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_recognized(tmp_path: Path, separator: str) -> None:
    assert cells(tables.read(written(tmp_path, ROWS.replace(",", separator)))) == AS_WRITTEN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_encoding_is_recognized_and_one_that_is_guessed_is_named(tmp_path: Path, encoding: str) -> None:
    table = tables.read(written(tmp_path, ROWS.encode(encoding)))
    assert cells(table) == AS_WRITTEN
    guessed = {"cp1252": "Windows-1252", "utf-16-le": "UTF-16-LE", "utf-16-be": "UTF-16-BE"}
    assert [guessed[encoding] in note for note in table.notes] == ([True] if encoding in guessed else [])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\n\n"])
def test_lines_end_as_any_system_ends_them_and_blank_ones_do_not_count(tmp_path: Path, ending: str) -> None:
    table = tables.read(written(tmp_path, ROWS.replace("\n", ending)))
    assert cells(table) == AS_WRITTEN
    assert table.where(1) == ("line 5" if ending == "\n\n" else "line 3")


def test_quoted_cells_hold_separators_quotation_marks_and_lines(tmp_path: Path) -> None:
    table = tables.read(written(tmp_path, '"a, b","c ""d""",label\n"x\ny",2,0\n3,4,1\n'))
    assert cells(table) == [["a, b", 'c "d"', "label"], ["x\ny", "2", "0"], ["3", "4", "1"]]
    assert (table.where(0), table.where(1)) == ("line 2", "line 4")


def test_of_two_separators_the_one_is_taken_by_which_all_lines_are_as_long(tmp_path: Path) -> None:
    table = tables.read(written(tmp_path, "a;b, c;label\n1,5;2;0\n3;4,5;1\n"))
    assert table.names == ["a", "b, c", "label"]


def test_names_are_trimmed_and_may_be_numbers_one_after_the_other(tmp_path: Path) -> None:
    assert tables.read(written(tmp_path, " a , b ,label\n1,2,0\n")).names == ["a", "b", "label"]
    assert tables.read(written(tmp_path, "0,1,2,label\n5,6,7,0\n")).names == ["0", "1", "2", "label"]


def test_parquet_has_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1.5, 2], "b": ["x", None]}).to_parquet(path)
    table = tables.read(path)
    assert [(name, column.to_pylist()) for name, column in zip(table.names, table.columns, strict=True)] == [
        ("a", [1.5, 2.0]),
        ("b", ["x", None]),
    ]
    assert table.where(1) == "row 2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"a\n1\n", "has one column; cells are separated by commas"),
        (b"a b\n1 2\n", "has one column"),
        (b"a,b,label\n1,2,0\n1,0\n", r"line 3: has 2 cells where the first line has 3"),
        (b"a,b,label\n1,2,0\n1,2,3,0\n", r"line 3: has 4 cells.*quotation marks"),
        (b'a,b,label\n1,"2,0\n3,4,1\n', "after line 1: a quotation mark is out of place"),
        (b'a,b,label\n1,2,"0\n3,4,1\n', "after line 1: a quotation mark is out of place"),
        (b'a,b,label\n1,"2,0\n3,"4,1\n', "after line 1: a quotation mark is out of place"),
        (b"a,b,label\n1,\x002,0\n", "line 2: has a NUL byte"),
        (b"a,a,label\n1,2,0\n", "columns 1 and 2 are both named a"),
        (b"5.1,3.5,setosa\n4.9,3.0,setosa\n", "the first line must name the columns, and has numbers: 5.1, 3.5"),
        (b"39,State-gov,77516,Male\n50,Private,83311,Male\n", "the first line must name the columns"),
        (gzip.compress(ROWS.encode(), mtime=0), "gzip: unpack it first"),
        (b"PK\x03\x04...", "save the sheet as CSV"),
        (b"BZh91AY&SY", "bzip2: unpack it first"),
        (b"ARROW1\0\0", r"is an Arrow file \(Feather\): write it as Parquet"),
        (b"PARE\x1c\x1c", "is an encrypted Parquet file"),
        (b"PAR1\x15\x04 and nothing else", "broken Parquet file"),
        ("a,label\n1,0\n".encode("utf-16") + b"\0", "looks like UTF-16"),
    ],
)
def test_what_is_no_table_is_refused_with_the_line_and_the_remedy(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=rf"t\.csv.*{words}"):
        tables.read(written(tmp_path, content))


@pytest.mark.parametrize("name", ["PARENT_ID", "PAR1", "ARROW1", "BZh9", "PK"])
def test_a_name_may_begin_as_another_kind_of_file_does(tmp_path: Path, name: str) -> None:
    assert tables.read(written(tmp_path, f"{name},label\n1,0\n")).names == [name, "label"]


def test_a_directory_and_a_device_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a directory"):
        tables.read(tmp_path)
    with pytest.raises(ValueError, match="no regular file"):
        tables.read(Path("/dev/zero"))


def test_arrow_holds_nothing_of_pythons_when_a_process_ends() -> None:
    content = b"x,label\n1,a\n" * 100
    before = sys.getrefcount(content)
    source = tables._source(content)
    assert sys.getrefcount(content) == before
    assert source.read() == content
