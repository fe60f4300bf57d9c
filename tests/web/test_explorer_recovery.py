"""The explorer says what is wrong with the service, keeps what it shows, and goes on by itself when it can."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from harness.app_server import AppServer, serving_app
from harness.bundles import copy, publish, without_saved_model
from tests.conftest import ALICE, Server, StartServer, running
from tests.web.conftest import Journal, OpenPage
from tests.web.explorer import (
    TOLERANCE,
    Api,
    choose,
    colours_of,
    csv_fields,
    figure,
    panel,
    settle,
    show,
    value,
    warmth,
)

ServeApp = Callable[[Path], AppServer]

NOTE_WHAT_IS_SAID = """
    window.said = [];
    const note = () => said.push(document.getElementById("status")?.textContent ?? "");
    new MutationObserver(note).observe(document, {subtree: true, childList: true});
"""


@pytest.fixture
def own_models(models_dir: Path, tmp_path: Path) -> Path:
    """A copy of two models, with what the experiment left, to change."""
    return copy(models_dir, tmp_path / "models", "linear", "tanh-10-10", "_experiments")


@pytest.fixture
def serve_app() -> Iterator[ServeApp]:
    """Serve models within this process, which looks at them when it is told to; it ends after the test's pages."""
    with ExitStack() as started:
        yield lambda models: started.enter_context(serving_app(models))


def status(page: Page) -> Locator:
    return page.locator("#status")


def look_again(page: Page) -> None:
    """Let the seconds pass that the page waits before it asks again."""
    page.clock.fast_forward(5000)


def test_a_service_that_goes_away_and_comes_back_is_told_of_and_waited_for(
    models_dir: Path, open_page: OpenPage, journal: Journal
) -> None:
    journal.expect(r"net::ERR_")
    with serving_app(models_dir) as server:
        page = open_page(server)
        page.clock.install()
        show(page)
        before = csv_fields(page)
    look_again(page)
    expect(status(page)).to_contain_text("The service does not answer; trying again… This page shows its last answers.")
    for model, field in csv_fields(page).items():
        np.testing.assert_array_equal(field, before[model])
    choose(page, "Points", "none")  # what is at hand still works
    expect(page.get_by_role("slider", name="Epoch")).to_be_enabled()
    page.get_by_role("combobox", name="Run", exact=True).select_option("4")  # its weights are not at hand
    expect(status(page)).to_contain_text("The service does not answer")
    with serving_app(models_dir, server.port) as again:
        look_again(page)
        expect(status(page)).to_be_empty()
        settle(page)
        api = Api(again)
        for model, field in csv_fields(page).items():
            np.testing.assert_allclose(field, api.boundary(model, 500, replicate=4), rtol=0, atol=TOLERANCE)
        page.close()


def test_a_page_without_models_says_so_and_shows_them_when_they_come(
    models_dir: Path, tmp_path: Path, serve_app: ServeApp, open_page: OpenPage
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    server = serve_app(models)
    page = open_page(server)
    page.clock.install()
    page.goto("/")
    expect(status(page)).to_contain_text("The service has no models yet")
    expect(status(page)).to_contain_text("python -m training train")
    copy(models_dir, models, "_experiments")
    publish(models_dir / "tanh-10-10" / "1", models, "tanh-10-10", 1)
    server.refresh()
    assert server.get("/health/ready").status_code == 200
    look_again(page)
    expect(panel(page, "tanh-10-10").get_by_role("img", name="tanh-10-10")).to_be_visible()
    expect(status(page)).not_to_contain_text("no models")
    assert value(figure(page, "tanh-10-10", "this run")) == Api(server).comparison("tanh-10-10")["served"]["accuracy"]


def test_a_service_that_is_busy_for_a_second_is_asked_again_and_nothing_is_said(
    page: Page, journal: Journal, server: Server
) -> None:
    journal.expect("status of 503", "status of 429")
    refused: list[str] = []

    def answer(route: Route) -> None:
        if len(refused) == 4:
            route.continue_()
            return
        refused.append(route.request.url)
        status = 503 if len(refused) % 2 else 429
        route.fulfill(status=status, headers={"Retry-After": "1"}, json={"detail": "the service is busy"})

    page.route("**/boundary?*", answer)
    page.add_init_script(NOTE_WHAT_IS_SAID)
    show(page, "?statistic=std")
    assert len(refused) == 4
    assert set(page.evaluate("window.said")) <= {"", "The service is slow to answer; waiting…"}


def test_a_slow_service_is_told_of_while_it_is_waited_for(
    models_dir: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    """Its workers are held, as if the machine had no time for them."""
    server = start_server(SERVICE_MODELS_DIR=str(models_dir))
    page = open_page(server)
    page.clock.install()
    show(page)
    workers = server.workers()
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        page.get_by_role("combobox", name="Run", exact=True).select_option("8")
        expect(page.locator("#panels")).to_have_attribute("aria-busy", "true")
        page.clock.fast_forward(3500)
        expect(status(page)).to_have_text("The service is slow to answer; waiting…")
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
    settle(page)
    field = csv_fields(page)["relu-10"]
    np.testing.assert_allclose(field, Api(server).boundary("relu-10", 500, replicate=8), rtol=0, atol=TOLERANCE)
    look_again(page)
    expect(status(page)).to_be_empty()


def test_a_retrained_model_is_shown_by_itself(
    own_models: Path, models_dir: Path, serve_app: ServeApp, open_page: OpenPage
) -> None:
    server = serve_app(own_models)
    page = open_page(server)
    page.clock.install()
    show(page, "?epoch=66")
    expect(panel(page, "linear").get_by_role("heading")).to_contain_text("no hidden layer")
    publish(models_dir / "tanh-3" / "1", own_models, "linear", 2)
    server.refresh()
    assert server.get("/models/linear").json()["latest"] == 2
    look_again(page)
    expect(status(page)).to_have_text("New: linear version 2.")
    expect(panel(page, "linear").get_by_role("heading")).to_contain_text("3 tanh units")
    settle(page)
    field = csv_fields(page)["linear"]
    np.testing.assert_allclose(field, Api(server).boundary("linear", 66, replicate=0), rtol=0, atol=TOLERANCE)
    expect(page.get_by_role("link", name="linear as json")).to_have_attribute("href", re.compile("version=2"))
    expect(page).to_have_url(re.compile("epoch=66"))


LONG = 100_000_000_000_000_001
"""A version. JavaScript numbers are exact up to 2⁵³, which has 16 digits; versions may have 18."""


@pytest.fixture(scope="module")
def with_failures(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A service of three models: of `linear` the last version fails, of `relu-3` all, the third has a long number."""
    directory = tmp_path_factory.mktemp("failures")
    models = copy(models_dir, directory / "models", "linear", "relu-3", "tanh-10-10", "_experiments")
    publish(models / "linear" / "1", models, "linear", 2, without_saved_model)
    without_saved_model(models / "relu-3" / "1")
    (models / "tanh-10-10" / "1").rename(models / "tanh-10-10" / str(LONG))
    with serving_app(models) as started:
        yield started


def test_a_version_is_asked_for_by_its_number_however_many_digits_that_has(
    with_failures: AppServer, keep_page: OpenPage
) -> None:
    page = keep_page(with_failures)
    show(page)
    link = page.get_by_role("link", name="tanh-10-10 as json")
    expect(link).to_have_attribute("href", re.compile(f"version={LONG}&"))
    right = Api(with_failures).boundary("tanh-10-10", 500, replicate=0)
    np.testing.assert_allclose(csv_fields(page)["tanh-10-10"], right, rtol=0, atol=TOLERANCE)


def test_a_version_that_does_not_load_leaves_the_one_before_on_the_page(
    with_failures: AppServer, keep_page: OpenPage
) -> None:
    page = keep_page(with_failures)
    show(page)
    expect(panel(page, "linear").get_by_role("heading")).to_contain_text("version 2 failed, 1 is shown")
    expect(page.get_by_role("link", name="linear as json")).to_have_attribute("href", re.compile("version=1"))
    right = Api(with_failures).boundary("linear", 500, replicate=0)
    np.testing.assert_allclose(csv_fields(page)["linear"], right, rtol=0, atol=TOLERANCE)


def test_a_model_of_which_nothing_loads_says_why_in_its_panel_and_hurts_no_other(
    with_failures: AppServer, keep_page: OpenPage
) -> None:
    page = keep_page(with_failures)
    show(page)
    expect(panel(page, "relu-3")).to_contain_text("there is no saved_model.pb")
    expect(panel(page, "relu-3").get_by_role("img", name="relu-3")).to_be_hidden()
    assert list(csv_fields(page)) == ["linear", "tanh-10-10"]
    page.get_by_role("heading", name="One point through every network").scroll_into_view_if_needed()
    expect(page.locator(".trace")).to_have_count(2)


UNKNOWN = "422.*model=unknown"
"""What the browser says of a model of which nobody knows what it gives."""


@pytest.fixture(scope="module")
def with_foreign(models_dir: Path, foreign_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service of a model of its own and one from elsewhere, which has no card, no runs and no weights."""
    directory = tmp_path_factory.mktemp("foreign")
    models = copy(models_dir, directory / "models", "tanh-10-10", "_experiments")
    publish(foreign_models / "scoring" / "1", models, "foreign", 1)
    publish(foreign_models / "margin" / "1", models, "values", 1)
    publish(foreign_models / "of-three" / "1", models, "of-three", 1)
    publish(foreign_models / "three-outputs" / "1", models, "unknown", 1)
    publish(foreign_models / "three-outputs" / "1", models, "animals", 1)
    (models / "animals" / "1" / "assets.extra").mkdir()
    card = '{"task": "multiclass", "classes": ["cat", "dog", "fish"], "output": "logit"}'
    (models / "animals" / "1" / "assets.extra" / "card.json").write_text(card)
    with running(directory, SERVICE_MODELS_DIR=str(models)) as started:
        yield started


def test_a_foreign_model_shows_its_map_and_its_answer_and_says_what_it_lacks(
    with_foreign: Server, open_page: OpenPage, journal: Journal
) -> None:
    journal.expect(UNKNOWN)
    page = open_page(with_foreign)
    show(page, "?x=0.5&y=-0.25&inside=foreign")
    foreign = panel(page, "foreign")
    expect(foreign).to_contain_text("a SavedModel from elsewhere")
    expect(figure(page, "foreign", "this run")).to_have_text("–")
    right = np.array(with_foreign.get("/boundary?model=foreign&resolution=81").json()["probabilities"])
    np.testing.assert_allclose(csv_fields(page)["foreign"], right, rtol=0, atol=TOLERANCE)
    tint = warmth(colours_of(foreign))
    assert np.all(tint[right > 0.6] > 0)
    assert np.all(tint[right < 0.4] < 0)
    page.get_by_role("heading", name="One point through every network").scroll_into_view_if_needed()
    shown = page.locator(".trace[data-model=foreign]")
    (answer,) = with_foreign.predict(model="foreign", points=[[0.5, -0.25]]).json()["probabilities"]
    assert value(shown.get_by_role("heading")) == pytest.approx(answer, abs=TOLERANCE)
    expect(shown).to_contain_text("The service computed P alone")
    inside = page.get_by_role("region", name="Inside a model")
    inside.scroll_into_view_if_needed()
    expect(inside.locator("#detail-title")).to_have_text("foreign: P(y = 1)")
    expect(inside.locator(".build-up")).to_contain_text("cannot be switched here. This SavedModel was made elsewhere")


def test_each_foreign_model_is_shown_as_what_it_is_beside_the_experiments(
    with_foreign: Server, open_page: OpenPage, journal: Journal
) -> None:
    """Values, other features, several classes: each on a scale of its own. One that cannot be drawn hurts no other."""
    journal.expect(UNKNOWN)
    page = open_page(with_foreign)
    show(page, "?x=0.5&y=-0.25&inside=values")
    expect(panel(page, "unknown").locator(".message")).to_contain_text("nothing says what they are")
    for model in ("tanh-10-10", "foreign", "values", "of-three", "animals"):
        expect(panel(page, model).get_by_role("img", name=model)).to_be_visible()
    expect(panel(page, "values").locator(".scales")).to_contain_text("value")
    expect(panel(page, "of-three").locator(".scales")).to_contain_text("x1 across, x2 up")
    expect(panel(page, "animals").locator(".scales")).to_contain_text("catdogfish")
    expect(page.locator("#legend")).to_contain_text("P(y = 1)")
    fields = csv_fields(page)
    for model, key in (("values", "values"), ("animals", "values"), ("animals class", "label")):
        query = f"/boundary?model={model.split()[0]}&resolution=81&x_min=-1.5&x_max=1.5&y_min=-1.5&y_max=1.5"
        np.testing.assert_allclose(fields[model], with_foreign.get(query).json()[key], rtol=0, atol=TOLERANCE)
    assert "of-three" not in fields
    page.locator("#point").scroll_into_view_if_needed()
    settle(page)
    (right,) = with_foreign.predict(model="values", points=[[0.5, -0.25]]).json()["values"]
    assert value(page.locator(".trace[data-model=values] .p")) == pytest.approx(right, abs=TOLERANCE)
    expect(page.locator(".trace[data-model=animals] .p")).to_contain_text(
        with_foreign.predict(model="animals", points=[[0.5, -0.25]]).json()["labels"][0]
    )
    expect(page.locator(".trace[data-model=of-three]")).to_have_count(0)
    page.locator("#inside").scroll_into_view_if_needed()
    settle(page)
    expect(page.locator("#inside #detail-title")).to_have_text("values: value")


def test_a_foreign_model_has_one_run_and_nothing_to_compare(
    with_foreign: Server, open_page: OpenPage, journal: Journal
) -> None:
    journal.expect(UNKNOWN)
    page = open_page(with_foreign)
    show(page)
    choose(page, "Run", "3")
    expect(panel(page, "foreign")).to_contain_text("has only one training run")
    expect(panel(page, "tanh-10-10").get_by_role("img", name="tanh-10-10")).to_be_visible()
    choose(page, "Statistic", "mean of all runs")
    expect(panel(page, "foreign")).to_contain_text("nothing to compare")
    expect(page.locator("#difference")).to_contain_text("foreign has only one training run")
    choose(page, "Statistic", "probability of one run")
    choose(page, "Run", "0 (served)")
    expect(panel(page, "foreign").get_by_role("img", name="foreign")).to_be_visible()


def test_a_model_that_lacks_a_run_is_not_shown_with_another(with_foreign: Server, open_page: OpenPage) -> None:
    """And one can go on to a model that has it."""
    page = open_page(with_foreign)
    show(page, "?inside=foreign&run=3")
    inside = page.get_by_role("region", name="Inside a model")
    inside.scroll_into_view_if_needed()
    settle(page)
    expect(inside).to_contain_text("has only one training run")
    expect(inside.get_by_role("combobox", name="Model")).to_have_value("foreign")
    inside.get_by_role("combobox", name="Model").select_option("tanh-10-10")
    expect(inside.locator("#detail-title")).to_have_text("tanh-10-10: P(y = 1)")


def enter_key(page: Page, key: str) -> None:
    page.get_by_label("This service requires an API key.").fill(key)
    page.get_by_role("button", name="Use it until this tab is closed").click()


def test_a_service_with_keys_asks_for_one_and_works_with_it(
    guarded: Server, open_page: OpenPage, journal: Journal
) -> None:
    journal.expect("status of 401")
    server, key = guarded, ALICE
    page = open_page(server)
    page.goto("/")
    expect(status(page)).to_contain_text("An API key is needed")
    enter_key(page, "nonsense")
    expect(status(page)).to_contain_text("An API key is needed")
    expect(page.get_by_role("main")).to_be_hidden()
    enter_key(page, key)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_label("This service requires an API key.")).to_be_hidden()
    expect(status(page)).to_be_empty()
    card = server.get("/models/tanh-10-10", headers={"X-API-Key": key}).json()["card"]
    settle(page)
    assert value(figure(page, "tanh-10-10", "this run")) == card["metrics"]["accuracy"]
    page.reload()  # the tab keeps it
    expect(page.get_by_role("main")).to_be_visible()
    assert key not in page.url


def test_the_command_says_where_the_key_goes_but_not_the_key(
    guarded: Server, open_page: OpenPage, journal: Journal
) -> None:
    journal.expect("status of 401")
    server, key = guarded, ALICE
    page = open_page(server)
    page.goto("/")
    enter_key(page, key)
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)
    command = page.get_by_label("The command for what is shown").inner_text()
    assert key not in command
    assert "X-API-Key" in command


DATA = [
    ("comparison.csv", "comparison.csv", "/comparison?format=csv"),
    ("dataset.csv", "dataset.csv", "/dataset?format=csv"),
    ("This table as CSV", "comparison.csv", "/comparison?format=csv"),
    ("tanh-3 as json", "tanh-3.json", "/boundary?model=tanh-3&resolution=81&epoch=500&replicate=0"),
    ("tanh-3 as png", "tanh-3.png", "/boundary?model=tanh-3&resolution=81&epoch=500&replicate=0&format=png"),
]
"""Links of the page, what their files are called, and where the service has them."""


def test_links_to_data_bring_the_key(guarded: Server, open_page: OpenPage, journal: Journal) -> None:
    journal.expect("status of 401")
    page = open_page(guarded)
    page.goto("/")
    expect(status(page)).to_contain_text("An API key is needed")
    expect(page.get_by_role("link", name="comparison.csv")).to_be_hidden()
    expect(page.get_by_role("link", name="dataset.csv")).to_be_hidden()
    enter_key(page, ALICE)
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)
    for link, name, path in DATA:
        with page.expect_download() as started:
            page.get_by_role("link", name=link, exact=True).click()
        assert started.value.suggested_filename == name
        right = guarded.get(path, headers={"X-API-Key": ALICE})
        assert right.status_code == 200
        content = Path(started.value.path()).read_bytes()
        assert content == right.content or json.loads(content)["probabilities"] == right.json()["probabilities"]
        assert page.url == guarded.url + "/"


def test_a_link_to_data_that_fails_with_a_key_says_why(guarded: Server, open_page: OpenPage, journal: Journal) -> None:
    journal.expect("status of 401", "status of 503")
    server, key = guarded, ALICE
    page = open_page(server)
    page.goto("/")
    enter_key(page, key)
    expect(page.get_by_role("main")).to_be_visible()
    answer = {"status": 503, "content_type": "application/problem+json", "body": '{"detail": "a worker is busy"}'}
    page.route("**/dataset?*", lambda route: route.fulfill(**answer))
    page.get_by_role("link", name="dataset.csv").click()
    expect(status(page)).to_contain_text("a worker is busy")
