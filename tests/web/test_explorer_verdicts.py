"""The comparison on the page: what it says of two models, on what grounds, and of which recipe."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from bundle.comparison import Comparison
from harness.bundles import change_card, copy, publish
from tests.conftest import Server, running
from tests.web.comparisons import rewrite
from tests.web.conftest import EVERYWHERE, Journal, OpenPage, violations
from tests.web.explorer import Api, choose, numbers, said, settle, show
from tests.web.test_explorer_access import WITHOUT_REPEATS

EXPERIMENT = "gaussian-quantiles"
PARTS = ("luck", "sensitivity", "reliability", "metrics")
NEW_OF_MODELS = ("own_accuracy", "protocol", "sensitivity", "variance", "still_improving", "reliability", "metrics")
NEW_OF_PAIRS = ("wins_ci95", "simultaneous_ci95", "rope", "verdict", "words")


@pytest.fixture(scope="module")
def models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("explorer-verdicts")
    models = copy(models_dir, directory / "models", "tanh-10", "tanh-10-10", "_experiments")
    bundle = publish(models / "tanh-10" / "1", models, "tuned-tanh-10", 1)
    change_card(bundle, experiment="tuned")
    shutil.copytree(models / "_experiments" / EXPERIMENT, models / "_experiments" / "tuned")
    return models


@pytest.fixture(scope="module")
def stored(models: Path) -> Comparison:
    return rewrite(models, EXPERIMENT)


@pytest.fixture(scope="module")
def judging(models: Path, stored: Comparison) -> Iterator[Server]:
    assert stored.recipe  # it is written before the service starts
    with running(models.parent, SERVICE_MODELS_DIR=str(models)) as started:
        yield started


@pytest.fixture(scope="module")
def api(judging: Server) -> Api:
    return Api(judging)


@pytest.fixture
def page(open_page: OpenPage, judging: Server) -> Page:
    return open_page(judging)


def row(page: Page, model: str) -> Locator:
    return page.locator(f"#table tr[data-model={model}]")


def cell(page: Page, model: str, column: str) -> Locator:
    heads = page.locator("#table thead th")
    expect(heads.filter(has_text=re.compile(rf"^\s*{column}"))).to_have_count(1)
    texts = heads.all_text_contents()
    position = next(i for i, head in enumerate(texts) if " ".join(head.split()).startswith(column))
    return row(page, model).locator("th, td").nth(position)


def opened(page: Page, part: str) -> Locator:
    """Open one of the parts behind the verdicts, and wait for what is in it."""
    place = page.locator(f"details#{part}")
    place.locator("summary").click()
    expect(place.locator(".lead")).to_be_visible()
    return place


def test_a_part_that_does_not_load_when_it_is_opened_says_so(page: Page, journal: Journal) -> None:
    journal.expect("ERR_FAILED", "dynamically imported")
    page.route("**/explorer/metrics.js", lambda route: route.abort())
    show(page)
    part = page.locator("details#metrics")
    part.locator("summary").click()
    expect(part).to_contain_text("This part did not load")


def listed(page: Page) -> dict[str, str]:
    """Return the words of each pair that is listed."""
    items = page.locator("#pairs li[data-pair]")
    expect(items.first).to_be_attached()
    pairs = items.evaluate_all("(all) => all.map((one) => [one.dataset.pair, one.innerText])")
    return {pair: " ".join(text.split()) for pair, text in pairs}


def test_verdicts_are_the_services_and_stand_beside_their_intervals(page: Page, api: Api) -> None:
    show(page)
    pairs = api.get("/comparison")["pairs"]
    shown = listed(page)
    assert len(shown) == len(pairs) == 21
    for pair in pairs:
        text = shown[f"{pair['a']} {pair['b']}"]
        assert text.startswith(said(pair))
        assert f"P(equivalent) {pair['probability_equivalent']:.3f}" in text
        strip = page.locator(f"#pairs li[data-pair='{pair['a']} {pair['b']}'] svg")
        sign = -100 if pair["verdict"] == "worse" else 100
        for ends in (pair["ci95"], pair["simultaneous_ci95"]):
            low, high = (
                f"{one:.1f}".replace("-0.0", "0.0").replace("-", "−") for one in sorted(sign * x for x in ends)
            )
            expect(strip).to_have_attribute("aria-label", re.compile(re.escape(f"[{low}, {high}]")))
    assert not re.search(r"beats|how likely it is chance", page.locator("main").inner_text())


def test_the_small_print_says_whose_wins_are_meant_and_rounds_no_probability_up_to_a_verdict(
    page: Page, stored: Comparison
) -> None:
    document = json.loads(json.dumps(asdict(stored)))
    pair = next(one for one in document["pairs"] if one["verdict"] == "worse")
    pair |= {"probability_better": 0.0, "probability_equivalent": 0.02549, "probability_worse": 0.97451}
    answering(page, document)
    show(page)
    text = listed(page)[f"{pair['a']} {pair['b']}"]
    assert "P(better) 0.9745, P(equivalent) 0.025, P(worse) 0.000" in text
    low, high = (f"{100 * share:.0f}" for share in pair["wins_ci95"])
    assert text.endswith(f"; {pair['a']} wins {low} to {high}% of runs")


def test_a_single_run_is_not_explained_by_what_only_several_have(page: Page, stored: Comparison) -> None:
    document = json.loads(json.dumps(asdict(stored)))
    document["protocol"]["replicates"] = 1
    for pair in document["pairs"]:
        pair |= {"ci95": None, "simultaneous_ci95": None, "probability_better": None, "wins_ci95": [0.0, 0.79]}
    for model in document["models"]:
        model["replicates"] = 1
        model["accuracy"] |= {"ci95": None, "values": model["accuracy"]["values"][:1]}
        model["protocol"]["chosen"] = [{"learning_rate": 0.003, "epochs": 500, "replicates": 1}]
    answering(page, document)
    show(page)
    first = document["pairs"][0]
    assert listed(page)[f"{first['a']} {first['b']}"] == f"{said(first)}."
    expect(page.locator("#comparison")).not_to_contain_text("95% interval")
    expect(page.locator("#introduction")).to_contain_text("each was trained once")
    expect(cell(page, "tanh-3", "Recipe")).to_have_text("rate 0.003, epoch 500")


def test_every_part_behind_the_verdicts_is_reached_and_opened_by_keyboard(page: Page) -> None:
    show(page)
    page.get_by_label("No difference up to").focus()
    for part in PARTS:
        page.keyboard.press("Tab")
        expect(page.locator(f"details#{part} > summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"details#{PARTS[-1]} .lead")).to_be_visible()
    page.get_by_role("link", name="How much is luck?").press("Enter")
    expect(page.locator("details#luck > summary")).to_be_focused()


def test_what_there_was_no_choice_of_and_no_measure_of_is_not_shown(page: Page, stored: Comparison) -> None:
    document = json.loads(json.dumps(asdict(stored)))
    for model in document["models"]:
        model["protocol"] = {"learning_rates": [0.01], "epochs": [500], "chosen": []}
        model["sensitivity"] = [
            point | {"mean": 0.90 + point["epoch"] / 50_000, "ci95": None}
            for point in model["sensitivity"]
            if point["learning_rate"] == 0.01
        ]
        model["variance"] |= {"test_set": None, "data": None, "weights": None, "batches": None}
    answering(page, document)
    show(page)
    expect(page.locator("details#luck")).to_have_count(0)
    page.get_by_role("link", name="How much is luck?").click()
    expect(page).to_have_url(re.compile("statistic=std"))
    one = opened(page, "sensitivity").locator(".multiple").first
    expect(one.get_by_role("columnheader")).to_have_text(["Rate", "Best", "at epoch"])
    expect(one.locator("svg text")).to_have_text(["0.94", "0.93", "0.92", "0.91", "epoch 100", "2000"])


def test_a_long_name_widens_nothing(open_page: OpenPage, judging: Server, stored: Comparison) -> None:
    page = open_page(judging, viewport={"width": 390, "height": 900})
    document = json.loads(json.dumps(asdict(stored)).replace("tanh-10-10", "m" * 64))
    answering(page, document)
    show(page)
    for one in PARTS:
        opened(page, one)
    page.locator("#comparison .lead a").first.evaluate("(link) => (link.textContent = 'e'.repeat(64))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_question_is_answered_by_a_verdict_on_recipes(page: Page, api: Api) -> None:
    show(page)
    words = next(said(p) for p in api.get("/comparison")["pairs"] if {p["a"], p["b"]} == {"tanh-10", "tanh-10-10"})
    expect(page.locator("#questions")).to_contain_text(words)
    expect(page.locator("#introduction")).to_contain_text("depends on how they are trained")
    page.get_by_role("link", name="How much is luck?").click()
    expect(page.locator("details#luck .lead")).to_be_visible()
    expect(page.locator("details#luck")).to_be_in_viewport()
    page.reload()
    expect(page.locator("details#luck .lead")).to_be_visible()
    expect(page.locator("details#luck")).to_be_in_viewport()


def test_the_table_says_of_what_its_numbers_are(page: Page, api: Api) -> None:
    show(page)
    answer = api.get("/comparison")
    expect(page.locator("#comparison .lead").first).to_contain_text(answer["recipe"])
    expect(page.locator("#comparison .lead").first).to_contain_text("from rates 0.001, 0.003 or 0.01")
    expect(page.locator("#comparison .lead").nth(1)).to_contain_text("reaches 0.503")
    for model in answer["models"]:
        name = model["model"]
        assert numbers(cell(page, name, "Exact, own")) == [model["own_accuracy"]["mean"]]
        assert numbers(cell(page, name, "Exact, population")) == [model["population_accuracy"]["mean"]]
        expect(cell(page, name, "Recipe")).to_have_text("rate 0.003 in 20 of 30 runs, epoch 500")
        rising = model["still_improving"]
        words = [f"still improving: {rising} of 30"] if rising else []
        if name == "tanh-3":
            score = model["accuracy"]
            low, high = (np.mean([x for x in score["values"] if (x > 0.87) == is_high]) for is_high in (False, True))
            middle = f"median {score['median']:.3f}, mean of the middle half {score['interquartile_mean']:.3f}"
            words.insert(0, f"two clusters: {low:.3f} and {high:.3f}; {middle}")
        expect(cell(page, name, "Test accuracy").locator(".aside")).to_have_text(words)


def test_what_stands_behind_verdicts_is_loaded_when_it_is_opened(
    page: Page, api: Api, judging: Server, journal: Journal
) -> None:
    show(page)
    modules = re.compile(rf"explorer/({'|'.join(PARTS)})\.js")
    assert not [url for url in journal.requests if modules.search(url)]
    models = api.get("/comparison")["models"]
    lines = opened(page, "luck").locator("tbody tr")
    expect(lines).to_have_count(len(models))
    for model, line in zip(models, lines.all(), strict=True):
        variance = model["variance"]
        keys = ("test_set", "data", "weights", "batches")
        assert numbers(line)[1:] == pytest.approx([variance[key] for key in keys])
        text = line.inner_text()
        assert all(f"{100 * variance[key] / variance['total']:.0f}%" in text for key in keys)
        widths = line.locator("rect").evaluate_all("(all) => all.map((one) => one.width.baseVal.value)")
        assert [one / widths[2] for one in widths] == pytest.approx([variance[k] / variance["weights"] for k in keys])
    places = opened(page, "sensitivity").locator(".multiple")
    expect(places).to_have_count(len(models))
    for model, place in zip(models, places.all(), strict=True):
        expect(place.get_by_role("heading")).to_have_text(model["model"])
        expect(place.locator("path.line")).to_have_count(3)
        best: dict[float, tuple[float, int]] = {}
        for point in model["sensitivity"]:
            best[point["learning_rate"]] = max(
                best.get(point["learning_rate"], (0, 0)), (point["mean"], point["epoch"])
            )
        lines = place.locator("tbody tr")
        expect(lines).to_have_count(len(best))
        for (rate, (mean, epoch)), line in zip(sorted(best.items()), lines.all(), strict=True):
            assert numbers(line) == [mean]
            expect(line).to_contain_text(f"{rate:g}")
            expect(line).to_contain_text(f"{epoch}")
        assert re.findall(r"(\d+) runs", place.inner_text()) == ["0", "20", "10"]
    reliability = opened(page, "reliability")
    expect(reliability.locator("circle")).to_have_count(sum(len(model["reliability"]) for model in models))
    metrics = opened(page, "metrics")
    assert numbers(metrics) == [one["mean"] for model in models for one in model["metrics"].values()]
    forms = page.locator("details .links a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    assert len(forms) == 6
    assert [judging.get(f"/{form}").status_code for form in forms] == [200] * 6
    assert {modules.search(url)[1] for url in journal.requests if modules.search(url)} == set(PARTS)  # type: ignore[index]


def test_the_comparison_is_accessible_with_all_of_it_open(open_page: OpenPage, judging: Server) -> None:
    page = open_page(judging, viewport={"width": 1440, "height": 900})
    show(page)
    for part in PARTS:
        opened(page, part)
    assert violations(page, "#comparison") == []
    choose(page, "Theme", "dark")
    first_ones = {"include": [["#comparison"]], "exclude": [*WITHOUT_REPEATS["exclude"], [".multiple ~ .multiple"]]}
    assert violations(page, first_ones, of="colours") == []
    page.set_viewport_size({"width": 390, "height": 900})
    settle(page)
    assert violations(page, "#comparison", of="arrangement") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@EVERYWHERE
def test_another_region_of_no_difference_and_another_score_give_other_verdicts(page: Page, api: Api) -> None:
    show(page)
    before = listed(page)
    page.get_by_label("No difference up to").select_option("1 point")
    expect(page.locator("#pairs")).to_contain_text("by more than 1 point")
    page.get_by_label("No difference up to").select_option("2 points")
    expect(page.locator("#pairs")).to_contain_text("by more than 2 points")
    expect(page).to_have_url(re.compile("rope=0.02"))
    page.get_by_label("Compared by").select_option(label="exact accuracy, each run’s own boundary")
    answer = api.get(f"/comparison?experiment={EXPERIMENT}&rope=0.02&score=own_accuracy")
    first = answer["pairs"][0]
    for pair in answer["pairs"]:  # the list before this one has some of these words, too
        expect(page.locator(f"#pairs li[data-pair='{pair['a']} {pair['b']}']")).to_contain_text(said(pair))
    shown = listed(page)
    assert all(shown[f"{pair['a']} {pair['b']}"].startswith(said(pair)) for pair in answer["pairs"])
    assert shown != before
    expect(page).to_have_url(re.compile("score=own_accuracy&rope=0.02"))
    page.reload()
    expect(page.locator("#pairs li[data-pair]").first).to_contain_text(said(first))
    expect(page.get_by_label("No difference up to")).to_have_value("0.02")


def test_what_the_service_refuses_is_said_and_its_usual_verdicts_stay(page: Page, journal: Journal) -> None:
    journal.expect("422")
    show(page, "?rope=-1")
    expect(page.locator("#comparison").get_by_role("status")).to_contain_text("did not load: rope")
    assert len(listed(page)) == 21


def answering(page: Page, document: dict[str, Any]) -> None:
    """Have the page be given another comparison than the service's."""
    page.route("**/comparison?*", lambda route: route.fulfill(json=document))


def test_of_an_older_comparison_the_page_shows_what_there_is(page: Page, stored: Comparison) -> None:
    document = json.loads(json.dumps(asdict(stored)))
    for model in document["models"]:
        for name in NEW_OF_MODELS:
            del model[name]
    for pair in document["pairs"]:
        for name in NEW_OF_PAIRS:
            del pair[name]
    del document["recipe"], document["dataset"]["baseline"]
    answering(page, document)
    show(page)
    for part in PARTS:
        expect(page.locator(f"details#{part}")).to_have_count(0)
    expect(page.get_by_label("No difference up to")).to_have_count(0)
    values = {model["model"]: model["accuracy"]["values"] for model in document["models"]}
    shown = listed(page)
    for pair in document["pairs"]:
        ahead = pair["mean_difference"] >= 0
        first, second = (pair["a"], pair["b"]) if ahead else (pair["b"], pair["a"])
        both = list(zip(values[first], values[second], strict=True))
        wins, ties = sum(a > b for a, b in both), sum(a == b for a, b in both)
        text = shown[f"{pair['a']} {pair['b']}"]
        assert text.startswith(f"{first} against {second}: {wins} wins, {ties} ties, {30 - wins - ties} losses; ")
        assert ("cannot tell them apart" in text) == (pair["p_value_holm"] >= 0.05)


def test_of_very_many_pairs_the_clearest_are_listed(page: Page, stored: Comparison) -> None:
    document = json.loads(json.dumps(asdict(stored)))
    one = document["pairs"][0]
    document["pairs"] = [
        {**one, "a": f"a{i}", "b": f"b{i}", "mean_difference": i / 1000, "ci95": [i / 1000 - 0.1, i / 1000 + 0.1]}
        for i in range(300)
    ]
    answering(page, document)
    show(page)
    assert set(listed(page)) == {f"a{i} b{i}" for i in range(240, 300)}
    expect(page.locator("#comparison")).to_contain_text("The clearest 60 of 300.")


def test_the_page_leads_from_one_experiment_to_the_other(page: Page) -> None:
    show(page, "?theme=dark")
    page.locator("#comparison").get_by_role("link", name="tuned", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?experiment=tuned&theme=dark#comparison$"))
    expect(page.get_by_role("heading", name="The comparison")).to_be_in_viewport()
    expect(page.locator("#model-tuned-tanh-10-title")).to_be_visible()
    expect(page.locator("#comparison").get_by_role("link", name=EXPERIMENT)).to_be_visible()
