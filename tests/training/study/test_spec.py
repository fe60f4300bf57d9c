"""A study is read from TOML: what is varied becomes cells, and a file that is wrong is refused by key and level."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bundle.study import Level, StudySchema
from tests.conftest import ROOT
from training.study import grids
from training.study.cells import digest_of
from training.study.spec import StudyFile, read

WORDS = """
name = "words"
[dataset]
generator = "moons"
[model]
epochs = 50
"""

BOTH = """
[[grid]]
width = [1, 10]
depth = [0, 1, 2]
activation = ["tanh", "relu"]
"""

Reader = Callable[[str], StudyFile]


@pytest.fixture
def study(tmp_path: Path) -> Reader:
    def write(text: str) -> StudyFile:
        path = tmp_path / "study.toml"
        path.write_text(text)
        return read(path)

    return write


def levels(study: StudyFile) -> list[tuple[Level, ...]]:
    return [tuple(cell.factors.values()) for cell in study.cells()]


def test_a_grid_is_every_combination_of_its_levels_with_what_all_cells_have(study: Reader) -> None:
    read = study(WORDS + "[[grid]]\nwidth = [3, 10]\nnoise = [0.1, 0.3]")
    assert read.factors == ("width", "noise")
    assert levels(read) == [(3, 0.1), (10, 0.1), (3, 0.3), (10, 0.3)]
    assert [cell.hidden_layers for cell in read.cells()] == [[3, 3], [10, 10]] * 2
    assert {cell.experiment.models[0].epochs for cell in read.cells()} == {50}


def test_what_has_no_meaning_is_left_out_so_equal_cells_are_one(study: Reader) -> None:
    assert levels(study(WORDS + BOTH)) == [
        (None, 0, None),
        (1, 1, "tanh"),
        (1, 1, "relu"),
        (1, 2, "tanh"),
        (1, 2, "relu"),
        (10, 1, "tanh"),
        (10, 1, "relu"),
        (10, 2, "tanh"),
        (10, 2, "relu"),
    ]
    data = study(WORDS + '[[grid]]\ngenerator = ["moons", "gaussian_quantiles"]\nnoise = [0.1, 0.2]')
    assert levels(data) == [("moons", 0.1), ("moons", 0.2), ("gaussian_quantiles", None)]


def test_several_grids_and_cells_are_united_and_all_have_all_factors(study: Reader) -> None:
    read = study(
        WORDS
        + "[[grid]]\nwidth = [3, 10]\ndepth = 1\n[[grid]]\nwidth = 10\ndepth = [1, 2]\n"
        + "[[cell]]\nhidden_layers = [30, 10]\n[[cell]]\ndepth = 0\nlearning_rate = 0.1"
    )
    assert read.factors == ("width", "depth", "hidden_layers", "learning_rate")
    assert levels(read) == [
        (3, 1, "3", 0.001),
        (10, 1, "10", 0.001),
        (10, 2, "10-10", 0.001),
        (None, 2, "30-10", 0.001),
        (None, 0, "linear", 0.1),
    ]


def test_where_only_the_width_varies_no_units_are_a_width_too(study: Reader) -> None:
    read = study(WORDS + "depth = 1\n[[grid]]\nwidth = [0, 1, 2]")
    assert [(cell.factors["width"], cell.hidden_layers) for cell in read.cells()] == [(0, []), (1, [1]), (2, [2])]


def test_the_documents_example_is_a_study_of_ten_cells(study: Reader) -> None:
    document = (ROOT / "models" / "README.md").read_text()
    (example,) = re.findall(r'```toml\n(name = "noise-and-width".*?)```', document, re.DOTALL)
    assert len(list(study(example).cells())) == 10


def test_a_level_may_be_a_list_to_choose_from(study: Reader) -> None:
    read = study(WORDS + "[[grid]]\nlearning_rate = [0.01, [0.0003, 0.001]]")
    assert levels(read) == [("0.01",), ("0.0003 or 0.001",)], "a column has one kind: text, where some levels are"
    fixed, tuned = (cell.experiment.models[0] for cell in read.cells())
    assert (fixed.protocol.learning_rates, tuned.protocol.learning_rates) == ((), (0.0003, 0.001))


def test_a_study_may_be_of_one_cell(study: Reader) -> None:
    read = study(WORDS)
    (cell,) = read.cells()
    assert (cell.name, cell.factors, cell.hidden_layers, read.axes) == ("cell", {}, [10, 10], ())


def test_the_same_cell_of_two_studies_is_the_same_however_it_is_said(study: Reader) -> None:
    plain = study(WORDS + "width = 3\ndepth = 1")
    said = study(
        'name = "other"\nreplicates = 3\n[dataset]\ngenerator = "moons"\nnoise = 0.2\nn_samples = 1000\n'
        '[protocol]\nlearning_rate = 1e-3\noptimizer = "adam"\nepochs = 50\nactivation = "tanh"\n'
        "[[grid]]\nhidden_layers = [[3], [4]]"
    )
    assert next(plain.cells()).digest == next(said.cells()).digest


def test_cells_are_made_as_they_are_taken(study: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, made = list(range(1, 51)), list[str]()
    read = study(WORDS + f"[[grid]]\nwidth = {numbers}\nrandom_state = {numbers}")

    def counted(content: str) -> str:
        made.append(content)
        return digest_of(content)

    monkeypatch.setattr(grids, "digest_of", counted)
    assert read.grids.most == 2500
    assert [cell.factors["width"] for cell in islice(read.cells(), 2)] == [1, 2]
    assert len(made) == 2


def test_a_cell_is_named_by_its_levels(study: Reader) -> None:
    names = [cell.name for cell in study(WORDS + BOTH + "learning_rate = [0.01, [0.001, 0.01]]").cells()]
    assert names[:2] == ["depth0-learning_rate0.01", "depth0-learning_rate0.001_or_0.01"]
    assert names[-1] == "width10-depth2-relu-learning_rate0.001_or_0.01"


def test_long_and_odd_names_are_cut_and_told_apart_by_their_digest(study: Reader) -> None:
    stopping = ", ".join(f"{{ patience = {n}, min_delta = 0.001, start_from_epoch = 100 }}" for n in (5, 6))
    names = [cell.name for cell in study(WORDS + BOTH + f"early_stopping = [{stopping}]").cells()]
    assert len(set(names)) == len(names) == 18
    assert max(map(len, names)) == 64


@pytest.mark.parametrize(
    ("keep", "epochs"),
    [
        ("", (0, 1, 2, 3, 5, 6, 8, 11, 15, 20, 27, 37, 50)),
        ("epochs = 2", (0, 1, 50)),
        ("epochs = 1", (0, 50)),
        ("epochs = [10, 20, 90]", (0, 10, 20, 50)),
    ],
)
def test_epochs_are_recorded_from_before_training_to_the_last(
    study: Reader, keep: str, epochs: tuple[int, ...]
) -> None:
    (cell,) = study(f"{WORDS}[keep]\n{keep}").cells()
    assert cell.epochs == epochs


def test_a_table_is_found_beside_the_studys_file(study: Reader, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{i % 7},{'abc'[i % 3]}" for i in range(60))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "three.csv").write_text(f"x,z,kind\n{rows}\n")
    text = (
        'name = "t"\n[dataset]\ngenerator = "table"\npath = "data/three.csv"\nlabel = "kind"\n[[grid]]\nwidth = [1, 2]'
    )
    read = study(text)
    assert (read.task, read.metric, len(list(read.cells()))) == ("multiclass", "test_accuracy", 2)
    assert round(read.inventory.overlap, 3) == 0.536, "test rows over training rows, since replicates share the table"
    assert next(read.cells()).experiment.dataset.path == tmp_path / "data" / "three.csv"  # type: ignore[union-attr]


def test_the_text_may_stand_in_a_file_of_its_own(study: Reader, tmp_path: Path) -> None:
    (tmp_path / "words.md").write_text("# Words")
    assert study('text = "words.md"' + WORDS).text == "# Words"
    assert study('text = "In one line."' + WORDS).text == "In one line."


def test_a_record_is_written_and_read_again(study: Reader) -> None:
    claim = '[[claims]]\ntext = "t"\nmetric = "dead_2"\nexpect = "same"\nalong = "depth"\nlevels = [0, 2]\nrope = 0.1'
    started = datetime(2026, 1, 1, tzinfo=UTC)
    record = study(WORDS + BOTH + claim).record(started)
    assert StudySchema().load(StudySchema().dump(record)) == record
    assert (record.axes, record.task, record.recipe) == (["width", "depth"], "binary", "at rate 0.001 and 50 epochs")
    assert [claim.levels for claim in record.claims] == [[0, 2]]


def test_cells_are_chosen_for_export_by_their_levels(study: Reader) -> None:
    read = study("export = [{ width = 10, depth = [1, 2] }, { depth = 0 }]" + WORDS + BOTH)
    assert [cell.name for cell in read.exported()] == [
        "depth0",
        "width10-depth1-tanh",
        "width10-depth1-relu",
        "width10-depth2-tanh",
        "width10-depth2-relu",
    ]
    with pytest.raises(ValueError, match=r"export\[1\]: no cell has width 10, depth 0"):
        list(study("export = [{ width = 10, depth = 0 }]" + WORDS + BOTH).exported())


CLAIM = 'metric = "test_accuracy"\nexpect = "more"\nalong = "width"'
BASE = f'{WORDS}{BOTH}[[claims]]\ntext = "t"\n{CLAIM}\n'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "words"', 'name = "a/b"', ["name: must be 1 to 64 of A-Z", "not 'a/b'"]),
        ('name = "words"', 'name = "words"\nfactors = 1', ["factors: unknown field; valid fields: name, title"]),
        ('name = "words"', 'name = "words"\ntext = "no.md"', ["text: no.md cannot be read"]),
        ('name = "words"', 'name = "words"\naxes = ["width", "width"]', ["axes: must be one factor, or two different"]),
        (
            'name = "words"',
            'name = "words"\naxes = ["noise"]',
            ["axes[1]: is no factor", "there are width, depth, act"],
        ),
        ('name = "words"', 'name = "words"\nmetric = "acc"', ["metric: must be one of accuracy", "up to _2, not acc"]),
        ('name = "words"', 'name = "words"\nexport = [{ width = 5 }]', ["export[1].width: has no level 5", "1, 10"]),
        ('name = "words"', 'name = "words"\nexport = [{ a = 5 }]', ["export[1].a: is no factor of this study"]),
        ("epochs = 50", "epochs = 50\n[keep]\nmap = 1", ["keep.map: must be from 2 to 200 points a side, or 0"]),
        ("epochs = 50", "epochs = 50\n[keep]\nepochs = [-1]", ["keep.epochs[1]: must be at least 0, not -1"]),
        ("epochs = 50", "epochs = 50\n[keep]\nepochs = 0", ["keep.epochs: must be at least 1, not 0"]),
        ("epochs = 50", 'epochs = 50\n[keep]\nexact = "x"', ["keep.exact: must be one of last, all, none, not x"]),
        ("epochs = 50", "epochs = 0", ["model.epochs: must be at least 1, not 0"]),
        ("epochs = 50", "epochs = 50\nwidht = 1", ["model.widht: unknown field; valid fields: width, depth"]),
        ("epochs = 50", "hidden_layers = [3]", ["grid[1].width: does not go with hidden_layers in [model]"]),
        ("epochs = 50", "hidden_layers = [3]\nwidth = 1", ["model.hidden_layers: does not go with width and depth"]),
        ('generator = "moons"', "", ["dataset.generator: must be one of gaussian_quantiles", "not nothing"]),
        ('generator = "moons"', 'generator = "moon"', ["dataset.generator: must be one of gaussian_qu", "not moon"]),
        (
            'generator = "moons"',
            'generator = "moons"\nnose = 1',
            ["dataset.nose: the data set has none: moons has gen", "noise"],
        ),
        ('generator = "moons"', 'generator = "moons"\nnoise = -1', ["dataset.noise: must be at least 0, not -1"]),
        ('generator = "moons"', 'generator = "table"', ["grid[1]: dataset.path: Missing data for required field"]),
        ('generator = "moons"', 'generator = "table"\npath = "no.csv"', ["grid[1]: ", "no.csv"]),
        ("width = [1, 10]", "widht = [1, 10]", ["grid[1].widht: unknown factor; there are width, depth", "n_samples"]),
        ("width = [1, 10]", "cov = [0.1]", ["grid[1].cov: the data set has none: moons has generator, domain"]),
        ("width = [1, 10]", "width = []", ["grid[1].width: has no level: the list is empty"]),
        (
            "width = [1, 10]",
            'width = [1, "a", 2.5, -1]',
            ["width[2]: Not a valid int", "width[3]", "width[4]: must be"],
        ),
        ("width = [1, 10]", "width = [1, 10, 1]", ["grid[1].width[3]: 1 is there already; list each level once"]),
        ("width = [1, 10]", "hidden_layers = [[3]]", ["grid[1].hidden_layers: does not go with width and depth"]),
        ("width = [1, 10]\ndepth = [0, 1, 2]", "hidden_layers = [10, 10]", ["list of those: [[10, 10]]"]),
        ("width = [1, 10]", "noise = [0.1, inf]", ["grid[1].noise[2]: ", "infinity"]),
        ('["tanh", "relu"]', '["tanh", "rule"]', ["grid[1].activation[2]: must be one of linear, tanh", "not rule"]),
        (
            '["tanh", "relu"]',
            '["tanh", ["tanh", "relu"]]',
            ["grid[1] with width 1, depth 1, activation tanh-relu: activation: must be one name, or one for each of"],
        ),
        (
            '["tanh", "relu"]',
            '["tanh"]\nloss = ["mean_squared_error", "huber"]',
            ["grid[1] with width 1, depth 0, activation tanh, loss huber: protocol.loss: must be one of binary_cross"],
        ),
        (
            "depth = [0, 1, 2]",
            'depth = [1, 2]\ngenerator = ["moons", "blobs"]\nnoise = [0, 1]',
            ["grid[1] with generator blobs, noise 0: dataset.noise: must be above 0, not 0"],
        ),
        ('text = "t"', "", ["claims[1].text: Missing data"]),
        ('expect = "more"', 'expect = "mor"', ["claims[1].expect: must be one of more, less, same, within, not mor"]),
        ('expect = "more"', 'expect = "within"', ["claims[1].expect: within is of one mean"]),
        ('expect = "more"', 'expect = "more"\nlow = 1', ['claims[1].low: is for expect = "within"']),
        ('along = "width"', "low = 0.5", ["claims[1].expect: needs along, or better and than"]),
        ('along = "width"', "better = { depth = 1 }", ["claims[1].better: better and than go together"]),
        ('expect = "more"', 'expect = "same"\nrope = 0', ["claims[1]: rope must be above 0, not 0"]),
        (
            'expect = "more"\nalong = "width"',
            'expect = "within"\nlow = 0\nlog = true',
            ["claims[1]: low and high must be above 0 where logarithms are compared"],
        ),
        ('along = "width"', 'along = "wdth"', ["claims[1].along: is no factor of this study; there are width, dep"]),
        (
            'along = "width"',
            'along = "width"\nlevels = [1, 3]',
            ["claims[1].levels: has no level 3; levels are none, 1"],
        ),
        ('along = "width"', 'along = "width"\nwhere = { epoch = 9 }', ["where.epoch: has no level 9; recorded epochs"]),
        ('along = "width"', 'along = "width"\nwhere = { depth = "1" }', ["where.depth: has no level 1; levels are 0"]),
        ('metric = "test_accuracy"', 'metric = "dead_3"', ["claims[1].metric: must be one of accuracy", "up to _2"]),
        ("[[grid]]", "[grid]", ["grid: Not a valid list"]),
        ("[[grid]]", "[[grid", ["not TOML"]),
    ],
)
def test_a_wrong_file_is_refused_with_file_key_and_what_is_allowed(
    study: Reader, old: str, new: str, words: list[str]
) -> None:
    assert old in BASE
    with pytest.raises(ValueError, match=r"study\.toml:") as refused:
        study(BASE.replace(old, new, 1))
    assert [word for word in words if word not in str(refused.value)] == []


@pytest.mark.parametrize(
    "where",
    [
        "{ depth = [1, 2] }",
        '{ depth = ">=1", activation = "!=relu" }',
        '{ width = "none" }',
        '{ epoch = "last" }',
        '{ epoch = ">=10" }',
        "{ epoch = 50, replicate = 3 }",
    ],
)
def test_a_claim_may_choose_its_rows_as_a_query_does(study: Reader, where: str) -> None:
    (claim,) = study(f"{BASE}where = {where}").claims
    assert claim.where


def test_levels_of_claims_are_as_the_rows_have_them(study: Reader) -> None:
    claim: dict[str, Any] = {
        "scale": "true",
        "learning_rate": ["0.01", "0.001 or 0.01"],
        "hidden_layers": ["10-10", "linear"],
    }
    read = study(
        WORDS + "[[grid]]\nscale = [true, false]\nlearning_rate = [0.01, [0.001, 0.01]]\n"
        'hidden_layers = [[10, 10], []]\n[[claims]]\ntext = "t"\nmetric = "loss"\nexpect = "within"\nlow = 0\n'
        "where = { scale = true, learning_rate = [0.01, [0.001, 0.01]], hidden_layers = [[10, 10], []] }"
    )
    assert read.claims[0].where == claim


def test_classes_and_regression_are_not_one_study(study: Reader, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{i * 0.37}" for i in range(60))
    (tmp_path / "numbers.csv").write_text(f"x,label\n{rows}\n")
    with pytest.raises(ValueError, match="some data are for regression, others for classes"):
        study(WORDS + '[[cell]]\ngenerator = "moons"\n[[cell]]\ngenerator = "table"\npath = "numbers.csv"')
    read = study(WORDS.replace('"moons"', '"table"\npath = "numbers.csv"'))
    assert (read.task, read.metric) == ("regression", "test_r2")
    assert study(WORDS + '[[grid]]\ngenerator = ["moons", "blobs"]').task == "multiclass"
