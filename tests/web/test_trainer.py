"""Own points, thirty runs, a verdict, a link: what somebody does who trains networks in the page."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from bundle.table_files import MISSING
from harness.file_server import FileServer
from tests.conftest import Server
from tests.web.conftest import EVERYWHERE, Journal, OpenPage, violations
from tests.web.trainer import called, choose, load, outcome, paste, put, show, train, until_done
from training.datasets import data_of
from training.experiment import read

RANDOM = np.random.default_rng(4)
RING = [
    (*np.round(radius * np.array([np.cos(angle), np.sin(angle)]), 3), label)
    for radius, label in ((0.3, "in"), (1.1, "out"))
    for angle in RANDOM.uniform(0, 2 * np.pi, 40)
]
TEXT = "x1,x2,label\n" + "".join(f"{x},{y},{label}\n" for x, y, label in RING)


@pytest.fixture
def open_usual(keep_page: OpenPage) -> OpenPage:
    return keep_page


@pytest.fixture
def host(server: Server, request: pytest.FixtureRequest) -> Server | FileServer:
    """What serves `page`, where that is one of those that are marked `EVERYWHERE`."""
    is_saved = request.node.callspec.params["page"] == "site"
    return request.getfixturevalue("site") if is_saved else server


@pytest.fixture
def trainer(page: Page) -> Page:
    show(page)
    put(page, "Epochs", 8)
    put(page, "Runs", 6)
    return page


@EVERYWHERE
def test_own_points_become_thirty_runs_a_verdict_and_a_link_that_shows_the_same(
    trainer: Page, open_page: OpenPage, host: Server | FileServer
) -> None:
    put(trainer, "Runs", 30)
    paste(trainer, TEXT)
    expect(trainer.get_by_role("status")).to_contain_text("80 points of 2 classes")
    put(trainer, "Rate", 0.1, form="B")
    train(trainer)
    expect(trainer.locator(".runs-of button canvas")).to_have_count(60)
    found = outcome(trainer)
    assert found[0].startswith("tanh-3")
    assert found[1].startswith("tanh-10")
    assert re.search(r"tanh-10 .*: \d+ wins?, \d+ ties?, \d+ loss", found[2])
    assert all(re.search(r"\[0\.\d{3}, [01]\.\d{3}\]", row) for row in found[:2])
    choose(trainer, "Show", "mean of the runs")
    choose(trainer, "of", "tanh-10")
    seen = enlarged(trainer)
    trainer.get_by_role("button", name="Copy link").click()
    link = trainer.get_by_role("textbox", name="The link")
    expect(link).to_have_value(re.compile(r"/trainer(\.html)?(\?at=[^#]*)?#train="))
    other = open_page(host)
    show(other, link.input_value().partition("/trainer")[2])
    until_done(other)
    assert outcome(other) == found
    assert points(other) == points(trainer)
    assert enlarged(other) == seen


def enlarged(page: Page) -> tuple[str, str]:
    """Return the map under the points, and what is said of it."""
    colours = page.locator(".editor canvas.colours").evaluate("(c) => c.toDataURL()")
    return colours, page.locator("#meaning").inner_text()


def test_the_page_judges_two_networks_itself(trainer: Page, journal: Journal) -> None:
    train(trainer)
    (words,) = outcome(trainer)[2:]
    assert re.search(r"tanh-10 .*: \d+ wins?, \d+ ties?, \d+ loss.*; difference .* points \[.*\], p .* \(Holm ", words)
    asked = [url for url in journal.requests if "comparison" in url]
    assert all("experiment" in url for url in asked)  # that of what is recorded alone


def test_the_runs_are_the_same_however_many_workers_there_are(open_page: OpenPage, server: Server) -> None:
    found = []
    for cores in (1, 3):
        page = open_page(server)
        page.add_init_script(f"Object.defineProperty(navigator, 'hardwareConcurrency', {{ get: () => {cores} }})")
        show(page)
        put(page, "Epochs", 5)
        train(page)
        expect(page.locator("#progress")).to_contain_text("one worker" if cores == 1 else "3 workers")
        found.append(outcome(page))
    assert found[0] == found[1]


def test_training_is_stopped_goes_on_steps_and_starts_again(trainer: Page) -> None:
    progress = trainer.locator("#progress")
    trainer.get_by_role("button", name="One epoch").click()
    expect(progress).to_have_text("Epoch 1 of 8.")
    trainer.get_by_role("button", name="One epoch").click()
    expect(progress).to_have_text("Epoch 2 of 8.")
    trainer.get_by_role("button", name="Go on").click()
    until_done(trainer)
    straight = outcome(trainer)
    trainer.get_by_role("button", name="Start again").click()
    expect(trainer.locator("#results")).to_be_hidden()
    put(trainer, "Epochs", 5000)
    trainer.get_by_role("button", name="Train", exact=True).click()
    expect(progress).to_contain_text(re.compile(r"Epochs? [1-9]"))
    trainer.get_by_role("button", name="Stop").click()
    expect(trainer.get_by_role("button", name="Go on")).to_be_visible()
    trainer.get_by_role("button", name="Start again").click()
    put(trainer, "Epochs", 8)
    train(trainer)
    assert outcome(trainer) == straight


def test_steps_asked_faster_than_they_are_trained_are_all_trained(trainer: Page) -> None:
    trainer.get_by_role("button", name="One epoch").evaluate("(step) => { step.click(); step.click(); step.click(); }")
    expect(trainer.locator("#progress")).to_have_text("Epoch 3 of 8.")


def test_what_is_changed_while_it_trains_ends_the_training(trainer: Page) -> None:
    put(trainer, "Epochs", 5000)
    trainer.get_by_role("button", name="Train", exact=True).click()
    expect(trainer.locator("#progress")).to_contain_text(re.compile(r"Epochs? [1-9]"))
    trainer.locator(".editor").click()
    expect(trainer.locator("#progress")).to_contain_text("6 runs of each network at once")
    assert points(trainer).startswith("601 points")
    put(trainer, "Epochs", 3)
    train(trainer)
    expect(trainer.locator(".outcome-table")).to_contain_text("3 epochs")


def points(page: Page) -> str:
    return page.locator(".editor").get_attribute("aria-label") or ""


def test_points_are_clicked_painted_taken_away_and_brought_back(trainer: Page) -> None:
    trainer.get_by_role("button", name="Clear").click()
    editor = trainer.locator(".editor")
    box = editor.bounding_box()
    assert box is not None
    editor.click(position={"x": 100, "y": 100})
    assert points(trainer) == "1 point: 1 of class 0, 0 of class 1"
    trainer.get_by_role("button", name="▲ 1").click()
    trainer.mouse.move(box["x"] + 50, box["y"] + 200)
    trainer.mouse.down()
    trainer.mouse.move(box["x"] + 250, box["y"] + 200, steps=40)
    trainer.mouse.up()
    painted = int(re.findall(r"(\d+) of class 1", points(trainer))[0])
    assert 10 <= painted <= 30
    trainer.get_by_role("button", name="Undo").click()
    assert points(trainer) == "1 point: 1 of class 0, 0 of class 1"
    trainer.get_by_role("button", name="Take away").click()
    editor.click(position={"x": 102, "y": 101})
    assert points(trainer) == "0 points: 0 of class 0, 0 of class 1"


def test_undo_brings_back_points_and_leaves_the_networks(trainer: Page) -> None:
    undo = trainer.get_by_role("button", name="Undo")
    paste(trainer, TEXT)
    put(trainer, "Epochs", 7)
    put(trainer, "Units in layer 1", 5, form="A")
    trainer.get_by_role("button", name="Take away").click()
    trainer.locator(".editor").click(position={"x": 2, "y": 2})  # where there is none
    undo.click()
    assert points(trainer).startswith("600 points")
    expect(trainer.get_by_role("spinbutton", name="Epochs")).to_have_value("7")
    expect(trainer.get_by_role("group", name="A: tanh-5")).to_be_visible()
    paste(trainer, TEXT)
    trainer.get_by_role("button", name="As in the notebook").click()
    assert points(trainer).startswith("2000 points")
    undo.click()
    assert points(trainer) == "80 points: 40 of class in, 40 of class out"


def test_who_reloads_or_comes_back_finds_what_the_page_held(own_page: Page) -> None:
    page = own_page
    show(page)
    put(page, "Epochs", 8)
    put(page, "Runs", 6)
    paste(page, TEXT)
    train(page)
    found = outcome(page)
    page.reload()
    until_done(page)
    assert outcome(page) == found
    put(page, "Epochs", 9)
    page.goto("/lesson")
    page.go_back()
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("9")
    assert points(page) == "80 points: 40 of class in, 40 of class out"
    show(page)
    assert points(page).startswith("600 points")


def test_a_phone_sets_points_by_touch(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    show(page)
    page.get_by_role("button", name="Clear").tap()
    page.locator(".editor").tap(position={"x": 100, "y": 100})
    page.get_by_role("button", name="▲ 1").tap()
    page.locator(".editor").tap(position={"x": 200, "y": 100})
    assert points(page) == "2 points: 1 of class 0, 1 of class 1"


def test_points_are_set_by_the_keyboard_alone(trainer: Page) -> None:
    trainer.get_by_role("button", name="Clear").click()
    trainer.locator(".editor").focus()
    for key in ("ArrowRight", "1", "Shift+ArrowUp", "2", "2", "Delete"):
        trainer.keyboard.press(key)
    assert points(trainer) == "2 points: 1 of class 0, 1 of class 1"
    trainer.locator("#data summary").click()
    expect(trainer.get_by_role("textbox", name="The points, one a line")).to_have_value(
        "x1,x2,label\n0.06,0,0\n0.06,0.3,1\n"
    )


REFUSED = {
    "": "There are no points: give a line for each",
    "1 2 a\n1 2": "Line 2 is no point: 1, 2",
    "1,2,a\n2,x,b": "Line 2 is no point: 2, x, b",
    **{f"1,2,a\n2,1,{word.upper()}": f"Line 2 is no point: 2, 1, {word.upper()}" for word in MISSING if word},
    "# x y kind\n1 2 a\n2 1": "Line 3 is no point: 2, 1",
    "1,2,a\n2,1,a": "All points are of one class",
    "".join(f"1,2,{c}\n" for c in "abcde"): "There are 5 classes",
    "1,2\n3,4": "two numbers and a class",
    "1,2,a\n2e9,1,b": "beyond a million",
    f"1,2,a\n2,1,{'b' * 41}": "text of 40 characters at most",
}


def test_text_that_is_no_points_is_refused_in_words(page: Page) -> None:
    show(page)
    before = points(page)
    for text, words in REFUSED.items():
        paste(page, text)
        expect(page.get_by_role("status")).to_contain_text(words)
        assert points(page) == before


@pytest.mark.parametrize(
    ("text", "points", "classes"),
    [
        ("x,y,label\n1,2,a\n3,4,b\n", [[1, 2, 0], [3, 4, 1]], ["a", "b"]),
        ("x,y,kind\n1,2,a\n3,4,b\n", [[1, 2, 0], [3, 4, 1]], ["a", "b"]),
        ("u;v;kind\n0,5;1,25;ja\n-0,75;2;nein\n", [[0.5, 1.25, 0], [-0.75, 2, 1]], ["ja", "nein"]),
        ('1\t2\tred, dark\n3\t4\tsay "blue"\n', [[1, 2, 0], [3, 4, 1]], ["red, dark", 'say "blue"']),
        ("1 2 a;b;c\n3 4 d\n", [[1, 2, 0], [3, 4, 1]], ["a;b;c", "d"]),
        (",x,y,kind\n0,1,2,a\n1,3,4,b\n", [[1, 2, 0], [3, 4, 1]], ["a", "b"]),  # pandas' row numbers
        ("\tx\ty\tkind\n0\t1\t2\ta\n1\t3\t4\tb\n", [[1, 2, 0], [3, 4, 1]], ["a", "b"]),
        ('"x" "y" "kind"\n"1" 1 2 "a"\n"2" 3 4 "b"\n', [[1, 2, 0], [3, 4, 1]], ["a", "b"]),  # R's
        ("# x y kind\n1 2 a\n3 4 b\n", [[1, 2, 0], [3, 4, 1]], ["a", "b"]),  # numpy's heading
        ("x,y,kind,\n1,2,a,\n3,4,b,\n", [[1, 2, 0], [3, 4, 1]], ["a", "b"]),
        ("red,1,2\nblue,3,4\n", [[1, 2, 0], [3, 4, 1]], ["red", "blue"]),
        ("−1,−.5,a\r1,−2,b\r", [[-1, -0.5, 0], [1, -2, 1]], ["a", "b"]),
        ("1,2,1.0\n3,4,0\n5,6,01\n", [[1, 2, 1], [3, 4, 0], [5, 6, 1]], ["0", "1"]),
        ("1,2,نعم\n3,4,<b>&amp;</b>\n", [[1, 2, 0], [3, 4, 1]], ["نعم", "<b>&amp;</b>"]),
    ],
)
def test_text_is_read_as_spreadsheets_write_it_and_as_the_page_itself_does(
    page: Page, text: str, points: list[list[float]], classes: list[str]
) -> None:
    page.goto("/health/live")
    script = """
        const { toRows } = await import('/trainer/settings.js');
        const read = it.readTable(given[0]);
        const again = it.readTable(it.writeTable(toRows(read.points), read.classes));
        return [read, again].map(({ points, classes }) => [toRows(points), classes]);
    """
    assert called(page, "table", script, text) == [[points, classes]] * 2


def test_too_few_points_are_not_trained(trainer: Page) -> None:
    paste(trainer, "0 0 a\n1 1 a\n2 2 a\n3 3 b\n")
    trainer.get_by_role("button", name="Train", exact=True).click()
    expect(trainer.get_by_role("status")).to_have_text("Give 3 points or more of each class: there are too few of b.")


def test_a_csv_of_three_classes_is_loaded_and_each_kind_of_map_is_shown(trainer: Page) -> None:
    rows = [
        f"{i},{RANDOM.normal(x)};{RANDOM.normal(y)};{name}".replace(",", ";")
        for i in range(20)
        for name, x, y in (("setosa", 0, 0), ("versicolor", 5, 0), ("virginica", 0, 5))
    ]
    content = "\n".join(
        ["id;length;width;species", *[row.partition(";")[0] + ";" + row.partition(";")[2] for row in rows]]
    )
    load(trainer, "Load a CSV file", "flowers.csv", content)
    expect(trainer.get_by_role("status")).to_contain_text(
        "60 points of 3 classes. Taken: id across, length up, species"
    )
    train(trainer)
    found = set()
    for kind in ("one run", "mean of the runs", "agreement"):
        choose(trainer, "Show", kind)
        found.add(trainer.locator(".editor canvas.colours").evaluate("(c) => c.toDataURL()"))
    assert len(found) == 3
    choose(trainer, "Show", "the points alone")
    expect(trainer.locator(".editor canvas.colours")).to_be_hidden()


def test_a_file_keeps_everything_and_is_looked_through_when_it_is_loaded(trainer: Page, tmp_path: Path) -> None:
    paste(trainer, TEXT)
    put(trainer, "Units in layer 1", 7, form="A")
    with trainer.expect_download() as saved:
        trainer.get_by_role("button", name="Save file").click()
    content = Path(saved.value.path()).read_text()
    show(trainer)
    load(trainer, "Load file", "a.json", content)
    expect(trainer.get_by_role("group", name="A: tanh-7")).to_be_visible()
    assert points(trainer) == "80 points: 40 of class in, 40 of class out"
    load(trainer, "Load file", "a.json", content.replace('"seed":3', '"seed":-3'))
    expect(trainer.get_by_role("status")).to_contain_text("seed must be a whole number from 0")
    load(trainer, "Load file", "a.json", json.dumps({**json.loads(content), "points": [[1, 2, 9]]}))
    expect(trainer.get_by_role("status")).to_contain_text("a point is [1,2,9]")
    other = {**json.loads(content), "set": {"name": "blobs", "n": 100, "noise": 2, "classes": 3}}
    load(trainer, "Load file", "a.json", json.dumps(other))
    expect(trainer.get_by_role("status")).to_contain_text("its points are of other classes than it names")
    load(trainer, "Load file", "a.json", "[]")
    expect(trainer.get_by_role("status")).to_contain_text("cannot be loaded")


def test_a_link_that_would_be_too_long_is_refused(trainer: Page) -> None:
    content = "".join(f"{x},{y},{i % 2}\n" for i, (x, y) in enumerate(RANDOM.normal(size=(20_000, 2))))
    load(trainer, "Load a CSV file", "many.csv", content)
    expect(trainer.get_by_role("status")).to_contain_text("20000 points")
    trainer.get_by_role("button", name="Copy link").click()
    panel = trainer.get_by_role("dialog")
    expect(panel.get_by_role("status")).to_contain_text(re.compile(r"need a link of [\d,]+ characters.*Save a file"))


def test_a_link_that_was_cut_off_is_said_in_words_of_the_pages_own(trainer: Page) -> None:
    trainer.get_by_role("button", name="Copy link").click()
    code = trainer.get_by_role("textbox", name="The link").input_value().partition("#train=")[2]
    words = "This link cannot be opened: it was cut off or changed on its way."
    script = "return given[0].map((hash) => it.fromHash(hash).then(String, (error) => error.message));"
    cut = [f"#train={text}" for text in ("", "nonsense", code[:-1], code[: len(code) // 2], code + ".", "%" + code)]
    said = called(trainer, "keeping", script.replace("return", "return Promise.all(").replace(";", ");"), cut)
    assert [f"This link cannot be opened: {one}." for one in said] == [words] * len(cut)
    trainer.goto("about:blank")
    show(trainer, cut[3])
    expect(trainer.get_by_role("status")).to_have_text(words)
    expect(trainer.get_by_role("group", name="A: tanh-3")).to_be_visible()


def test_the_toml_is_an_experiment_that_training_reads(trainer: Page, tmp_path: Path) -> None:
    put(trainer, "L2", 0.001, form="A")
    for data in ("own", "Two moons", "The notebook’s disc", "Clouds"):
        directory = tmp_path / data[:3]
        if data == "own":
            paste(trainer, TEXT)
        else:
            choose(trainer, "Data", data)
        names = ["trained-in-the-page.toml", *(["points.csv"] if data == "own" else [])]
        for name in names:
            with trainer.expect_download() as saved:
                trainer.get_by_role("button", name=name, exact=True).click()
            assert saved.value.suggested_filename == name
            saved.value.save_as(directory / name)
        experiment = read(directory / names[0])
        assert (experiment.seed, experiment.replicates) == (3, 6), data
        assert [model.name for model in experiment.models] == ["tanh-3", "tanh-10"]
        assert [model.protocol.l2 for model in experiment.models] == [0.001, 0.0]
        assert [model.protocol.learning_rate for model in experiment.models] == [0.01, 0.01]
        assert [model.epochs for model in experiment.models] == [8, 8]
        source, splits = data_of(experiment)
        if data == "own":
            assert source.classes == ["in", "out"]
            np.testing.assert_array_equal(splits.served.points, np.array([[x, y] for x, y, _ in RING], np.float32))
        else:
            assert source.n_samples == 600
        assert _sizes_of_split(trainer) == [splits.train.size, splits.test.size], data


def _sizes_of_split(page: Page) -> object:
    """Return how many points the page trains and tests on of what its file says."""
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save file").click()
    script = """
        const { settingsOf } = await import("/trainer/settings.js");
        const { set, points, classes } = settingsOf(given[0]);
        const data = it.dataOf({ set, points, classes: classes.length }, 3, 0);
        return [data.train.labels.length, data.test.labels.length];
    """
    return called(page, "split", script, json.loads(Path(saved.value.path()).read_text()))


@EVERYWHERE
def test_the_recorded_models_stand_beside_where_the_data_are_the_notebooks(trainer: Page) -> None:
    train(trainer)
    table = trainer.locator(".outcome-table")
    expect(table).to_contain_text("Recorded by the service")
    expect(table.get_by_role("row", name=re.compile("^tanh-10-10"))).to_be_visible()
    choose(trainer, "Data", "Two moons")
    train(trainer)
    expect(table).not_to_contain_text("Recorded by the service")


def test_numbers_out_of_range_are_said_and_change_nothing(trainer: Page) -> None:
    put(trainer, "Rate", -1, form="A")
    expect(trainer.get_by_role("status")).to_contain_text("Rate: rate must be a number from 0.000001 to 10, not -1.")
    train(trainer)
    expect(trainer.locator(".outcome-table")).to_contain_text("rate 0.01")


def test_runs_that_diverge_are_said_and_left_out(trainer: Page) -> None:
    choose(trainer, "Activation", "exponential")
    choose(trainer, "Hidden layers", "4")
    put(trainer, "Rate", 10, form="A")
    train(trainer)
    expect(trainer.locator("#results")).to_contain_text(re.compile(r"\d+ of exponential-3-3-3-3 diverged"))
    diverged = trainer.get_by_role("button", name=re.compile(r"exponential.*: diverged")).first
    diverged.click()
    expect(trainer.locator("#meaning")).to_have_text(re.compile(r"^Run \d diverged: its weights are no numbers.$"))


def test_points_far_smaller_than_one_have_their_boundary(trainer: Page) -> None:
    put(trainer, "Epochs", 100)
    put(trainer, "Runs", 1)
    paste(trainer, "".join(f"{1e-14 * x},{1e-14 * y},{int(x > 0)}\n" for x, y in RANDOM.normal(size=(200, 2))))
    train(trainer)
    expect(trainer.locator("#meaning")).to_contain_text("Run 0: the boundary is a")


def test_one_of_a_kind_is_not_said_as_many(trainer: Page) -> None:
    put(trainer, "Epochs", 1)
    put(trainer, "Runs", 1)
    expect(trainer.locator("#progress")).to_have_text(re.compile("^1 run of each network at once, here; "))
    trainer.get_by_role("checkbox", name="Compare with a second network").uncheck()
    expect(trainer.locator("#progress")).to_have_text(re.compile("^1 run of the network at once, here; "))
    train(trainer)
    expect(trainer.locator("#progress")).to_have_text(re.compile("^1 epoch of 1 run in "))
    expect(trainer.locator(".outcome-table")).to_contain_text(re.compile("1 epoch(?!s)"))


@pytest.mark.parametrize(
    ("text", "layers", "shape"),
    [
        (TEXT, "1", "Run 0: the boundary is a closed curve around the centre."),
        ("".join(f"{x},{y},{int(x > 0)}\n" for x, y in RANDOM.normal(size=(200, 2))), "none", "a straight line."),
    ],
)
def test_a_boundarys_shape_is_said(trainer: Page, text: str, layers: str, shape: str) -> None:
    put(trainer, "Epochs", 150)
    put(trainer, "Runs", 1)
    paste(trainer, text)
    choose(trainer, "Hidden layers", layers)
    if layers == "1":
        put(trainer, "Units in layer 1", 10, form="A")
    train(trainer)
    expect(trainer.locator("#meaning")).to_contain_text(shape)


@pytest.mark.parametrize("file", ["main.js", "random.js"])
def test_a_script_that_does_not_load_is_said(own_page: Page, journal: Journal, file: str) -> None:
    page = own_page
    journal.expect("ERR_FAILED")
    page.route(f"**/trainer/{file}", lambda route: route.abort())
    page.goto("/trainer")
    expect(page.get_by_role("status")).to_contain_text("A part of this page did not load")


def test_a_worker_that_does_not_start_is_said_and_another_is_started_later(own_page: Page) -> None:
    page = own_page
    page.route("**/trainer/worker.js", lambda route: route.abort())
    show(page)
    put(page, "Epochs", 8)
    put(page, "Runs", 6)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Training cannot go on")
    page.unroute("**/trainer/worker.js")
    train(page)


def test_without_the_service_the_page_trains_and_copies_its_link(own_page: Page) -> None:
    page = own_page
    show(page)
    put(page, "Epochs", 8)
    choose(page, "Data", "Two moons")
    page.wait_for_load_state("networkidle")
    page.route("**", lambda route: route.abort())
    train(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("textbox", name="The link")).to_have_value(re.compile("#train="))


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(own_page: Page) -> None:
    page = own_page
    page.set_viewport_size({"width": 1366, "height": 740})
    show(page)
    put(page, "Epochs", 3)
    train(page)
    page.locator("#data summary").click()
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    found += violations(page, of="colours")
    page.set_viewport_size({"width": 360, "height": 740})
    found += violations(page, of="arrangement")
    assert not found, "\n".join(found)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
