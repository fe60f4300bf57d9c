"""The lesson: seven steps, each with a prediction, a picture that moves, and numbers that are the service's own."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Response, Route, expect

from harness import bundles, studies
from harness.app_server import AppServer, serving_app
from harness.file_server import FileServer, serving_files
from tests.conftest import Server, running
from tests.web.conftest import EVERYWHERE, Journal, OpenPage, violations
from tests.web.explorer import numbers
from tests.web.lesson import STEPS, heading, measured, predict, question, result, settle, show

STUDY = "depth-and-points"
CELLS = [cell for cell in studies.depths_and_widths() if cell.factors["width"] in (None, 10)] + [
    studies.cell_of(
        100 * depth + samples,
        f"deep-{depth}-{samples}",
        {"depth": depth, "width": 10, "activation": "tanh", "n_samples": samples},
        [10] * depth,
    )
    for depth in (4, 5)
    for samples in (100, 1000)
]
"""The deepest networks are the best of these: more depths than a step asks to choose from."""
CALM = {"reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, **CALM}


@pytest.fixture(scope="module")
def studied(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gunicorn with the default models, and a study of depth and points."""
    models = tmp_path_factory.mktemp("lesson") / "models"
    shutil.copytree(models_dir, models)
    studies.save(models, "another", CELLS[:3])
    studies.save(models, STUDY, CELLS)
    with running(models.parent, SERVICE_MODELS_DIR=str(models)) as started:
        started.wait_until_ready()
        yield started


@pytest.fixture(scope="module")
def saved(studied: Server) -> Iterator[FileServer]:
    """The pages, saved with the same models and studies."""
    directory = studied.log.parent
    bundles.save_site(directory / "models", directory / "site")
    with serving_files(directory / "site") as started:
        yield started


@pytest.fixture
def page(keep_page: OpenPage, studied: Server, request: pytest.FixtureRequest) -> Page:
    """A page that the module's tests share, as empty as a new one: nothing is predicted."""
    is_saved = getattr(request, "param", "service") == "site"
    page = keep_page(request.getfixturevalue("saved") if is_saved else studied, **CALM)
    if page.url != "about:blank":
        page.evaluate("sessionStorage.clear()")
        page.goto("about:blank")
    return page


@pytest.fixture
def own_page(open_page: OpenPage, studied: Server) -> Page:
    """A page for a test that changes what a page is given or how it is seen."""
    return open_page(studied, **CALM)


@pytest.fixture(scope="module")
def rows(server: Server) -> dict[str, Any]:
    """The comparison's rows, by model."""
    return {row["model"]: row for row in server.get("/comparison").json()["models"]}


def pair_of(server: Server, a: str, b: str) -> Any:
    return next(pair for pair in server.get("/comparison").json()["pairs"] if {pair["a"], pair["b"]} == {a, b})


@EVERYWHERE
def test_every_step_is_told_predicted_and_shown_by_mouse_and_kept_for_the_session(page: Page) -> None:
    show(page)
    for at, (step, title) in enumerate(STEPS.items()):
        expect(heading(page)).to_have_text(f"{at + 1}. {title}")
        expect(page.get_by_role("navigation", name="Steps").locator("[aria-current=step]")).to_have_text(title)
        assert len(page.locator(".idea").inner_text().split()) <= 60
        assert result(page).inner_text() == ""
        expect(page.locator(".picture canvas, .picture svg").first).to_be_visible()
        predict(page, 0)
        assert 0 <= measured(page) < question(page).get_by_role("radio").count()
        said = result(page).inner_text()
        assert said.startswith("You guessed “")
        if at > 0:
            page.get_by_role("navigation", name="Previous and next step").get_by_role("link").first.click()
            expect(heading(page)).to_contain_text(list(STEPS.values())[at - 1])
            expect(result(page)).not_to_be_empty()
            page.go_back()
            expect(heading(page)).to_contain_text(title)
            expect(result(page)).to_have_text(said, use_inner_text=True)
        if step != "does-depth-always-help":
            page.get_by_role("navigation", name="Previous and next step").get_by_role("link").last.click()
            settle(page)
    page.reload()
    settle(page)
    expect(result(page)).to_have_text(said, use_inner_text=True)
    question(page).get_by_role("button", name="Guess again").click()
    expect(result(page)).to_be_empty()


def test_every_step_is_told_by_the_keyboard_alone(page: Page) -> None:
    show(page, "a-line")
    for at, title in enumerate(STEPS.values()):
        expect(heading(page)).to_contain_text(title)
        settle(page)
        radios = question(page).get_by_role("radio")
        tab_to(page, radios.first)
        page.keyboard.press("Enter")  # nothing is chosen yet
        expect(question(page)).to_contain_text("Choose one first")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        expect(radios.nth(1)).to_be_checked()
        expect(heading(page)).to_contain_text(title)
        page.keyboard.press("Tab")
        expect(question(page).get_by_role("button", name="Show me")).to_be_focused()
        page.keyboard.press("Enter")
        expect(result(page)).to_contain_text("You guessed")
        expect(question(page).get_by_role("button", name="Guess again")).to_be_focused()
        if at < len(STEPS) - 1:
            tab_to(page, page.locator("#turns a").last)
            page.keyboard.press("Enter")
            expect(heading(page)).to_be_focused()


def tab_to(page: Page, target: Any, most: int = 60) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {target}")


def test_a_steps_address_leads_to_it_on_a_phone_which_is_never_too_narrow(open_page: OpenPage, studied: Server) -> None:
    """From another step; that each address opens its step is seen in the tests of the steps' numbers."""
    page = open_page(studied, **PHONE)
    for step, title in STEPS.items():
        show(page, step)
        expect(heading(page)).to_contain_text(title)
        question(page).locator(".choice").first.tap()
        question(page).get_by_role("button", name="Show me").tap()
        expect(result(page)).to_contain_text("You guessed")
        expect(page.locator(".picture")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, step


def test_an_address_without_a_step_of_that_name_is_the_first(page: Page) -> None:
    show(page, "a-fourth-dimension")
    expect(heading(page)).to_have_text("1. A line")


def spread(score: Any) -> str:
    low, high = score["ci95"]
    return f"[{low:.3f}, {high:.3f}]"


@pytest.mark.parametrize(
    ("step", "model", "right"),
    [("a-line", "linear", 0), ("three-lines", "tanh-3", 2), ("a-second-layer", "tanh-10-10", 1)],
)
def test_a_networks_numbers_are_the_services(
    page: Page, rows: dict[str, Any], step: str, model: str, right: int
) -> None:
    show(page, step)
    predict(page, 1)
    score = rows[model]["accuracy"]
    shown = numbers(result(page))
    assert shown[-1] == score["mean"]
    assert shown[:-1] in ([], [rows[model]["served"]["accuracy"]])
    expect(result(page)).to_contain_text(spread(score))
    assert measured(page) == right


def test_how_many_fewer_are_wrong_is_reckoned_from_the_services_means(page: Page, rows: dict[str, Any]) -> None:
    show(page, "ten-lines")
    before, after = (1 - rows[model]["accuracy"]["mean"] for model in ("tanh-3", "tanh-10"))
    expect(question(page)).to_contain_text(f"{100 * before:.1f}% of the test points were wrong")
    predict(page, 1)
    expect(result(page)).to_contain_text(f"Now {100 * after:.1f}% are wrong")
    assert measured(page) == (0 if after >= before else 1 if after >= before / 2 else 2)


@pytest.mark.parametrize(
    ("before", "after", "right"), [(1, 1, 0), (1, 0.9, 0), (0.9, 1, 2), (0.5, 0.7, 1), (0.5, 0.8, 2)]
)
def test_where_none_were_wrong_there_are_no_fewer(page: Page, before: float, after: float, right: int) -> None:
    page.goto("/health/live")
    script = """async (means) => {
        const { fewerWrong } = await import('/lesson/telling.js');
        const models = means.map((mean) => ({ row: { replicates: 1, accuracy: { mean, ci95: null } } }));
        return fewerWrong(...models, '').measured().right;
    }"""
    assert page.evaluate(script, [before, after]) == right


@EVERYWHERE
@pytest.mark.parametrize(
    ("step", "pair"), [("relu", ("tanh-10", "relu-10")), ("a-second-layer", ("tanh-10", "tanh-10-10"))]
)
def test_a_verdict_is_in_the_services_words(page: Page, server: Server, step: str, pair: tuple[str, str]) -> None:
    show(page, step)
    predict(page, 2)
    expect(result(page)).to_contain_text(pair_of(server, *pair)["words"])


@EVERYWHERE
def test_luck_is_the_spread_of_the_services_runs(page: Page, rows: dict[str, Any]) -> None:
    show(page, "luck")
    expect(page.locator(".runs .plot")).to_have_count(30)
    predict(page, 0)
    score = rows["tanh-3"]["accuracy"]
    assert numbers(result(page)) == [score["min"], score["max"], score["mean"]]
    points = 100 * (score["max"] - score["min"])
    expect(result(page)).to_contain_text(f"{points:.1f} points apart")
    assert measured(page) == (0 if points <= 2 else 1 if points <= 10 else 2)
    if rising := rows["tanh-3"]["still_improving"]:
        expect(result(page)).to_contain_text(
            re.compile(rf"{rising} of 30 runs (was|were) still improving at the end\.")
        )
    labels = page.locator(".runs [role=img]")
    expect(labels).to_have_count(30)
    named = labels.evaluate_all("(all) => all.map((one) => one.ariaLabel)")
    assert named == [f"Run {run}: {value:.3f}" for run, value in enumerate(score["values"])]
    expect(page.locator(".dots-of-runs circle")).to_have_count(30)


@EVERYWHERE
def test_depth_is_what_the_study_says_of_it(page: Page, studied: Server) -> None:
    show(page, "does-depth-always-help")
    predict(page, 0)
    document = studied.get(f"/studies/{STUDY}?format=json&group=cell&metric=exact_accuracy").json()
    means = {row[0]: row[document["columns"].index("mean")] for row in document["rows"]}
    factors = {cell["digest"]: cell["factors"] for cell in document["cells"]}
    held = next(filter(None, (cell["factors"]["activation"] for cell in document["cells"])))
    known = {
        (factors[digest]["n_samples"], factors[digest]["depth"]): mean
        for digest, mean in means.items()
        if factors[digest]["activation"] in (held, None)
    }
    sizes, depths = (sorted({key[i] for key in known}) for i in (0, 1))
    table = page.get_by_role("group", name="The numbers")
    assert numbers(table) == [known[size, depth] for size in sizes for depth in depths if (size, depth) in known]
    fewest = {depth: known[sizes[0], depth] for depth in depths if (sizes[0], depth) in known}
    best = max(fewest, key=fewest.__getitem__)
    words = ["None", "One", "Two", "Three", "Four", "Five"]
    choices = question(page).locator(".choice > span:first-of-type")
    expect(choices).to_have_count(4)
    expect(choices.nth(measured(page))).to_have_text(words[best])
    assert numbers(result(page))[0] == fewest[best]


def test_without_a_study_depth_is_judged_by_the_comparison(
    open_page: OpenPage, server: Server, rows: dict[str, Any]
) -> None:
    page = open_page(server, **CALM)
    show(page, "does-depth-always-help")
    expect(page.locator(".note")).to_contain_text("No study of depth and points is served here")
    predict(page, 0)
    expect(result(page)).to_contain_text(pair_of(server, "relu-10", "relu-10-10")["words"])
    shown = numbers(page.get_by_role("group", name="The numbers"))
    assert set(shown) == {row["accuracy"]["mean"] for row in rows.values()}


def test_a_map_is_said_in_words_at_its_end_and_before(page: Page) -> None:
    show(page, "a-line")
    picture = page.get_by_role("img", name="linear")
    expect(picture).to_have_accessible_description(re.compile(r"^Before training: a straight line from"))
    show(page, "three-lines")
    predict(page, 2)
    picture = page.get_by_role("img", name="tanh-3")
    expect(picture).to_have_accessible_description(re.compile(r"^3 of 3 units: a closed curve around the centre\."))
    shape = r"a straight line from the [a-z ]+ to the [a-z ]+"
    expect(
        page.locator(".tiles").get_by_role("img", name=re.compile(f"added as number [123]: {shape}$"))
    ).to_have_count(3)
    page.get_by_role("button", name="Back", exact=True).click()
    expect(picture).to_have_accessible_description(re.compile(r"^2 of 3 units"))


def test_units_that_are_too_many_to_be_shown_are_counted_all_the_same(own_page: Page) -> None:
    page = own_page

    def doubled(route: Route) -> None:
        """Have each hidden unit twice, with half of its weight in the output."""
        weights = route.fetch(url=route.request.url.replace("&packed=true", "")).json()
        hidden, head = weights["layers"]
        for name, axis in {"kernel": 2, "bias": 1}.items():
            hidden[name] = np.concatenate([hidden[name]] * 2, axis).tolist()
        head["kernel"] = (np.concatenate([head["kernel"]] * 2, 1) / 2).tolist()
        route.fulfill(json=weights)

    page.route("**/models/tanh-10/versions/1/weights?*", doubled)
    show(page, "ten-lines")
    predict(page, 2)
    expect(page.locator(".tiles li")).to_have_count(16)
    picture = page.get_by_role("img", name="tanh-10")
    expect(picture).to_have_accessible_description(re.compile("^20 of 20 units: a closed curve"))
    page.get_by_role("button", name="Back", exact=True).click()
    expect(picture).to_have_accessible_description(re.compile("^15 of 20 units"))


def test_a_step_that_did_not_load_is_shown_as_soon_as_it_does(own_page: Page, journal: Journal) -> None:
    page = own_page
    journal.expect("net::ERR_FAILED", "does not answer")
    page.clock.install()
    page.route("**/models/tanh-3/versions/1/weights?*", lambda route: route.abort())
    page.goto("/lesson#three-lines")
    expect(page.locator("#step")).to_contain_text("This step cannot be shown")
    page.unroute("**/models/tanh-3/versions/1/weights?*")
    page.clock.run_for(6000)
    settle(page)


def test_a_picture_that_cannot_be_loaded_is_said_until_it_can_be(own_page: Page, journal: Journal) -> None:
    page = own_page
    journal.expect("net::ERR_FAILED", "does not answer")
    page.clock.install()
    page.route("**/weights?*", lambda route: route.fulfill(json={"epochs": [1], "layers": 3}))
    page.route("**/boundary?*", lambda route: route.abort())
    page.goto("/lesson#a-second-layer")
    expect(page.locator("#status")).to_contain_text("The picture cannot be shown:")
    expect(heading(page)).to_be_visible()
    page.unroute("**/boundary?*")
    page.clock.run_for(6000)
    settle(page)
    expect(page.locator("#status")).to_be_empty()


def test_a_picture_plays_when_it_is_shown_and_stops_at_its_end(open_page: OpenPage, studied: Server) -> None:
    page = open_page(studied)
    page.clock.install()
    show(page, "a-line")
    page.clock.pause_at("2100-01-01")
    predict(page, 0)
    player = page.get_by_role("group", name="The picture")
    expect(player).to_contain_text("before training")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    page.clock.run_for(10_000)
    expect(player).to_contain_text("after epoch 20 of 20")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    page.set_viewport_size({"width": 600, "height": 500})
    look_at(page, "h1")
    player.get_by_role("button", name="Play").evaluate("(button) => button.click()")
    page.clock.run_for(10_000)
    expect(player).to_contain_text("before training")  # it waits until it is seen
    look_at(page, ".lesson-map")
    page.clock.run_for(10_000)
    expect(player).to_contain_text("after epoch 20 of 20")
    player.get_by_role("button", name="Play").click()
    expect(player).to_contain_text("before training")
    page.get_by_role("link", name="Luck").click()
    expect(heading(page)).to_contain_text("Luck")
    page.go_back()
    expect(player).to_contain_text("after epoch 20 of 20")  # the words beside it speak of the end


def look_at(page: Page, selector: str) -> None:
    """Scroll there, and wait until the page knows what is in sight."""
    page.locator(selector).first.evaluate("(element) => element.scrollIntoView({ block: 'start' })")
    page.evaluate("() => new Promise((done) => new IntersectionObserver(done).observe(document.body))")


def test_where_less_motion_is_wanted_nothing_plays(page: Page) -> None:
    show(page, "ten-lines")
    predict(page, 0)
    player = page.get_by_role("group", name="The picture")
    expect(player).to_contain_text("10 of 10 units")
    expect(player.get_by_role("button", name="Play")).to_have_count(0)
    player.get_by_role("button", name="Back").click()
    expect(player).to_contain_text("9 of 10 units")


def test_a_word_is_explained_under_the_pointer_with_the_focus_and_when_tapped(
    page: Page, open_page: OpenPage, studied: Server
) -> None:
    show(page, "a-line")
    word = page.get_by_role("button", name="P(y = 1)").first
    definition = page.locator(".definition", has_text="The probability, from 0 to 1")
    expect(definition).to_be_hidden()
    expect(word).to_have_accessible_description(re.compile("^The probability, from 0 to 1"))
    word.hover()
    expect(definition).to_be_in_viewport()
    page.mouse.move(5, 5)
    expect(definition).to_be_hidden()
    word.focus()
    expect(definition).to_be_visible()
    page.keyboard.press("Escape")
    expect(definition).to_be_hidden()
    phone = open_page(studied, **PHONE)
    show(phone, "luck")
    word = phone.get_by_role("button", name="replicate")
    word.tap()
    expect(phone.locator(".definition:popover-open")).to_contain_text("One training run of a network")
    phone.get_by_role("heading", level=1).tap()
    expect(phone.locator(".definition:popover-open")).to_have_count(0)


@pytest.mark.parametrize(
    ("scheme", "steps", "coloured"),  # colours and what a step is made of do not depend on each other
    [
        ("light", ["a-line", "three-lines", "luck", "does-depth-always-help"], []),
        ("dark", ["a-second-layer", "relu"], ["luck", "does-depth-always-help"]),
    ],
)
def test_axe_finds_nothing(
    open_page: OpenPage, studied: Server, scheme: str, steps: list[str], coloured: list[str]
) -> None:
    page = open_page(studied, color_scheme=scheme, **CALM)
    for step in (*steps, *coloured):
        show(page, step)
        predict(page, 0)
        found = violations(page, of="colours" if step in coloured else "all")
        assert not found, "\n".join([step, *found])


def test_the_first_view_is_light_and_asks_for_the_weights_of_one_network(own_page: Page) -> None:
    page = own_page
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    show(page)
    sizes = {answer.url: answer.request.sizes()["responseBodySize"] for answer in answers}
    assert sum(sizes.values()) < 250_000, sizes
    weights = [url for url in sizes if "/weights" in url]
    assert len(weights) == 1
    assert "/models/linear/" in weights[0]


def test_all_pages_have_the_same_ways_to_each_other(page: Page, studied: Server) -> None:
    ways = ["Lesson", "Explorer", "Train your own", "Studies", "API"]
    own = {"/lesson": "Lesson", "/trainer": "Train your own", "/studies": "Studies"}
    for path, name in [*own.items(), (f"/studies/{STUDY}", None), ("/", "Explorer")]:
        page.goto(path)
        links = page.get_by_role("navigation", name="Pages").get_by_role("link")
        expect(links).to_have_text(ways)
        expect(links.and_(page.locator("[aria-current=page]"))).to_have_text([*filter(None, [name])])
        assert links.evaluate_all("(all) => all.map((a) => new URL(a.href).pathname)") == [
            "/lesson", "/", "/trainer", "/studies", "/docs",
        ]  # fmt: skip
    page.get_by_role("link", name="Start with the lesson").click()
    expect(heading(page)).to_have_text("1. A line")
    page.get_by_role("link", name="Skip the lesson").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What each network learned")


def test_the_lesson_ends_in_a_training_of_ones_own(page: Page) -> None:
    show(page, "does-depth-always-help")
    page.get_by_role("link", name="train it yourself").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Train your own")
    expect(page.get_by_role("combobox", name="Data").first).to_have_value("spiral")
    names = page.get_by_role("group", name=re.compile("^[AB]:")).locator("legend")
    expect(names).to_have_text(["A: tanh-10", "B: tanh-10-10"])


def test_on_paper_a_step_has_its_words_explained_and_nothing_to_press(own_page: Page) -> None:
    page = own_page
    show(page, "luck")
    predict(page, 0)
    page.emulate_media(media="print")
    expect(page.locator(".on-paper")).to_contain_text("One training run of a network")
    for button in ("Guess again", "Back"):
        expect(page.get_by_role("button", name=button)).to_be_hidden()
    expect(page.locator(".runs .plot").first).to_be_visible()
    expect(page.locator(".on-paper")).to_contain_text("A 95% interval: where the mean")
    show(page, "three-lines")
    expect(page.locator(".on-paper")).not_to_contain_text("The first training run")
    page.emulate_media(media="screen")
    predict(page, 0)
    page.emulate_media(media="print")
    expect(page.locator(".on-paper")).to_contain_text("The first training run of a network")


CONSTANT = {"kernel": 0.0, "bias": -1.0}


def test_what_run_0_lacks_is_said_and_no_answer_is_falsely_right(own_page: Page) -> None:
    page = own_page

    def spoil(route: Route, layer: int) -> None:
        """Have a layer of the network give the same at all points."""
        weights = route.fetch(url=route.request.url.replace("&packed=true", "")).json()
        for name, value in CONSTANT.items():
            weights["layers"][layer][name] = (np.array(weights["layers"][layer][name]) * 0 + value).tolist()
        route.fulfill(json=weights)

    def diverge(route: Route) -> None:
        described = route.fetch().json()
        described["card"]["diverged"] = [0]
        route.fulfill(json=described)

    page.route("**/models/tanh-3/versions/1/weights?*", lambda route: spoil(route, -1))
    page.route("**/models/tanh-10-10/versions/1/weights?*", lambda route: spoil(route, -2))
    for model in ("linear", "tanh-10"):
        page.route(f"**/models/{model}/versions/1?*", diverge)
    for step, said in {
        "three-lines": "Run 0 has no boundary: class 0 everywhere.",
        "a-second-layer": "ten draw no line on this map. All ten units are dead: the same output everywhere on the map",
    }.items():
        show(page, step)
        predict(page, 1)
        expect(result(page)).to_contain_text("Here none of the answers is right.")
        expect(result(page)).to_contain_text(said)
        expect(question(page).locator(".measured")).to_have_count(0)
    for step, model in {"a-line": "linear", "ten-lines": "tanh-10"}.items():
        show(page, step)
        expect(page.locator(".note")).to_have_text(
            f"{model} has no picture here (run 0 diverged: its weights are no longer finite)."
        )
        expect(page.locator(".picture")).to_have_count(0)


def test_other_models_play_the_parts_that_fit_and_what_is_missing_is_said(
    open_page: OpenPage, kinds_server: Server
) -> None:
    page = open_page(kinds_server, **CALM)
    show(page, "a-line", "?experiment=flowers")
    picture = page.get_by_role("img", name="flowers-linear")
    expect(picture).to_have_accessible_description(re.compile("^Before training: .*setosa"))
    definition = page.locator(".on-paper div", has=page.get_by_text(re.compile("^sum$")))
    expect(definition).to_contain_text("with more, each has a sum, and the class of the largest is the most probable")
    for step in STEPS:
        show(page, step, "?experiment=flowers")
        if question(page).count() > 0:
            predict(page, 0)
        else:
            expect(page.locator(".note, .picture").first).to_be_visible()
    found = violations(page)
    assert not found, "\n".join(found)


def test_models_that_predict_a_number_are_not_what_the_lesson_is_about(
    open_page: OpenPage, kinds_server: Server
) -> None:
    page = open_page(kinds_server, **CALM)
    show(page, "", "?experiment=prices")
    expect(page.get_by_role("status").first).to_contain_text("predict a number, and this lesson is about classes")
    expect(page.locator(".note")).to_contain_text("trained to tell classes apart. That is not among the models here")
    expect(page.locator(".picture")).to_have_count(0)
    page.get_by_role("link", name="Skip the lesson").click()  # to the same models, as all ways do
    expect(page.locator("article#model-prices")).to_be_visible()
    page.get_by_role("link", name="Lesson", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("predict a number")


@pytest.fixture
def of_no_models(tmp_path: Path) -> Iterator[AppServer]:
    (tmp_path / "models").mkdir()
    with serving_app(tmp_path / "models") as started:
        yield started


def test_without_models_each_step_says_what_it_would_show(of_no_models: AppServer, open_page: OpenPage) -> None:
    page = open_page(of_no_models, **CALM)
    show(page)
    expect(page.locator("#status")).to_contain_text("The service has no models yet")
    for step in STEPS:
        show(page, step)
        expect(heading(page)).to_be_visible()
        expect(page.locator(".note")).to_contain_text("not among the models here")
        expect(page.locator(".picture")).to_have_count(0)
