"""`GET /` shows every model's boundary: maps, their numbers and what is taken away say what the API says."""

import io
import re
import subprocess
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.conftest import MODELS, Server
from tests.web.conftest import EVERYWHERE, OpenPage
from tests.web.explorer import (
    NODES,
    TOLERANCE,
    Api,
    choose,
    colours_of,
    control,
    csv_fields,
    downloaded,
    evaluated,
    figure,
    panel,
    pixels,
    recorded_epochs,
    said,
    seek,
    settle,
    show,
    value,
    warmth,
)

LAST = 500


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server)


@pytest.fixture
def open_usual(keep_page: OpenPage) -> OpenPage:
    return keep_page


@EVERYWHERE
def test_every_model_has_a_panel_with_its_accuracies(page: Page, api: Api) -> None:
    show(page)
    headings = page.get_by_role("region", name="The boundaries").get_by_role("heading", level=3)
    expect(headings).to_have_count(len(MODELS) + 1)  # and the difference
    for model in MODELS:
        row = api.comparison(model)
        expect(panel(page, model).get_by_role("heading")).to_contain_text(f"{row['parameters']} parameters")
        assert value(figure(page, model, "this run")) == pytest.approx(row["served"]["accuracy"], abs=1e-12)
        runs = figure(page, model, f"mean of {row['replicates']} runs")
        assert value(runs) == row["accuracy"]["mean"]
        low, high = row["accuracy"]["ci95"]
        expect(runs).to_contain_text(f"[{low:.3f}, {high:.3f}]")
        if row["notebook_accuracy"] is None:
            expect(figure(page, model, "notebook")).to_have_text("–")
        else:
            assert value(figure(page, model, "notebook")) == row["notebook_accuracy"]


@pytest.mark.parametrize(("run", "epoch"), [(0, 0), (0, 66), (3, 16), (29, LAST)])
def test_accuracy_and_words_follow_the_run_and_the_epoch(page: Page, api: Api, run: int, epoch: int) -> None:
    show(page)
    choose(page, "Run", f"{run}" if run else "0 (served)")
    seek(page, epoch)
    points, labels = api.test_points()
    for model in MODELS:
        probabilities = np.array(api.signature("at", model, points, run, epoch))
        wrong = int(np.sum((probabilities >= 0.5) != np.array(labels)))
        assert value(figure(page, model, "this run")) == pytest.approx(1 - wrong / len(labels), abs=1e-12)
        recorded = api.recorded(model, epoch)
        when = "Before training" if recorded == 0 else f"After epoch {recorded}"
        area = round(100 * float(np.mean(api.boundary(model, epoch, replicate=run) >= 0.5)))
        words = panel(page, model).locator(".summary")
        expect(words).to_contain_text(when)
        whose = "run 0’s " if run else ""
        expect(words).to_contain_text(f"{wrong} of {whose}{len(labels)} test points wrong; ")
        expect(words).to_contain_text(f"; class 1 on {area}% of the area")


@pytest.mark.parametrize(
    ("page", "run", "epoch"),
    [
        ("service", 0, 0),
        ("service", 0, 66),
        ("service", 0, LAST),
        ("service", 11, 133),
        ("service", 8, LAST),
        ("site", 0, 16),
        ("site", 29, LAST),
    ],
    indirect=["page"],
)
def test_the_maps_hold_the_numbers_of_the_service(page: Page, api: Api, run: int, epoch: int) -> None:
    """Those that the page evaluates itself: as they are taken away, and as they are coloured."""
    show(page, f"?run={run}&epoch={epoch}")
    fields = csv_fields(page)
    assert tuple(fields) == MODELS
    for model, field in fields.items():
        right = api.boundary(model, epoch, replicate=run)
        np.testing.assert_allclose(field, right, rtol=0, atol=TOLERANCE, err_msg=model)
        tint = warmth(colours_of(panel(page, model)))
        assert np.all(tint[right > 0.6] > 0), model
        assert np.all(tint[right < 0.4] < 0), model


@pytest.mark.parametrize(("page", "epoch"), [("service", LAST), ("site", 33)], indirect=["page"])
@pytest.mark.parametrize(
    ("choice", "statistic", "words"),
    [
        ("mean of all runs", "mean", "class 1 on"),
        ("spread of all runs", "std", "the runs differ by more than 0.1 on"),
        ("agreement of all runs", "agreement", "more than 90% of the runs agree on"),
    ],
)
def test_a_statistic_is_shown_over_all_runs(
    page: Page, api: Api, epoch: int, choice: str, statistic: str, words: str
) -> None:
    show(page)
    choose(page, "Statistic", choice)
    expect(control(page, "Run")).to_be_disabled()
    seek(page, epoch)
    for model, field in csv_fields(page).items():
        right = api.boundary(model, epoch, statistic=statistic)
        apart = np.abs(field - right) > TOLERANCE  # where P = 0.5, a run may be on either side
        assert np.mean(apart) <= (0.001 if statistic == "agreement" else 0), model
        expect(panel(page, model).locator(".summary")).to_contain_text(words)
        expect(figure(page, model, "this run")).to_have_text("–")
    choose(page, "Statistic", "probability of one run")
    expect(control(page, "Run")).to_be_enabled()


def test_the_page_evaluates_networks_as_the_service_does(page: Page, api: Api) -> None:
    """Every unit at many points, and one point followed through."""
    show(page)
    points = np.random.default_rng(8).uniform(-1.5, 1.5, (50, 2)).astype(np.float32).astype(float).tolist()
    script = """
        const [weights, snapshot, points] = given;
        const one = new network.Network(weights);
        const columns = [0, 1].map((axis) => Float64Array.from(points, (point) => point[axis]));
        const layers = one.evaluate(snapshot, columns, new network.Scratch()).map((units) => units.map((u) => [...u]));
        return [layers, points.map((point) => one.trace(snapshot, point).outputs[0])];
    """
    for model in MODELS:
        weights = api.get(f"/models/{model}/versions/1/weights?replicate=2")
        (*hidden, [probabilities]), one_by_one = evaluated(page, script, weights, 10, points)
        epoch = weights["epochs"][10]
        right = api.signature("at", model, points, 2, epoch)
        assert probabilities == pytest.approx(right, abs=TOLERANCE)
        assert one_by_one == pytest.approx(right, abs=TOLERANCE)
        if hidden:
            layers = api.signature("activations", model, points, 2, epoch)
            layers = layers if isinstance(layers, dict) else {"layer_1": layers}
            for number, units in enumerate(hidden, start=1):
                np.testing.assert_allclose(np.transpose(units), layers[f"layer_{number}"], rtol=1e-6, atol=2e-6)


def test_the_numpy_file_holds_the_same_maps(page: Page, api: Api) -> None:
    show(page, "?run=4&epoch=66")
    name, content = downloaded(page, "Numbers (npy)")
    assert name == "boundaries.npy"
    maps = np.load(io.BytesIO(content), allow_pickle=False)
    assert (maps.dtype, maps.shape) == (np.dtype("<f4"), (len(MODELS), NODES, NODES))
    for model, field in zip(MODELS, maps, strict=True):
        np.testing.assert_allclose(field, api.boundary(model, 66, replicate=4), rtol=0, atol=TOLERANCE)


def test_the_picture_shows_every_map(page: Page) -> None:
    show(page)
    name, content = downloaded(page, "Picture (PNG)")
    assert name == "boundaries.png"
    picture = matplotlib.image.imread(io.BytesIO(content), format="png")
    side, gap, head = 480, 24, 64
    assert picture.shape[:2] == (head + gap + 2 * (side + head + gap), gap + 4 * (side + gap))
    cells = [
        picture[top + head : top + head + side, left : left + side, :3]
        for top in (head, head + side + head + gap)
        for left in range(gap, gap + 4 * (side + gap), side + gap)
    ]
    assert all(cell.std() > 0.02 for cell in cells)
    assert len({cell.tobytes() for cell in cells}) == len(MODELS) + 1
    assert picture[:head].min() < 0.5  # its title


def test_the_command_fetches_what_is_shown(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    page = open_page(server, permissions=["clipboard-read", "clipboard-write"])
    show(page, "?run=6&epoch=66")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("copied", exact=True)).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == page.get_by_label("The command for what is shown").inner_text()
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, timeout=300)
    fields = csv_fields(page)
    assert set(fields) == set(MODELS)
    fields["difference"] = fields["tanh-10-10"] - fields["tanh-10"]
    assert {file.stem for file in tmp_path.glob("*.npy")} == set(fields)
    for name, field in fields.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), field, rtol=0, atol=2 * TOLERANCE)


@pytest.mark.parametrize(
    ("query", "pictured"),
    [("", "linear"), ("?run=2&epoch=66", "tanh-3"), ("?statistic=std&epoch=66", "relu-10-10")],
)
def test_a_panels_links_give_what_it_shows(page: Page, server: Server, query: str, pictured: str) -> None:
    """The picture of one model at a time, as drawing it takes long."""
    show(page, query)
    fields = csv_fields(page)
    for model in ("linear", "tanh-3", "relu-10-10"):
        answers: dict[str, requests.Response] = {}
        for form in ("json", "npy", *(["png"] if model == pictured else [])):
            address = page.get_by_role("link", name=f"{model} as {form}", exact=True).evaluate(
                "(a) => a.pathname + a.search"
            )
            answers[form] = server.get(str(address))
            assert answers[form].status_code == 200, (address, answers[form].text)
        body = answers["json"].json()
        assert body["model"] == model
        given = [body.get("probabilities") or body["values"], np.load(io.BytesIO(answers["npy"].content))]
        for one in given:
            np.testing.assert_allclose(one, fields[model], rtol=0, atol=TOLERANCE)
        if model == pictured:
            assert matplotlib.image.imread(io.BytesIO(answers["png"].content), format="png").std() > 0


@pytest.mark.parametrize("what", ["comparison", "dataset"])
def test_the_pages_head_gives_the_data(page: Page, server: Server, what: str) -> None:
    show(page)
    with page.expect_download() as started:
        page.get_by_role("link", name=f"{what}.csv", exact=True).click()
    assert started.value.suggested_filename == f"{what}.csv"
    assert Path(started.value.path()).read_bytes() == server.get(f"/{what}?format=csv").content


@pytest.mark.parametrize(("a", "b"), [("tanh-10-10", "linear"), ("relu-3", "tanh-3"), ("linear", "relu-10-10")])
def test_the_difference_counts_the_test_points_on_which_two_models_disagree(
    page: Page, api: Api, a: str, b: str
) -> None:
    show(page)
    page.get_by_label("Model A", exact=True).select_option(a)
    page.get_by_label("Model B", exact=True).select_option(b)
    settle(page)
    points, labels = api.test_points()
    first, second = (np.array(api.predict(model, points)["labels"]) for model in (a, b))
    apart = first != second
    right = int(np.sum(apart & (first == labels)))
    words = page.locator("#difference .summary")
    expect(words).to_contain_text(
        f"They disagree on {apart.sum()} of {len(points)} test points, ringed here: {a} is right on {right} of them, "
        f"{b} on {apart.sum() - right}."
    )
    difference = api.boundary(a, LAST, replicate=0) - api.boundary(b, LAST, replicate=0)
    tint = warmth(colours_of(page.locator("#difference")))
    assert np.all(tint[difference > 0.2] > 0)
    assert np.all(tint[difference < -0.2] < 0)
    pair = next(pair for pair in api.get("/comparison")["pairs"] if {pair["a"], pair["b"]} == {a, b})
    verdict = page.locator("#difference .verdict")
    expect(verdict).to_contain_text(a)
    expect(verdict).to_contain_text(b)
    expect(verdict).to_contain_text(said(pair))


def test_a_model_agrees_with_itself(page: Page, api: Api) -> None:
    show(page, "?a=tanh-10&b=tanh-10")
    number = len(api.test_points()[0])
    expect(page.locator("#difference .summary")).to_have_text(f"They agree on all {number} test points.")
    assert len(np.unique(pixels(colours_of(page.locator("#difference"))).reshape(-1, 4), axis=0)) == 1


def test_the_player_plays_to_the_end_and_stops(own_page: Page) -> None:
    page = own_page
    page.clock.install()
    show(page)
    epochs = recorded_epochs(page)
    seek(page, epochs[-4])
    page.clock.pause_at("2100-01-01")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(100)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(shown_epoch(page)).to_have_text(f"after epoch {epochs[-3]} of {LAST}")
    page.clock.run_for(1000)
    expect(shown_epoch(page)).to_have_text(f"after epoch {LAST} of {LAST}")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(panel(page, "tanh-10-10").locator(".summary")).to_contain_text(f"After epoch {LAST}, its last")


def test_the_player_starts_over_and_is_paused_where_it_is(own_page: Page) -> None:
    page = own_page
    page.clock.install()
    show(page)
    page.clock.pause_at("2100-01-01")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(510)
    page.get_by_role("button", name="Pause").click()
    text = shown_epoch(page).inner_text()
    epochs = recorded_epochs(page)
    assert text == f"after epoch {epochs[6]} of {LAST}"  # twelve a second
    page.clock.run_for(1000)
    expect(shown_epoch(page)).to_have_text(text)
    expect(panel(page, "tanh-10-10").locator(".summary")).to_contain_text(f"After epoch {epochs[6]};")


def test_epochs_are_gone_through_step_by_step(page: Page) -> None:
    show(page)
    epochs = recorded_epochs(page)
    seek(page, epochs[1])
    back, on = (page.get_by_role("button", name=f"{which} recorded epoch") for which in ("Previous", "Next"))
    on.click()
    expect(shown_epoch(page)).to_have_text(f"after epoch {epochs[2]} of {LAST}")
    back.click()
    back.click()
    expect(shown_epoch(page)).to_have_text("before training")
    expect(back).to_be_disabled()
    expect(on).to_be_enabled()
    expect(page.get_by_role("slider", name="Epoch")).to_have_attribute("aria-valuetext", "before training")


def shown_epoch(page: Page) -> Locator:
    return page.get_by_role("group", name="Training").get_by_role("status")


def test_the_data_are_drawn_all_or_of_the_test_or_not_at_all(page: Page) -> None:
    show(page)
    dots = panel(page, "linear").locator("canvas.dots")
    drawn = {}
    for choice in ("all", "test only", "none"):
        choose(page, "Points", choice)
        drawn[choice] = int(np.count_nonzero(pixels(dots)[..., 3]))
    assert drawn["all"] > drawn["test only"] > drawn["none"] == 0


def test_colours_may_be_the_notebooks(page: Page) -> None:
    show(page)
    canvas = colours_of(panel(page, "tanh-10-10"))
    before, legend = pixels(canvas), page.locator("#legend .bar").evaluate("(bar) => bar.style.background")
    choose(page, "Colours", "red and blue (notebook)")
    assert not np.array_equal(pixels(canvas), before)
    assert page.locator("#legend .bar").evaluate("(bar) => bar.style.background") != legend
    greenest = np.where(warmth(canvas) > 100, pixels(canvas)[..., 1], 0).max()
    assert greenest < np.where(before[..., 0] - before[..., 2] > 100, before[..., 1], 0).max()  # red, not orange


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_the_systems_or_the_one_that_is_chosen(open_page: OpenPage, server: Server, system: str) -> None:
    page = open_page(server, color_scheme=system)
    show(page)
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(20, 22, 27)"
    assert page.evaluate(paper) == {"light": light, "dark": dark}[system]
    choose(page, "Theme", "dark")
    assert page.evaluate(paper) == dark
    choose(page, "Theme", "light")
    assert page.evaluate(paper) == light


@EVERYWHERE
def test_what_is_chosen_stands_in_the_address_and_is_there_again(page: Page) -> None:
    show(page)
    choose(page, "Statistic", "probability of one run")
    choose(page, "Run", "5")
    choose(page, "Points", "test only")
    choose(page, "Colours", "red and blue (notebook)")
    choose(page, "Theme", "dark")
    seek(page, 66)
    page.get_by_label("Model A", exact=True).select_option("relu-3")
    page.get_by_role("button", name="Look inside relu-10", exact=True).click()
    page.get_by_role("spinbutton", name="x1").fill("0.25")
    page.get_by_role("spinbutton", name="x2").fill("-0.5")
    page.get_by_role("spinbutton", name="x2").press("Tab")
    page.get_by_role("button", name="Served run").click()
    expect(page).to_have_url(re.compile(r"sort=-served"))
    address, before = page.url, everything(page)
    page.reload()
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)
    assert everything(page) == before
    assert page.url == address


def everything(page: Page) -> list[object]:
    """Return what is chosen and every number on the page."""
    page.get_by_role("heading", name="One point through every network").scroll_into_view_if_needed()
    expect(page.locator(".trace")).to_have_count(len(MODELS))
    settle(page)
    script = """() => {
        const all = (selector, read) => [...document.querySelectorAll(selector)].map(read);
        return [
            all("select, input", (one) => [one.id, one.value]),
            all("main data", (one) => one.value),
            all(".summary", (one) => one.textContent),
        ];
    }"""
    return list(page.evaluate(script))


@pytest.mark.parametrize(
    "query",
    [
        "?run=999&epoch=-7",
        "?run=x&epoch=1e400&x=nowhere&y=NaN",
        "?statistic=mode&colours=none&points=some&theme=pink",
        "?a=nothing&b=__proto__&inside=constructor&unit=9.99&sort=-nothing&experiment=none",
        "?constructor=1&epoch=7&unknown=%F0%9F%92%A9&epoch=%E0%A4%A",
    ],
)
def test_what_is_not_known_in_the_address_breaks_nothing(own_page: Page, query: str) -> None:
    page = own_page
    show(page, query)
    for model in MODELS:
        assert 0 <= value(figure(page, model, "this run")) <= 1
    for label in ("Statistic", "Run", "Points", "Colours", "Theme"):
        expect(control(page, label)).not_to_have_value("")
    expect(page.get_by_label("Model A", exact=True)).not_to_have_value("")
