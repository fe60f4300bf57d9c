"""What the explorer tells of one model: its units and weights, one point through it, its row of the comparison."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import MODELS, Server
from tests.web.conftest import OpenPage
from tests.web.explorer import (
    TOLERANCE,
    Api,
    choose,
    colours_of,
    control,
    numbers,
    panel,
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


def inside(page: Page) -> Locator:
    region = page.get_by_role("region", name="Inside a model")
    region.scroll_into_view_if_needed()
    settle(page)
    return region


def trace(page: Page, model: str) -> Locator:
    region = page.get_by_role("region", name="One point through every network")
    region.scroll_into_view_if_needed()
    settle(page)
    return region.locator(f"article[data-model={model}]")


def terms(formula: str) -> list[float]:
    """Return the numbers of `tanh(0.12·x1 −0.30·x2 +1.00)`."""
    return [float(text.replace("−", "-")) for text in re.findall(r"(?<![\w.])[+−]?\d+\.\d\d\b", formula)]


@pytest.mark.parametrize(("model", "run", "epoch"), [("tanh-10-10", 0, LAST), ("relu-3", 7, 66), ("linear", 0, 20)])
def test_a_models_units_are_shown_with_the_services_weights(
    page: Page, api: Api, model: str, run: int, epoch: int
) -> None:
    show(page, f"?run={run}&epoch={epoch}")
    region = inside(page)
    region.get_by_role("combobox", name="Model").select_option(model)
    settle(page)
    layers = api.weights(model, run, epoch)
    weights = region.get_by_role("region", name="Weights")
    for number, (kernel, bias) in enumerate(layers, start=1):
        is_output = number == len(layers)
        for unit in range(len(bias)) if len(bias) <= 3 else (0, 4, len(bias) - 1):
            name = "Output: P(y = 1)" if is_output else f"Layer {number}, unit {unit + 1}"
            region.get_by_role("button", name=name, exact=True).click()
            settle(page)
            right = [*kernel[:, unit], bias[unit], *([] if is_output else layers[number][0][unit])]
            assert numbers(weights) == pytest.approx(right, rel=1e-7)  # both are float32
            shown = terms(region.locator(".formula").inner_text())
            assert shown == pytest.approx([*kernel[:, unit], bias[unit]], abs=0.005001)
            kind = "sigmoid" if is_output else api.card(model)["activation"]
            expect(region.locator(".formula")).to_contain_text(f"{kind}(")


def test_a_units_map_is_what_the_service_says_it_does(page: Page, api: Api) -> None:
    show(page, "?inside=tanh-10-10&run=2&epoch=133")
    region = inside(page)
    for layer, unit in ((1, 3), (2, 10)):
        button = region.get_by_role("button", name=f"Layer {layer}, unit {unit}", exact=True)
        button.click()
        settle(page)
        right = api.boundary("tanh-10-10", 133, replicate=2, layer=layer, unit=unit)
        for map_of_it in (button, region.locator(".detail")):
            tint = warmth(colours_of(map_of_it))
            step = (len(right) - 1) // (len(tint) - 1)  # of a small map's nodes
            assert np.all(tint[right[::step, ::step] > 0.2] > 0)
            assert np.all(tint[right[::step, ::step] < -0.2] < 0)


def test_a_unit_is_enlarged_under_the_pointer_and_kept_when_chosen(page: Page) -> None:
    show(page, "?inside=tanh-10")
    region = inside(page)
    title = region.locator("#detail-title")
    fourth, seventh = (region.get_by_role("button", name=f"Layer 1, unit {unit}", exact=True) for unit in (4, 7))
    expect(title).to_have_text("tanh-10: P(y = 1)")
    fourth.hover()
    expect(title).to_have_text("Layer 1, unit 4")
    region.get_by_role("heading", name="Inside a model").hover()
    expect(title).to_have_text("tanh-10: P(y = 1)")
    fourth.click()
    expect(fourth).to_have_attribute("aria-pressed", "true")
    seventh.hover()
    expect(title).to_have_text("Layer 1, unit 7")
    fourth.evaluate("(button) => button.blur()")
    region.get_by_role("heading", name="Inside a model").hover()
    expect(title).to_have_text("Layer 1, unit 4")
    expect(page).to_have_url(re.compile(r"unit=1\.4"))


def test_a_panels_button_looks_inside_its_model(page: Page) -> None:
    show(page)
    button = page.get_by_role("button", name="Look inside relu-10-10", exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    region = page.get_by_role("region", name="Inside a model")
    expect(region).to_be_in_viewport()
    expect(region.locator("#detail-title")).to_have_text("relu-10-10: P(y = 1)")
    expect(region.get_by_role("combobox", name="Model")).to_have_value("relu-10-10")


ROWS = """(all) => all.map((row) => [
    row.querySelector("th").innerText,
    [...row.querySelectorAll("data")].map(({ value }) => value),
])"""


def check_way(page: Page, api: Api, model: str, run: int, epoch: int) -> None:
    """Hold every number of a point's trace through a model to the service's."""
    article = trace(page, model)
    point = [float(page.get_by_role("spinbutton", name=name).input_value()) for name in ("x1", "x2")]
    probability = value(article.locator(".probability").locator(".."))
    assert probability == pytest.approx(api.signature("at", model, [point], run, epoch)[0], abs=TOLERANCE)
    if (run, epoch) == (0, LAST):
        answer = api.predict(model, [point])
        assert probability == pytest.approx(answer["probabilities"][0], abs=TOLERANCE)
        expect(article.get_by_role("heading")).to_contain_text(f"class {answer['labels'][0]}")
    rows = {name: [float(number) for number in found] for name, found in article.locator("tbody tr").evaluate_all(ROWS)}
    *hidden, (output, bias) = api.weights(model, run, epoch)
    names = ["x1", "x2"]
    if hidden:
        assert [rows[name] for name in names] == [[value] for value in point]
        found = api.signature("activations", model, [point], run, epoch)
        layers: Any = found if isinstance(found, dict) else {"layer_1": found}
        for number, (kernel, constant) in enumerate(hidden, start=1):
            inputs = np.array(point) if number == 1 else np.array(layers[f"layer_{number - 1}"][0])
            sums, units = inputs @ kernel + constant, layers[f"layer_{number}"][0]
            for unit, activation in enumerate(units):
                adds = [activation * output[unit, 0]] if number == len(hidden) else []
                right = [sums[unit], activation, *adds]
                assert rows[f"a{number}.{unit + 1}"] == pytest.approx(right, rel=1e-5, abs=1e-5)
    else:
        assert [rows[name] for name in names] == [
            pytest.approx([x, x * weight]) for x, weight in zip(point, output[:, 0], strict=True)
        ]
    assert rows["bias"] == pytest.approx([bias[0]])
    (logit,) = rows["logit"]
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(probability, abs=1e-12)
    assert sum(row[-1] for name, row in rows.items() if name != "logit" and adding(name, len(hidden))) == pytest.approx(
        logit
    )


def adding(name: str, depth: int) -> bool:
    """Tell whether a row of a point's trace adds to the logit."""
    return name == "bias" or name.startswith(f"a{depth}.") or (depth == 0 and name.startswith("x"))


def test_a_points_way_is_told_in_numbers_that_the_service_confirms(page: Page, api: Api) -> None:
    show(page)
    for model in MODELS:
        check_way(page, api, model, 0, LAST)


def test_a_point_is_chosen_by_a_click_on_a_map(page: Page, api: Api) -> None:
    show(page, "?run=3&epoch=66")
    box = panel(page, "tanh-3").get_by_role("img", name="tanh-3")
    box.scroll_into_view_if_needed()
    size = box.bounding_box()
    assert size is not None
    box.click(position={"x": size["width"] * 0.25, "y": size["height"] * 0.9})
    settle(page)
    trace(page, "tanh-3")
    x, y = (float(page.get_by_role("spinbutton", name=name).input_value()) for name in ("x1", "x2"))
    assert [x, y] == pytest.approx([-0.75, -1.2], abs=0.02)
    for model in ("linear", "tanh-3", "relu-10-10"):
        check_way(page, api, model, 3, 66)


def test_a_point_is_chosen_by_its_coordinates(page: Page, api: Api) -> None:
    show(page)
    trace(page, "linear")
    for name, text in (("x1", "0.3125"), ("x2", "-0.125")):
        page.get_by_role("spinbutton", name=name).fill(text)
        page.get_by_role("spinbutton", name=name).press("Enter")
    settle(page)
    expect(page.get_by_role("spinbutton", name="x1")).not_to_have_value("")
    for model in ("linear", "tanh-10", "tanh-10-10"):
        check_way(page, api, model, 0, LAST)


COLUMNS = ["Model", "Parameters", "Test accuracy", "Every run", "Exact, population", "Served run", "Notebook"]


def sorter(page: Page, column: str) -> Locator:
    """The button of a column, which shows an arrow where the table is sorted by it."""
    return page.get_by_role("button", name=re.compile(rf"^{column}( [↑↓])?$"))


def row_headers(page: Page) -> Locator:
    return page.get_by_role("table", name="Accuracy by model").get_by_role("rowheader")


def table_rows(page: Page) -> list[str]:
    """Return the models in the table's order, read in one go."""
    expect(row_headers(page)).to_have_count(len(MODELS))
    rows: list[str] = page.evaluate("() => [...document.querySelectorAll('#table tbody th')].map((h) => h.textContent)")
    return rows


def test_the_table_holds_the_comparisons_numbers(page: Page, api: Api) -> None:
    show(page)
    expect(row_headers(page)).to_have_text(list(MODELS))
    for model in MODELS:
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=model, exact=True))
        right = api.comparison(model)
        cells = row.get_by_role("cell")
        expect(cells.nth(0)).to_have_text(str(right["parameters"]))
        assert value(cells.nth(1)) == right["accuracy"]["mean"]
        low, high = right["accuracy"]["ci95"]
        expect(cells.nth(1)).to_contain_text(f"[{low:.3f}, {high:.3f}]")
        strip = cells.nth(2).get_by_role("img")
        spread = f"from {right['accuracy']['min']:.3f} to {right['accuracy']['max']:.3f}"
        expect(strip).to_have_attribute("aria-label", re.compile(f"30 runs of {model} {spread}"))
        expect(cells.nth(2).locator("circle title")).to_have_count(len(right["accuracy"]["values"]))
        exact = [right[key]["mean"] for key in ("own_accuracy", "population_accuracy") if right[key] is not None]
        assert numbers(row)[1 : len(exact) + 2] == [*exact, right["served"]["accuracy"]]
        notebook = cells.nth(4 + len(exact))
        expect(notebook).to_have_text("–" if right["notebook_accuracy"] is None else re.compile(r"0\.\d{3}"))


def key_of(column: str, row: Any) -> Any:
    return {
        "Model": [int(part) if part.isdigit() else part for part in row["model"].split("-")],
        "Parameters": row["parameters"],
        "Test accuracy": row["accuracy"]["mean"],
        "Every run": row["accuracy"]["max"] - row["accuracy"]["min"],
        "Exact, population": row["population_accuracy"]["mean"],
        "Served run": row["served"]["accuracy"],
        "Notebook": row["notebook_accuracy"],
    }[column]


def test_the_table_is_sorted_by_each_column_both_ways_and_back(page: Page, api: Api) -> None:
    """The second order reverses the first where there are numbers; what has none is compared on its own below."""
    show(page)
    for column in COLUMNS:
        button = sorter(page, column)
        head = page.get_by_role("columnheader").filter(has=button)
        for order in ("ascending", "descending") if column == "Model" else ("descending", "ascending"):
            button.click()
            expect(head).to_have_attribute("aria-sort", order)
            shown = [key_of(column, api.comparison(model)) for model in table_rows(page)]
            having = [one for one in shown if one is not None]
            assert having == sorted(having, reverse=order == "descending"), (column, order)
        button.click()
        expect(head).not_to_have_attribute("aria-sort", re.compile("."))
        expect(row_headers(page)).to_have_text(list(MODELS))


@pytest.mark.parametrize("sort", ["notebook", "-notebook"])
def test_models_without_a_number_stand_last_whichever_way_the_table_is_sorted(page: Page, api: Api, sort: str) -> None:
    show(page, f"?sort={sort}")
    has = [api.comparison(model)["notebook_accuracy"] is not None for model in table_rows(page)]
    assert has == sorted(has, reverse=True)


def test_a_dot_of_the_table_chooses_that_run(page: Page, api: Api) -> None:
    show(page, "?statistic=std")
    values = api.comparison("relu-3")["accuracy"]["values"]
    run = values.index(min(values))
    dot = page.locator(f"tr[data-model=relu-3] circle[data-run='{run}']")
    expect(dot.locator("title")).to_have_text(f"run {run}: {values[run]:.3f} on its own test points")
    dot.click()
    settle(page)
    expect(control(page, "Run")).to_have_value(str(run))
    expect(control(page, "Statistic")).to_have_value("probability")
    expect(dot).to_have_class(re.compile("shown"))
    points, labels = api.test_points()
    right = np.mean((np.array(api.signature("at", "relu-3", points, run, LAST)) >= 0.5) == np.array(labels))
    assert value(panel(page, "relu-3").get_by_role("definition").first) == pytest.approx(right, abs=1e-12)


@pytest.mark.parametrize(
    ("question", "place", "address"),
    [
        ("What does a hidden unit do?", "#inside", r"inside=tanh-3#inside"),
        ("How do layers combine?", "#inside", r"inside=tanh-10-10&unit=2.1#inside"),
        ("What did a second layer change?", "#difference", r"a=tanh-10-10&b=tanh-10#difference"),
    ],
)
def test_a_question_leads_to_its_view_and_back_comes_back(page: Page, question: str, place: str, address: str) -> None:
    show(page)
    choose(page, "Run", "3")
    seek(page, 66)
    expect(page).to_have_url(re.compile("epoch=66&run=3"))
    before = page.url
    page.get_by_role("link", name=question).click()
    expect(page.locator(place)).to_be_in_viewport()
    expect(page).to_have_url(re.compile(re.escape(address).replace(r"\#", "(#") + ")?$"))
    expect(control(page, "Run")).to_have_value("0")
    page.go_back()
    expect(page).to_have_url(before)
    expect(control(page, "Run")).to_have_value("3")
    expect(panel(page, "tanh-3").locator(".summary")).to_contain_text("After epoch 66;")


def test_what_a_network_of_one_layer_makes_of_its_units_is_told_of_one_unit_too(page: Page) -> None:
    show(page)
    told = page.evaluate(
        """async () => {
            const { unitsInWords } = await import("/explorer/questions.js");
            return [[1, false], [1, true], [3, false]].map(([units, isValue]) => unitsInWords("w", units, isValue));
        }"""
    )
    assert told == [
        "It draws one straight line; w has only that one, so its boundary is straight.",
        "It bends along one straight line; w has only that one.",
        "It draws one straight line; w combines 3 of them into its boundary.",
    ]


def test_a_question_opened_on_its_own_shows_the_same_view(page: Page, own_page: Page) -> None:
    show(page)
    address = page.get_by_role("link", name="How do layers combine?").get_attribute("href")
    page = own_page
    show(page, str(address).lstrip("/"))
    region = page.get_by_role("region", name="Inside a model")
    expect(region).to_be_in_viewport()
    expect(region.locator("#detail-title")).to_have_text("Layer 2, unit 1")
