"""A network is built up unit by unit: the page shows what numpy makes of the service's weights without the units off,
for every kind of model, by mouse and keyboard, and on every screen.
"""

import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Server
from tests.web.conftest import OpenPage
from tests.web.explorer import NODES, TOLERANCE, Api, Array, colours_of, evaluated, pixels, settle, show, warmth

LAST = 500
GRID = np.linspace(-1.5, 1.5, NODES).astype(np.float32).astype(float)
Layers = Sequence[tuple[Array, Array]]
Unit = tuple[int, int]


def relu(sums: Array) -> Array:
    return np.maximum(sums, 0)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"tanh": np.tanh, "relu": relu}


def without(layers: Layers, off: Sequence[Unit]) -> Layers:
    """Return the network in which these units, counted from 1, weigh nothing in the next layer."""
    kernels = [kernel.copy() for kernel, _ in layers]
    for layer, unit in off:
        kernels[layer][unit - 1] = 0
    return [(kernel, bias) for kernel, (_, bias) in zip(kernels, layers, strict=True)]


def values(layers: Layers, points: Array, activation: str) -> list[Array]:
    """Return every layer's values, the last layer's sums."""
    found: list[Array] = []
    for kernel, bias in layers:
        sums = (found[-1] if found else points) @ kernel + bias
        found.append(sums if len(found) == len(layers) - 1 else ACTIVATIONS[activation](sums))
    return found


def probabilities(layers: Layers, points: Any, activation: str) -> Array:
    logits = values(layers, np.asarray(points, float), activation)[-1][:, 0]
    answer: Array = 1 / (1 + np.exp(-logits))
    return answer


def written(off: Sequence[Unit]) -> str:
    return "+".join(f"{layer}.{unit}" for layer, unit in off)


def inside(page: Page) -> Locator:
    region = page.get_by_role("region", name="Inside a model")
    region.scroll_into_view_if_needed()
    settle(page)
    return region


def data(element: Locator) -> list[float]:
    expect(element.locator("data").first).to_be_attached()
    return [float(text) for text in element.locator("data").evaluate_all("(all) => all.map((one) => one.value)")]


def boundary(region: Locator, stroke: str = "#111827") -> list[str]:
    """Return the paths of the enlarged map that are drawn in a colour."""
    return [
        str(path)
        for path in region.locator(f".stage path[stroke='{stroke}']").evaluate_all(
            "(a) => a.map((p) => p.attributes.d.value)"
        )
        if path
    ]


def slider(region: Locator, layer: int) -> Locator:
    return region.get_by_role("slider", name=f"Layer {layer}: units that are on")


def switch(region: Locator, name: str) -> Locator:
    return region.get_by_role("switch", name=f"Unit {name}", exact=True)


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server)


@pytest.fixture
def open_usual(keep_page: OpenPage) -> OpenPage:
    return keep_page


CASES: list[tuple[str, int, int, tuple[float, float], list[Unit]]] = [
    ("tanh-10", 0, LAST, (0.4, -0.3), [(1, 3), (1, 7)]),
    ("tanh-10-10", 2, 133, (0.1, 0.25), [(1, 1), (1, 10), (2, 4)]),
    ("relu-10-10", 0, LAST, (-0.5, 0.35), [(2, 1), (2, 2), (2, 9)]),
]


@pytest.mark.parametrize(("model", "run", "epoch", "point", "off"), CASES)
def test_what_is_left_is_what_numpy_computes(
    page: Page, api: Api, model: str, run: int, epoch: int, point: tuple[float, float], off: list[Unit]
) -> None:
    show(page, f"?inside={model}&run={run}&epoch={epoch}&x={point[0]}&y={point[1]}&off={written(off)}")
    region = inside(page)
    activation, full = model.partition("-")[0], api.weights(model, run, epoch)
    left = without(full, off)
    assert data(region.locator(".at-point")) == pytest.approx(probabilities(left, [point], activation), abs=TOLERANCE)

    points, labels = api.test_points()
    right = [np.mean((probabilities(one, points, activation) >= 0.5) == labels) for one in (left, full)]
    assert data(region.locator(".score")) == pytest.approx(right, abs=1.5 / len(points))
    whose = "this run’s data" if run == 0 else f"run 0’s data, new to run {run}"
    expect(region.locator(".score")).to_contain_text(f"on the {len(points)} test points of {whose}")

    nodes = np.stack(np.meshgrid(GRID, GRID), -1).reshape(-1, 2)
    grid = probabilities(left, nodes, activation).reshape(NODES, NODES)
    for shown in (region.locator(".stage"), region.get_by_role("button", name="Output: P(y = 1)")):
        tint = warmth(colours_of(shown))
        step = (NODES - 1) // (len(tint) - 1)  # of a small map's nodes
        assert np.all(tint[grid[::step, ::step] > 0.55] > 0)
        assert np.all(tint[grid[::step, ::step] < 0.45] < 0)
    script = """
        const { without, offIn } = await import("/explorer/switched.js");
        const [name, run, snapshot, activation, off, hidden, nodes] = given;
        const answer = await (await fetch(`/models/${name}/versions/1/weights?replicate=${run}&packed=true`)).json();
        const features = ["x1", "x2"].map((name) => ({ name, low: -1.5, high: 1.5 }));
        const quantity = { task: "binary", classes: ["0", "1"] };
        const model = { activations: hidden.map(() => activation), features, quantity };
        const one = without(new network.Network(network.unpacked(answer)), model, snapshot, offIn(off, hidden));
        const columns = [0, 1].map((axis) => Float64Array.from(nodes, (node) => node[axis]));
        return [...one.outputs(0, columns, new network.Scratch())[0]];
    """
    card = api.card(model)
    snapshot = card["epochs"].index(api.recorded(model, epoch))
    text = written(off).replace("+", " ")
    found = evaluated(page, script, model, run, snapshot, activation, text, card["hidden_layers"], nodes.tolist())
    np.testing.assert_allclose(found, grid.ravel(), rtol=0, atol=TOLERANCE)


def test_units_are_added_one_at_a_time_by_the_keyboard_and_the_boundary_moves(page: Page, api: Api) -> None:
    point = (0.2, 0.1)
    show(page, f"?inside=tanh-10&x={point[0]}&y={point[1]}")
    region = inside(page)
    whole = boundary(region)
    adding = slider(region, 1)
    expect(adding).to_have_attribute("aria-valuetext", "10 of 10 units")
    adding.focus()
    page.keyboard.press("Home")
    settle(page)
    expect(adding).to_have_attribute("aria-valuetext", "0 of 10 units")
    full = api.weights("tanh-10", 0, LAST)
    everywhere = 1 / (1 + np.exp(-full[1][1][0]))
    assert data(region.locator(".at-point")) == pytest.approx([everywhere], abs=TOLERANCE)
    expect(region.locator("#detail-shape")).to_have_text(f"no boundary: y = {int(everywhere >= 0.5)} everywhere")
    expect(region.locator(".stage").get_by_role("status")).to_contain_text("no boundary")
    seen = {tuple(boundary(region))}
    for on in range(1, 10):
        page.keyboard.press("ArrowRight")
        settle(page)
        expect(adding).to_have_attribute("aria-valuetext", f"{on} of 10 units")
        left = without(full, [(1, unit) for unit in range(on + 1, 11)])
        assert data(region.locator(".at-point")) == pytest.approx(probabilities(left, [point], "tanh"), abs=TOLERANCE)
        seen.add(tuple(boundary(region)))
    assert len(seen) > 5
    expect(page).to_have_url(re.compile(r"off=1\.10\b"))
    expect(region).to_contain_text("Dotted: the boundary with all units.")
    page.keyboard.press("End")
    settle(page)
    expect(adding).to_have_attribute("aria-valuetext", "10 of 10 units")
    assert boundary(region) == whole
    expect(region.locator(".score")).not_to_contain_text("with all")
    expect(page).not_to_have_url(re.compile("off="))


def test_by_weight_the_unit_that_weighs_most_comes_first(page: Page, api: Api) -> None:
    show(page, "?inside=tanh-10-10&run=3")
    region = inside(page)
    region.get_by_role("combobox", name="Add units").select_option(label="by weight, the largest first")
    slider(region, 2).fill("3")
    settle(page)
    (_, (kernel, _), (output, _)) = api.weights("tanh-10-10", 3, LAST)
    heaviest = np.argsort(-np.abs(output[:, 0]))[:3] + 1
    group = region.get_by_role("group", name="Units of layer 2")
    on = group.get_by_role("switch", checked=True).evaluate_all("(all) => all.map((one) => one.ariaLabel)")
    assert {name.removeprefix("Unit 2.").removesuffix(", dead") for name in on} == {str(one) for one in heaviest}
    expect(page).to_have_url(re.compile("order=weight"))
    slider(region, 1).fill("1")
    settle(page)
    heaviest_of_first = 1 + int(np.argmax(np.linalg.norm(kernel, axis=1)))
    expect(switch(region, f"1.{heaviest_of_first}")).to_be_checked()
    assert region.get_by_role("switch", checked=True).count() == 4


def test_a_unit_that_is_switched_off_stays_off_in_a_link_until_it_is_switched_on(page: Page) -> None:
    show(page, "?inside=tanh-10")
    region = inside(page)
    wires = region.locator("svg.edges path")
    expect(wires).to_have_count(2 * 10 + 10)
    switch(region, "1.4").click()
    settle(page)
    expect(switch(region, "1.4")).not_to_be_checked()
    expect(wires).to_have_count(2 * 10 + 9)
    expect(page).to_have_url(re.compile(r"off=1\.4"))
    page.mouse.move(0, 0)  # where the switch was there may be a unit once the page is loaded, which would be enlarged
    settle(page)
    moved = boundary(region)
    page.goto(page.url)
    region = inside(page)
    expect(switch(region, "1.4")).not_to_be_checked()
    settle(page)
    assert boundary(region) == moved
    region.get_by_role("button", name="Layer 1, unit 4", exact=True).click()
    region.get_by_role("heading", name="Inside a model").hover()
    expect(region.locator("#detail-title")).to_have_text("Layer 1, unit 4 off")
    region.get_by_role("button", name="Switch this unit on").click()
    settle(page)
    expect(switch(region, "1.4")).to_be_checked()
    expect(page).not_to_have_url(re.compile("off="))
    for unit in ("1.1", "1.2"):
        switch(region, unit).press("Space")
    settle(page)
    expect(slider(region, 1)).to_have_attribute("aria-valuetext", "8 of 10 units")
    region.get_by_role("button", name="All on").press("Enter")
    settle(page)
    expect(slider(region, 1)).to_have_attribute("aria-valuetext", "10 of 10 units")


def test_units_that_are_switched_before_anything_is_drawn_are_all_off(page: Page) -> None:
    show(page, "?inside=tanh-10")
    region = inside(page)
    region.locator(".switch").evaluate_all("(all) => all.slice(0, 2).forEach((one) => one.click())")
    settle(page)
    expect(slider(region, 1)).to_have_attribute("aria-valuetext", "8 of 10 units")
    expect(page).to_have_url(re.compile(r"off=1\.1\+1\.2"))


def test_what_is_no_unit_is_passed_over_and_another_model_has_all_its_units(page: Page) -> None:
    show(page, "?inside=tanh-10-10&off=1.99+nothing+0.1+-1.-1+1.+.1+1e308.1+9.1+3.1")
    region = inside(page)
    expect(slider(region, 1)).to_have_attribute("aria-valuetext", "10 of 10 units")
    expect(region.locator(".score")).not_to_contain_text("with all")
    switch(region, "1.1").click()
    settle(page)
    expect(region.locator(".score")).to_contain_text("with all")
    region.get_by_role("combobox", name="Model").select_option("relu-3")
    settle(page)
    expect(slider(region, 1)).to_have_attribute("aria-valuetext", "3 of 3 units")


def points_of(path: str) -> Array:
    """Return a path's points in the map's coordinates."""
    corners = np.array([[float(one) for one in pair.split(",")] for pair in re.findall(r"[-\d.]+,[-\d.]+", path)])
    return np.stack([-1.5 + 0.03 * corners[:, 0], 1.5 - 0.03 * corners[:, 1]], axis=1)


@pytest.mark.parametrize(("model", "unit", "off"), [("tanh-10-10", 2, []), ("relu-10-10", 1, [(1, 2), (1, 5)])])
def test_a_deeper_unit_is_shown_with_the_lines_that_it_is_made_of(
    page: Page, api: Api, model: str, unit: int, off: list[Unit]
) -> None:
    show(page, f"?inside={model}&unit=2.{unit}&off={written(off)}")
    region = inside(page)
    layers = without(api.weights(model, 0, LAST), off)
    (zero,) = boundary(region, "#b5179e")
    (first, bias), (kernel, constant), _ = layers
    hidden = ACTIVATIONS[model.partition("-")[0]](points_of(zero) @ first + bias)
    sums = hidden @ kernel + constant
    assert np.all(np.abs(sums[:, unit - 1]) < 0.05 * np.abs(kernel[:, unit - 1]).sum())
    drawn = region.locator(".stage path[stroke='#111827']").evaluate_all(
        "(all) => all.map((path) => ({ ...Object.fromEntries([...path.attributes].map((a) => [a.name, a.value])) }))"
    )
    lines = [one for one in drawn if one["d"].count("L") == 1 and "Z" not in one["d"]]
    strengths = []
    for one in lines:
        ends = points_of(one["d"])
        source = int(np.argmin(np.abs(ends @ first + bias).max(axis=0)))
        assert np.allclose(ends @ first[:, source] + bias[source], 0, atol=1e-3)
        assert (1, source + 1) not in off
        weight = kernel[source, unit - 1]
        assert ("stroke-dasharray" in one) == (weight < 0)
        strengths.append((float(one["stroke-width"]), abs(weight)))
    assert len(strengths) >= 3
    widths, weights = np.array(strengths).T
    assert np.allclose(widths, widths.max() * weights / weights.max())
    expect(region.locator("#detail-summary")).to_contain_text("The bold magenta line is where its sum is 0")


def test_a_dead_unit_says_so_and_no_other_does(page: Page, api: Api) -> None:
    points = np.asarray(api.get("/dataset")["points"], float)
    for run, model in product(range(30), ("relu-10-10", "relu-10", "relu-3")):
        *hidden, _ = values(api.weights(model, run, LAST), points, "relu")
        spans = {
            (layer_number, u): float(np.ptp(layer[:, u - 1]))
            for layer_number, layer in enumerate(hidden, 1)
            for u in range(1, layer.shape[1] + 1)
        }
        dead = [at for at, span in spans.items() if span == 0]
        if dead:
            break
    show(page, f"?inside={model}&run={run}&unit={dead[0][0]}.{dead[0][1]}")
    region = inside(page)
    expect(region.locator("#detail-title")).to_contain_text(" dead")
    words = region.locator("#detail-summary")
    expect(words).to_contain_text(f"Dead: its output is 0.00 at all {len(points)} points of the data.")
    named = region.get_by_role("switch", name=re.compile(", dead$"))
    assert set(named.evaluate_all("(all) => all.map((one) => one.ariaLabel)")) == {
        f"Unit {layer_number}.{u}, dead" for layer_number, u in dead
    }
    alive = next(at for at, span in spans.items() if span > 0.01)
    region.get_by_role("button", name=f"Layer {alive[0]}, unit {alive[1]}", exact=True).hover()
    expect(words).not_to_contain_text("Dead")


def test_the_data_lie_over_whatever_is_enlarged(page: Page) -> None:
    show(page, "?inside=tanh-10")
    region = inside(page)
    dots = region.locator(".stage canvas.dots")
    assert np.count_nonzero(pixels(dots)[..., 3]) > 1000
    region.get_by_role("button", name="Layer 1, unit 4", exact=True).hover()
    assert np.count_nonzero(pixels(dots)[..., 3]) > 1000
    show(page, "?inside=tanh-10&points=none")
    inside(page)
    assert pixels(dots).size == 0


def test_the_enlarged_map_stays_in_view_beside_the_last_unit_and_switch(page: Page) -> None:
    show(page, "?inside=tanh-10-10")
    region = inside(page)
    enlarged = region.locator(".stage .frame")
    targets = (
        region.get_by_role("button", name="Layer 2, unit 10", exact=True),
        switch(region, "2.10"),
        slider(region, 1),
        region.get_by_role("button", name="Layer 1, unit 1", exact=True),
    )
    for width, height in ((1366, 768), (768, 1024), (360, 740), (740, 360)):
        page.set_viewport_size({"width": width, "height": height})
        for target in targets:
            page.evaluate(
                "() => { document.activeElement.blur(); document.getElementById('inside').scrollIntoView(); }"
            )
            target.focus()
            settle(page)
            expect(enlarged).to_be_in_viewport(ratio=0.95)
            assert target.evaluate("""(element) => {
                const { left, right, top, bottom } = element.getBoundingClientRect();
                return element.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
            }"""), (width, target)


def test_a_network_without_a_hidden_layer_says_that_there_is_nothing_to_add(page: Page) -> None:
    show(page, "?inside=linear&off=1.1")
    region = inside(page)
    expect(region.get_by_role("group", name="Build it up")).to_contain_text("There is no hidden layer")
    expect(region.get_by_role("switch")).to_have_count(0)
    expect(region.locator(".score")).to_contain_text("Accuracy")


SHAPES = {"linear": "a straight line from", "tanh-10-10": "a closed curve around the centre, y = 0 inside"}


def test_screen_readers_are_told_where_each_boundary_runs(page: Page) -> None:
    show(page, "?inside=tanh-10&epoch=500")
    inside(page)
    for model, shape in SHAPES.items():
        expect(page.get_by_role("img", name=re.compile(f"^{model} .*{shape}"))).to_be_attached()
    expect(page.get_by_role("img", name=re.compile(r"A − B is lowest"))).to_be_attached()
    expect(page.get_by_role("img", name=re.compile(r"^tanh-10: P\(y = 1\) a closed curve"))).to_be_attached()
    expect(page.get_by_role("button", name="Output: P(y = 1)")).to_have_accessible_description(
        re.compile("^a closed curve around the centre")
    )
    show(page, "?statistic=std")
    expect(page.get_by_role("img", name=re.compile(r"^tanh-3 .*lowest .*, highest "))).to_be_attached()


@pytest.fixture(scope="module")
def of_kinds(kinds_server: Server) -> Api:
    return Api(kinds_server)


@pytest.mark.parametrize("model", ["flowers", "survival"])
def test_other_kinds_of_models_are_built_up_too(
    kinds_server: Server, open_page: OpenPage, of_kinds: Api, model: str
) -> None:
    """Several classes; features that are scaled, filled in, or text."""
    page = open_page(kinds_server)
    off = [(1, 2), (1, 3)]
    show(page, f"?experiment={model}&inside={model}&run=1&off={written(off)}")
    region = inside(page)
    given = of_kinds.get(f"/models/{model}/versions/1/weights?replicate=1&epoch=5")
    layers = [(np.array(layer["kernel"][0]), np.array(layer["bias"][0])) for layer in given["layers"]]
    features = of_kinds.card(model)["features"]
    shown = [float(page.get_by_role("spinbutton").nth(i).input_value()) for i in range(2)]
    point = [*shown, *(feature["held"] for feature in features[2:])]
    inputs: list[float] = []
    for feature, x, mean, sd in zip(features, point, given["feature_mean"], given["feature_sd"], strict=True):
        categories = feature.get("categories")
        inputs += [float(round(x) == c) for c in range(len(categories))] if categories else [(x - mean) / sd]
    logits = values(without(layers, off), np.array([inputs]), "tanh")[-1][0]
    right = np.exp(logits[0]) / np.exp(logits).sum() if model == "flowers" else 1 / (1 + np.exp(-logits[0]))
    assert data(region.locator(".at-point")) == pytest.approx([right], abs=TOLERANCE)
    assert np.count_nonzero(pixels(region.locator(".stage canvas.dots"))[..., 3]) > 0
    expect(region.locator(".score")).to_contain_text("Accuracy")


def test_a_model_that_the_page_cannot_compute_says_that_its_units_stay_on(
    kinds_server: Server, open_page: OpenPage
) -> None:
    page = open_page(kinds_server)
    show(page, "?experiment=prices&inside=prices&off=1.1")
    region = inside(page)
    expect(region.get_by_role("group", name="Build it up")).to_contain_text(
        re.compile("Its units cannot be switched here. This page cannot compute it from its weights")
    )
    expect(region.get_by_role("switch")).to_have_count(0)
    assert np.count_nonzero(pixels(region.locator(".stage canvas.dots"))[..., 3]) > 0


def elu(sums: Array) -> Array:
    return np.where(sums > 0, sums, np.expm1(np.minimum(sums, 0)))


def test_networks_of_any_activations_tasks_and_inputs_lose_units_as_numpy_has_it(page: Page) -> None:
    rng = np.random.default_rng(3)
    sizes = {"regression": 1, "multiclass": 4}
    page.goto("/health/live")
    for task, outputs in sizes.items():
        layers = [(rng.normal(size=(a, b)), rng.normal(size=b)) for a, b in ((5, 6), (6, 70), (70, outputs))]
        points, mean, sd = rng.normal(size=(40, 5)), rng.normal(size=5), rng.uniform(0.5, 2, 5)
        off = [(1, 6), (2, 1), (2, 70), (2, 33)]
        hidden = without(layers, off)
        first = elu(((points - mean) / sd) @ hidden[0][0] + hidden[0][1])
        second = np.log1p(np.exp(first @ hidden[1][0] + hidden[1][1]))
        right = second @ hidden[2][0] + hidden[2][1]
        if task == "multiclass":
            right = np.exp(right) / np.exp(right).sum(axis=1, keepdims=True)
        weights = {
            "epochs": [0, 7],
            "activation": None,
            "activations": ["elu", "softplus"],
            "feature_mean": mean.tolist(),
            "feature_sd": sd.tolist(),
            "layers": [{"kernel": [(0 * k).tolist(), k.tolist()], "bias": [b.tolist()] * 2} for k, b in layers],
        }
        script = """
            const { without, offIn } = await import("/explorer/switched.js");
            const [weights, task, outputs, off, points] = given;
            const features = points[0].map((_, i) => ({ name: `x${i}`, low: -1, high: 1 }));
            const quantity = { task, classes: Array(task === "multiclass" ? outputs : 0).fill("") };
            const one = new network.Network(weights, features, { task, outputs });
            const model = { activations: weights.activations, features, quantity };
            const columns = features.map((_, i) => Float64Array.from(points, (point) => point[i]));
            const left = without(one, model, 1, offIn(off, [6, 70]));
            return left.outputs(0, columns, new network.Scratch()).map((values) => [...values]);
        """
        text = written(off).replace("+", " ")
        found = evaluated(page, script, weights, task, outputs, text, points.tolist())
        np.testing.assert_allclose(np.transpose(found), right, rtol=1e-5, atol=1e-5)
