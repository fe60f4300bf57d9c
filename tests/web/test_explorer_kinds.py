"""The explorer for models of other tasks and more features: what it draws is what the service answers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from harness.bundles import copy
from tests.conftest import Server, running
from tests.web.conftest import Journal, OpenPage, violations
from tests.web.explorer import (
    TOLERANCE,
    Api,
    Array,
    choose,
    colours_of,
    control,
    csv_fields,
    figure,
    numbers,
    panel,
    pixels,
    settle,
    show,
    value,
)

SPECIES = ["setosa", "versicolor", "virginica"]
HUES = np.array([[0x1F, 0x77, 0xB4], [0xFF, 0x7F, 0x0E], [0x2C, 0xA0, 0x2C]])
NO_NOTEBOOK = re.compile(r"notebook|class [01]\b|y = 1|circle", re.IGNORECASE)


@pytest.fixture(scope="module")
def kinds(kinds_models: Path, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Models of every kind, beside one of the default experiment."""
    directory = tmp_path_factory.mktemp("explorer-kinds")
    models = copy(kinds_models, directory / "models", *(place.name for place in kinds_models.iterdir()))
    copy(models_dir, models, "tanh-3")
    copy(models_dir / "_experiments", models / "_experiments", "gaussian-quantiles")
    with running(directory, SERVICE_MODELS_DIR=str(models), SERVICE_DEFAULT_MODEL="tanh-3") as started:
        yield started


@pytest.fixture(scope="module")
def api(kinds: Server) -> Api:
    return Api(kinds)


@pytest.fixture
def page(keep_page: OpenPage, kinds: Server) -> Page:
    """A page that the module's tests share, and load anew for each experiment."""
    return keep_page(kinds)


@pytest.fixture
def own_page(open_page: OpenPage, kinds: Server) -> Page:
    return open_page(kinds)


def asked(api: Api, model: str, **query: object) -> Any:
    """Return what GET /boundary answers on the page's grid."""
    return api.get("/boundary?" + urlencode({"model": model, "resolution": 81, **query}))


def check_field(shown: Array, answer: Any, key: str = "values") -> None:
    right = np.array(answer.get("probabilities") or answer[key])
    np.testing.assert_allclose(shown, right, rtol=0, atol=TOLERANCE * max(1, np.abs(right).max()))


def section(page: Page, name: str) -> Locator:
    region = page.get_by_role("region", name=name)
    region.scroll_into_view_if_needed()
    settle(page)
    return region


def held(page: Page, name: str) -> Locator:
    return page.locator("#slice .held label").filter(has=page.get_by_text(name, exact=True))


def slide(page: Page, name: str, to: float) -> None:
    """Move a held feature's slider."""
    held(page, name).get_by_role("slider").fill(str(to))
    settle(page)


def test_the_default_experiment_has_no_new_controls(own_page: Page, journal: Journal) -> None:
    page = own_page
    show(page)
    expect(control(page, "Experiment")).to_have_value("gaussian-quantiles")
    for place in ("#slice", "#volume", "#class"):
        expect(page.locator(place)).to_be_hidden()
    expect(page.locator("#legend")).to_contain_text("● class 0, ▲ class 1; outlined: test. Solid: P = 0.5. Dashed")
    assert not [url for url in journal.requests if re.search(r"volume|scene|:predict|/boundary\?", url)]


def test_another_experiments_models_are_no_news(page: Page) -> None:
    show(page)
    control(page, "Experiment").select_option("flowers")
    expect(panel(page, "flowers")).to_be_visible()
    expect(page.locator("#status")).to_be_empty()


def test_several_classes_have_a_hue_each_and_the_page_evaluates_them(page: Page, api: Api, journal: Journal) -> None:
    show(page, "?experiment=flowers&x=2.5&y=0.75")
    fields = csv_fields(page, "length", "width")
    for model in ("flowers", "flowers-linear"):
        answer = asked(api, model)
        check_field(fields[model], answer)
        agrees = fields[f"{model} class"] == np.array(answer["label"])
        assert agrees.mean() > 0.999  # where two are equally probable, either may be called so
        strength = 0.15 + 0.85 * (np.array(answer["values"]) - 1 / 3) / (2 / 3)
        right = 255 - strength[..., np.newaxis] * (255 - HUES[np.array(answer["label"])])
        painted = pixels(colours_of(panel(page, model)))[..., :3]
        assert np.abs(painted - right)[agrees].max() <= 2
    assert not [url for url in journal.requests if "/boundary?" in url]
    assert not NO_NOTEBOOK.search(page.locator("main").inner_text())
    expect(page.locator("#legend")).to_contain_text("".join(SPECIES))
    shares = panel(page, "flowers").locator(".summary").inner_text()
    for position, share in enumerate(np.bincount(fields["flowers class"].astype(int).ravel()) / 81**2):
        assert f"{SPECIES[position]} on {100 * share:.0f}%" in shares
    expect(page.locator("#difference")).to_contain_text("Choose a class")
    point = section(page, "One point through every network").locator("article[data-model=flowers]")
    answer = api.predict("flowers", [[2.5, 0.75]])
    expect(point.get_by_role("heading")).to_contain_text(answer["labels"][0])
    assert value(point.locator(".p")) == pytest.approx(max(answer["probabilities"][0]), abs=TOLERANCE)
    inside = section(page, "Inside a model")
    for position, name in enumerate(SPECIES):
        inside.get_by_role("button", name=f"Output: P(species = {name})").click()
        settle(page)
        expect(inside.locator("#detail-title")).to_have_text(f"flowers: P(species = {name})")
        weights = api.weights("flowers", 0, 5)
        kernel, bias = weights[-1]
        shown = numbers(inside.get_by_role("region", name="Weights"))
        assert shown == pytest.approx([*kernel[:, position], bias[position]])


def test_one_class_of_several_is_chosen_for_each_statistic(page: Page, api: Api) -> None:
    show(page, "?experiment=flowers")
    choose(page, "Class", "versicolor")
    expect(page).to_have_url(re.compile("class=versicolor"))
    expect(page.locator("#legend")).to_contain_text("P(species = versicolor)")
    fields = csv_fields(page, "length", "width")
    for model in ("flowers", "flowers-linear"):
        check_field(fields[model], asked(api, model, **{"class": "versicolor"}))
    link = page.locator("#difference a", has_text="json")
    apart = api.get("/" + str(link.get_attribute("href")))
    np.testing.assert_allclose(fields["flowers"] - fields["flowers-linear"], apart["values"], rtol=0, atol=TOLERANCE)
    choose(page, "Class", "the most probable")
    choose(page, "Statistic", "spread of all runs")
    expect(control(page, "Class")).to_have_value("setosa")
    spread = asked(api, "flowers", **{"class": "setosa", "statistic": "std"})
    check_field(csv_fields(page, "length", "width")["flowers"], spread)
    choose(page, "Statistic", "agreement of all runs")
    expect(control(page, "Class")).to_be_disabled()
    agreement = asked(api, "flowers", statistic="agreement")
    check_field(csv_fields(page, "length", "width")["flowers"], agreement)


def test_a_regression_has_a_scale_of_values_with_lines_and_r2(page: Page, api: Api) -> None:
    """What its weights come to is not all that the SavedModel does, so the page asks."""
    show(page, "?experiment=prices")
    fields = csv_fields(page, "area", "rooms")
    for model in ("prices", "prices-linear"):
        check_field(fields[model], asked(api, model))
    assert not NO_NOTEBOOK.search(page.locator("main").inner_text())
    assert "P = 0.5" not in page.locator("main").inner_text()
    labels = api.get("/dataset?experiment=prices")["labels"]
    expect(page.locator("#legend .scale")).to_have_text(re.compile(rf"{min(labels):.0f}\s*{max(labels):.0f}"))
    shown_ticks = panel(page, "prices").locator(".numbers span")
    expect(shown_ticks.first).to_be_attached()
    ticks = [float(text) for text in shown_ticks.all_text_contents()]
    assert all(fields["prices"].min() <= tick <= fields["prices"].max() for tick in ticks)
    painted = pixels(colours_of(panel(page, "prices")))
    lightness = painted[..., :3] @ np.array([0.3, 0.6, 0.1])
    order = np.argsort(np.clip(fields["prices"], min(labels), max(labels)).ravel())
    assert np.all(np.diff(lightness.ravel()[order][::50]) > -3)  # viridis is the lighter the larger
    assert value(figure(page, "prices", "this run")) == 0.75
    comparison = page.get_by_role("table", name="Test R² by model")
    expect(comparison.get_by_role("columnheader")).to_have_text(
        [re.compile(text) for text in ("Model", "Parameters", "Test R²", "Every run", "RMSE", "MAE", "Served run")]
    )
    point = section(page, "One point through every network").locator("article[data-model=prices]")
    (first, *_), usual = api.get("/dataset?experiment=prices")["points"][30:31], [50.0, 0.0]
    (right,) = api.predict("prices", [[round(first[0], 3), round(first[1], 3), *usual]])["values"]
    assert value(point.locator(".p")) == pytest.approx(right, rel=1e-3)
    inside = section(page, "Inside a model")
    expect(inside).to_contain_text("This page cannot compute it from its weights")
    expect(inside.locator("#detail-title")).to_have_text("prices: price")


def test_any_two_features_are_drawn_with_the_others_held_or_averaged(page: Page, api: Api) -> None:
    show(page, "?experiment=prices")
    slide(page, "age", 80)
    slide(page, "a:b, c", -0.5)
    expect(page).to_have_url(re.compile("hold="))
    hold = {"hold": "age:80,a:b, c:-0.5"}
    check_field(csv_fields(page, "area", "rooms")["prices"], asked(api, "prices", **hold))
    page.locator("#up").select_option("a:b, c")
    settle(page)
    expect(held(page, "a:b, c")).to_be_hidden()
    expect(held(page, "rooms")).to_be_visible()
    turned = {"x": "area", "y": "a:b, c", "hold": "age:80"}
    check_field(csv_fields(page, "area", "a:b, c")["prices"], asked(api, "prices", **turned))
    page.locator("#across").select_option("a:b, c")  # they change places
    settle(page)
    turned = {"x": "a:b, c", "y": "area", "hold": "age:80"}
    check_field(csv_fields(page, "a:b, c", "area")["prices"], asked(api, "prices", **turned))
    expect(page).to_have_url(re.compile("up=area"))
    page.reload()
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)
    check_field(csv_fields(page, "a:b, c", "area")["prices"], asked(api, "prices", **turned))
    page.locator("#others").select_option("averaged over the data")
    settle(page)
    averaged = {"x": "a:b, c", "y": "area", "average": "data", "resolution": 41}  # in between, interpolated
    check_field(csv_fields(page, "a:b, c", "area")["prices"][::2, ::2], asked(api, "prices", **averaged))
    expect(held(page, "rooms")).to_be_hidden()
    choose(page, "Statistic", "mean of all runs")
    check_field(
        csv_fields(page, "a:b, c", "area")["prices"][::2, ::2], asked(api, "prices", statistic="mean", **averaged)
    )


def test_named_classes_and_categories_are_shown_by_their_names(page: Page, api: Api, journal: Journal) -> None:
    show(page, "?experiment=survival&x=30&y=100&hold=port:Queenstown, IE")
    port = held(page, "port").get_by_role("combobox")
    expect(port.get_by_role("option")).to_have_text(["Cherbourg", "Queenstown, IE", "Southampton"])
    expect(port).to_have_value("1")
    colours = page.get_by_role("combobox", name="Colours")
    expect(colours.get_by_role("option")).to_have_text(["orange and blue", "red and blue"])  # not a notebook’s
    for name in ("Southampton", "Queenstown, IE"):
        port.select_option(name)
        settle(page)
        right = asked(api, "survival", hold=f"port:{name}")
        field = csv_fields(page, "age", "fare")["survival"]
        check_field(field, right)
    assert not [url for url in journal.requests if "/boundary?" in url]
    words = panel(page, "survival").locator(".summary")
    expect(words).to_contain_text(f"yes on {100 * (field >= 0.5).mean():.0f}% of the area")
    expect(page.locator("#legend")).to_contain_text("P(survived = yes)")
    expect(page.locator("#legend")).to_contain_text("● no, ▲ yes")
    assert not NO_NOTEBOOK.search(page.locator("main").inner_text())
    point = section(page, "One point through every network").locator("article[data-model=survival]")
    answer = api.predict("survival", [[30, 100, 1]])
    assert value(point.locator(".p")) == pytest.approx(answer["probabilities"][0], abs=TOLERANCE)
    expect(point.get_by_role("heading")).to_contain_text(f"→ {answer['labels'][0]}")
    rows = point.locator("tbody").first.get_by_role("row")
    expect(rows).to_have_count(5)
    assert [numbers_of(rows.nth(i))[-1] for i in range(5)] == pytest.approx(
        [(30 - 40) / 20, (100 - 250) / 125, 0, 1, 0]
    )
    page.locator("#up").select_option("port")  # nodes between categories are the nearest one's
    settle(page)
    check_field(csv_fields(page, "age", "port")["survival"], asked(api, "survival", x="age", y="port"))


def numbers_of(row: Locator) -> list[float]:
    return [float(text.replace("−", "-")) for text in row.get_by_role("cell").all_text_contents() if text]


def test_dots_are_the_quarter_of_the_data_nearest_to_the_slice(page: Page, api: Api) -> None:
    show(page, "?experiment=round&points=test")
    dots = panel(page, "round").locator("canvas.dots")
    some = np.count_nonzero(pixels(dots)[..., 3])
    page.locator("#others").select_option("averaged over the data")
    settle(page)
    assert 0 < some < 0.6 * np.count_nonzero(pixels(dots)[..., 3])
    expect(page.locator("#legend")).not_to_contain_text("nearest")


def surface(page: Page) -> Locator:
    region = page.locator("#volume")
    region.get_by_text("Load and show it").click()
    region.scroll_into_view_if_needed()
    expect(region.get_by_role("status")).not_to_have_text(re.compile("^(Loading…)?$"))
    return region


def test_the_surface_over_three_features_is_loaded_when_it_is_opened_and_turns(
    page: Page, kinds: Server, journal: Journal
) -> None:
    show(page, "?experiment=round&epoch=5")
    assert not [url for url in journal.requests if "volume?" in url]
    region = surface(page)
    (url,) = [url for url in journal.requests if "volume?" in url]
    assert {key: value for key, (value,) in parse_qs(urlsplit(url).query).items() if key in "xyz"} == {
        "x": "x1",
        "y": "x2",
        "z": "x3",
    }
    expect(region.get_by_role("status")).to_have_text("P(y = 1) = 0.5 on the surface.")
    content = kinds.get(url.removeprefix(kinds.url)).content
    triangles = int(re.findall(rb'"componentType":5125,"count":(\d+)', content)[0]) / 3
    expect(region.locator(".frame")).to_have_attribute("data-triangles", str(int(triangles)))
    expect(region.locator(".axes .name")).to_have_text(["x1", "x2", "x3"])
    canvas = region.locator("canvas")
    pictures = [canvas.screenshot()]
    canvas.focus()
    for key in ("ArrowRight", "ArrowUp", "+"):
        page.keyboard.press(key)
        settle(page)
        pictures.append(canvas.screenshot())
    canvas.drag_to(canvas, source_position={"x": 200, "y": 200}, target_position={"x": 280, "y": 150})
    settle(page)
    pictures.append(canvas.screenshot())
    assert len(set(pictures)) == len(pictures)
    page.keyboard.press("0")
    settle(page)
    assert canvas.screenshot() == pictures[0]


def test_the_first_layers_units_are_planes_in_the_block(page: Page, api: Api) -> None:
    """Each corner of each plane lies on a side of the block, and there the unit's sum is 0."""
    show(page, "?experiment=round&planes=shown")
    kernel, bias = api.weights("round", 0, 5)[0]
    corners = page.evaluate(
        """async ([kernel, bias]) => {
            const { polygon } = await import("/explorer/planes.js");
            return bias.map((b, u) => polygon(kernel.map((weights) => 1.5 * weights[u]), b));
        }""",
        [kernel.tolist(), bias.tolist()],
    )
    for unit, polygon in enumerate(corners):
        reach = np.abs(1.5 * kernel[:, unit]).sum()
        assert (len(polygon) >= 3) == (abs(bias[unit]) < reach), unit
        for corner in polygon:
            assert np.max(np.abs(corner)) == pytest.approx(1)
            assert 1.5 * np.array(corner) @ kernel[:, unit] + bias[unit] == pytest.approx(0, abs=1e-9)
    frame = surface(page).locator(".frame")
    expect(frame).to_have_attribute("data-planes", str(sum(len(polygon) >= 3 for polygon in corners)))
    before = frame.screenshot()
    page.get_by_label("Planes of the first layer").uncheck()
    settle(page)
    expect(page).not_to_have_url(re.compile("planes"))
    assert frame.screenshot() != before


def test_a_surface_that_is_nowhere_is_told_in_words(page: Page) -> None:
    show(page, "?experiment=prices&level=5000")
    region = surface(page)
    expect(region.get_by_role("status")).to_have_text(
        re.compile(r"price is 5000 nowhere here: it is from \d+ to \d+\.")
    )
    expect(region.locator("canvas")).to_be_hidden()


def test_without_webgl2_the_page_says_so(own_page: Page) -> None:
    page = own_page
    page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = ((before) => function (kind, ...rest) {"
        "return kind === 'webgl2' ? null : before.call(this, kind, ...rest);"
        "})(HTMLCanvasElement.prototype.getContext)"
    )
    show(page, "?experiment=round")
    expect(surface(page).get_by_role("status")).to_contain_text("This browser has no WebGL2")


@pytest.mark.parametrize("experiment", ["prices", "flowers"])
def test_the_pages_of_other_models_are_accessible(page: Page, experiment: str) -> None:
    show(page, f"?experiment={experiment}")
    if experiment == "prices":
        surface(page)
    section(page, "One point through every network")
    assert violations(page) == []
    choose(page, "Theme", "dark")
    assert violations(page, of="colours") == []
