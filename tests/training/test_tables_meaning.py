"""What a table's columns mean: numbers, text, labels; what is left out, and what is refused with the remedy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.dataset_spec import TableSpec
from training.table_data import TableData, load

N = 20
LABELS = ["0", "1"] * (N // 2)


def data(directory: Path, columns: Mapping[str, Sequence[str]], separator: str = ";", **asked: Any) -> TableData:
    """Load a table of columns of cells, each repeated to `N` rows, with labels beside them unless they are there."""
    columns = {"label": LABELS, **columns} if "label" not in columns and "label" not in asked else columns
    rows = [[column[i % len(column)] for column in columns.values()] for i in range(N)]
    path = directory / "t.csv"
    path.write_text("\n".join(separator.join(row) for row in [list(columns), *rows]) + "\n")
    return load(TableSpec(path=path, **asked))


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2"], [1, 2]),
        ([" 1", "2 "], [1, 2]),
        (["+1.5", "-.5e1"], [1.5, -5]),
        (["1,5", "-2"], [1.5, -2]),
        (["0,125", "1,250"], [0.125, 1.25]),
        (["1,5e3", ",5"], [1500, 0.5]),
        (["007", "8"], [7, 8]),
    ],
)
def test_numbers_are_read(tmp_path: Path, cells: list[str], values: list[float]) -> None:
    loaded = data(tmp_path, {"a": cells})
    assert loaded.categories == [None]
    np.testing.assert_array_equal(loaded.points[:2, 0], np.array(values, np.float32))


def test_one_undoubted_decimal_comma_decides_for_the_table(tmp_path: Path) -> None:
    loaded = data(tmp_path, {"a": ["1,234", "2,345"], "b": ["0,5", "1"]})
    np.testing.assert_array_equal(loaded.points[0], np.array([1.234, 0.5], np.float32))


@pytest.mark.parametrize(("separator", "other"), [(";", "0.5"), (";", "2.25"), (",", "7")])
def test_a_decimal_point_beside_others_or_commas_is_undoubted(tmp_path: Path, separator: str, other: str) -> None:
    loaded = data(tmp_path, {"a": ["1.234", "2.345"], "b": [other, "1"]}, separator)
    np.testing.assert_array_equal(loaded.points[0], np.array([1.234, float(other)], np.float32))


@pytest.mark.parametrize("cells", [["red", "blue"], ["True", "False"], ["10-20", "20-30"], ["+", "-"], ["<5", ">=5"]])
def test_text_is_its_position_among_the_sorted_texts(tmp_path: Path, cells: list[str]) -> None:
    loaded = data(tmp_path, {"a": cells})
    assert loaded.categories == [tuple(sorted(cells))]
    assert loaded.points[:2, 0].tolist() == [sorted(cells).index(cell) for cell in cells]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": ["1,234", "2,345"]}, "column a: has numbers such as 1,234, which may be thousands or a decimal comma"),
        ({"a": ["7", "1.234"]}, "column a: has numbers such as 1.234, which where semicolons separate the cells"),
        ({"a": ["1,234", "2"], "b": ["1.5"]}, "column a: has commas in its numbers where column b has decimal points"),
        ({"a": ["1,5", "1.5"]}, "column a: has numbers with a point and others with a comma"),
        ({"a": ["1,234,567", "2"]}, "column a: has numbers such as 1,234,567: write digits and a decimal point alone"),
        ({"a": ["1.234,5", "2"]}, r"column a: has numbers such as 1\.234,5"),
        ({"a": ["1 234", "2"]}, "column a: has numbers such as 1 234"),
        ({"a": ["12%", "2%"]}, "column a: has numbers such as 12%"),
        ({"a": ["$12", "$2"]}, r"column a: has numbers such as \$12"),
        ({"a": ["2024-01-31", "2024-02-01"]}, "column a: has dates: write them as numbers, such as a year"),
        ({"a": ["31.01.2024", "01.02.2024"]}, "column a: has dates"),
        ({"a": ["2024-01-31T10:00:00Z"]}, "column a: has dates"),
        ({"a": ["1", "2", "x", "3"]}, "column a: is of numbers, but has 'x' in line 4: correct the cell"),
        ({"a": ["x", "y", "z", "3"]}, "column a: is of text, but has '3' in line 5"),
        ({"a": [f"name {i}" for i in range(N)]}, "column a: has 20 different texts in 20 rows, too many"),
        ({"a": ["1", "inf"]}, "column a, line 3: inf is infinite, or larger than"),
        ({"a": ["1", "1e400"]}, "column a, line 3: inf is infinite, or larger"),
        ({"a": ["1", "-1e39"]}, r"column a, line 3: -1e\+39 is infinite, or larger than 1e\+20"),
        ({"a": ["1700000001", "1700000002"]}, "column a: its values.*subtract a constant"),
        ({"a": ["1e-60", "2e-60"]}, "column a: its values.*differ by less than float32 tells apart"),
        ({"a": ["1", ""]}, 'line 3, column a: no value, as in 10 of 20 rows; missing = "median" puts the median there'),
        ({"a": ["", ""]}, "column a: has no values"),
        ({"a": ["1"], "": ["2"]}, "column 3 has no name: name it in the first line"),
        ({"a": ["1"], "label": ["0", "1", "?"]}, 'line 4, label label: no value.*missing = "drop"'),
    ],
)
def test_what_may_be_misread_is_refused_with_column_line_and_remedy(
    tmp_path: Path, columns: dict[str, list[str]], words: str
) -> None:
    with pytest.raises(ValueError, match=rf"t\.csv.*{words}"):
        data(tmp_path, columns)


def test_all_columns_that_are_refused_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"column a: has dates(.|\n)*column b: has numbers such as(.|\n)*features = "):
        data(tmp_path, {"a": ["2024-01-31"], "b": ["1 234", "2"], "c": ["1"]})


@pytest.mark.parametrize("cell", ["", "?", "NA", "n/a", "NaN", "null", "None", " "])
def test_a_missing_value_is_put_in_by_the_model_or_its_row_is_left_out(tmp_path: Path, cell: str) -> None:
    columns = {"a": ["1", "2", "3", cell], "b": ["x", "y", "x", cell]}
    loaded = data(tmp_path, columns, missing="median")
    assert (loaded.imputed, loaded.categories[1]) == ([True, True], ("x", "y"))
    np.testing.assert_array_equal(np.isnan(loaded.points), [[i % 4 == 3] * 2 for i in range(N)])
    loaded = data(tmp_path, columns, missing="drop")
    assert (loaded.imputed, len(loaded.points)) == ([False, False], 15)
    assert "5 rows with missing values are left out" in loaded.notes


def test_a_label_is_never_made_up(tmp_path: Path) -> None:
    loaded = data(tmp_path, {"a": ["1", "2"], "label": ["0", "1", "NA", "1"]}, missing="median")
    assert len(loaded.target.labels) == 15
    assert loaded.notes[0] == "5 rows without a label (nothing, NA or the like) are left out"


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "PassengerId"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_first_column_that_numbers_the_rows_is_left_out_and_said(tmp_path: Path, name: str, first: int) -> None:
    loaded = data(tmp_path, {name: [str(i + first) for i in range(N)], "a": ["1", "2"], "label": LABELS})
    assert loaded.names == ["a"]
    assert "numbers the rows and is left out" in loaded.notes[0]


def test_a_column_without_values_is_left_out_and_constants_are_named(tmp_path: Path) -> None:
    loaded = data(tmp_path, {"a": ["1", "2"], "b": [""], "": [""], "c": ["5"], "d": ["x"]})
    assert loaded.names == ["a", "c", "d"]
    assert loaded.notes[:2] == (
        "column b has no values and is left out",
        "the same in every row, so nothing can be learned from it: c, d",
    )


def test_a_column_that_is_the_label_in_other_words_is_named(tmp_path: Path) -> None:
    numbers = [str(i / 7) for i in range(N)]
    labels = [LABELS[i % len(LABELS)] for i in range(N)]
    columns = {
        "value": numbers,
        "said": [f"class {label}" for label in labels],
        "nearly": [f"class {label}" for label in labels[:-1]] + ["class " + next(x for x in labels if x != labels[-1])],
        "finer": [f"{label}{i // 2 % 2}" for i, label in enumerate(labels)],
    }
    (note,) = data(tmp_path, columns).notes
    assert note == "the label in other words, to be left out of features unless it is known before the label: said"
    scaled = {
        "label": numbers,
        "scaled": [str(3 - float(x) / 2) for x in numbers],
        "other": [str(i % 5) for i in range(N)],
    }
    (note,) = data(tmp_path, scaled).notes
    assert note.endswith("known before the label: scaled")


@pytest.mark.parametrize(
    ("different", "note"), [(N, None), (N - 1, None), (N // 2, f"{N - N // 2} of {N} rows are copies")]
)
def test_rows_that_are_copies_are_counted_where_they_are_many(tmp_path: Path, different: int, note: str | None) -> None:
    columns = {"label": [str(i % different % 2) for i in range(N)], "x": [str(i % different / 7) for i in range(N)]}
    notes = data(tmp_path, columns).notes
    assert [found.startswith(note or "-") for found in notes] == [True] * (note is not None)


def test_features_select_and_order_columns_and_others_may_be_anything(tmp_path: Path) -> None:
    columns = {"a": ["1", "2"], "when": ["2024-01-31"], "": ["7"], "c": ["x", "y"]}
    loaded = data(tmp_path, columns, features=("c", "a"))
    assert (loaded.names, loaded.points[1].tolist()) == (["c", "a"], [1, 2])
    with pytest.raises(
        ValueError, match=r"t\.csv: has no column C; did you mean c\? the columns are label, a, when, , c"
    ):
        data(tmp_path, columns, features=("C",))


@pytest.mark.parametrize(
    ("labels", "task", "classes"),
    [
        (["0", "1"], "binary", ["0", "1"]),
        (["1", "-1"], "binary", ["-1", "1"]),
        (["1.0", "0.0"], "binary", ["0", "1"]),
        (["0.5", "1.5"], "binary", ["0.5", "1.5"]),
        (["yes", "no"], "binary", ["no", "yes"]),
        (["True", "False"], "binary", ["False", "True"]),
        (["+", "-"], "binary", ["+", "-"]),
        (["10", "9", "-1"], "multiclass", ["-1", "9", "10"]),
        (["b", "c", "a"], "multiclass", ["a", "b", "c"]),
        (["1", "2", "other"], "multiclass", ["1", "2", "other"]),
        (["1.5", "2", "3"], "regression", []),
        ([str(i) for i in range(N)], "regression", []),
        (["0,5", "1", "3"], "regression", []),
        (["20000001", "20000002"], "binary", ["20000001", "20000002"]),
    ],
)
def test_the_labels_say_the_task_and_the_classes_in_their_order(
    tmp_path: Path, labels: list[str], task: str, classes: list[str]
) -> None:
    target = data(tmp_path, {"a": ["1", "2"], "label": labels}).target
    assert (target.task, target.classes) == (task, classes)
    if classes:
        numbers = {"1.0": "1", "0.0": "0"}
        assert [classes[int(i)] for i in target.labels] == [
            numbers.get(labels[i % len(labels)], labels[i % len(labels)]) for i in range(N)
        ]


def test_the_task_can_be_said_and_the_positive_class(tmp_path: Path) -> None:
    assert data(tmp_path, {"a": ["1"], "label": ["1", "2", "3"]}, task="regression").target.classes == []
    assert data(tmp_path, {"a": ["1"], "label": ["1.5", "2.5", "3.5"]}, task="multiclass").target.classes == [
        "1.5",
        "2.5",
        "3.5",
    ]
    target = data(tmp_path, {"a": ["1"], "label": ["Yes", "no"]}, positive="Yes").target
    assert (target.classes, target.labels[:2].tolist()) == (["no", "Yes"], [1, 0])
    target = data(tmp_path, {"a": ["1"], "label": ["True", "False"]}, positive="false").target
    assert target.classes == ["True", "False"]


@pytest.mark.parametrize(
    ("labels", "asked", "words"),
    [
        (["1"], {}, "label label: says 1 in every row"),
        (["a", "b", "c"], {"task": "binary"}, r"has 3 classes \(a, b, c\), so its task is not binary"),
        (["a", "b"], {"task": "multiclass"}, "has two classes"),
        (["a", "b"], {"task": "regression"}, "is text"),
        (["a", "b", "c"], {"positive": "a"}, "has 3 classes, and positive is for two"),
        (["1.5", "2.5", "3.5"], {"positive": "1.5"}, "in which no class is positive"),
        (["a", "b"], {"positive": "c"}, "has no class c, which is to be positive; the classes are a and b"),
        (["a"] * 9 + ["b"] * 9 + ["c"] * 2, {}, r"fewer than 3 rows, one for each split: c \(2\); add rows"),
        (["2024-01-31", "2024-02-01"], {}, "has dates"),
        (["1,234", "2,345"], {}, "may be thousands or a decimal comma"),
        (["1", "inf"], {}, "has infinite values"),
        (["NA"], {"missing": "drop"}, "has 0 rows without the 20 that lack values; at least 10 are needed"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(
    tmp_path: Path, labels: list[str], asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=rf"t\.csv.*{words}"):
        data(tmp_path, {"a": ["1", "2"], "label": labels}, **asked)


@pytest.mark.parametrize("rows", ["", "1,0\n", "1,0\n2,1\n" * 4])
def test_a_table_of_fewer_than_ten_rows_is_refused(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,label\n" + rows)
    with pytest.raises(ValueError, match=rf"t\.csv: has {rows.count(',')} rows; at least 10 are needed"):
        load(TableSpec(path=path))


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame(
        {
            "zip": ["01234", "98765"] * 5,
            "flag": [True, False] * 5,
            "kind": pd.Categorical(["b", "a"] * 5),
            "n": pd.array([1, None] * 5, "Int64"),
            "label": [0.25, 0.5, 0.75, 1, 1.25] * 2,
        }
    )
    frame.to_parquet(path)
    loaded = load(TableSpec(path=path, missing="median"))
    assert loaded.categories == [("01234", "98765"), ("false", "true"), ("a", "b"), None]
    np.testing.assert_array_equal(loaded.points[:2], [[0, 1, 1, 1], [1, 0, 0, np.nan]])
    frame.assign(when=pd.Timestamp("2024-01-31"), both=pd.Series([[1]] * 10)).to_parquet(path)
    with pytest.raises(ValueError, match=r"column when: has dates(.|\n)*column both: is of the type list"):
        load(TableSpec(path=path, missing="median"))


def test_an_index_that_pandas_keeps_in_parquet_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1.0, 2] * 5, "label": ["x", "y"] * 5}, index=np.arange(10)).to_parquet(path, index=True)
    assert load(TableSpec(path=path)).names == ["a"]
