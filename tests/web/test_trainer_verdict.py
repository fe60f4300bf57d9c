"""The verdict in the page is that of the Python package, number by number and word by word."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from bundle.comparison import Pair
from tests.conftest import Server
from tests.web.trainer import called
from verdicts.pairs import compare_all

Scores = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with closing(browser.new_page(base_url=server.url)) as opened:
        opened.goto("/health/live")
        yield opened


def drawn(seed: int) -> tuple[Scores, dict[str, Any]]:
    """Return scores of two to four models, as they come: close, apart, all the same, with runs that diverged."""
    random = np.random.default_rng(seed)
    runs = int(random.choice([1, 2, 3, 5, 6, 12, 30, 100]))
    spread = float(random.choice([0, 0.0005, 0.004, 0.03]))
    common = random.normal(0.9, 0.02, runs)
    scores = {}
    for name in "abcd"[: random.integers(2, 5)]:
        values = common + random.choice([0, 0.0025, 0.004, 0.01, -0.05]) + random.normal(0, spread, runs)
        values = values if random.random() < 0.7 else np.round(values, 2)  # ties
        lost = random.random(runs) < random.choice([0, 0, 0.2, 0.8])
        scores[f"{name}-10"] = np.where(lost & (np.arange(runs) > 0), np.nan, np.minimum(values, 1))
    recipes = ["at rate 0.001 and 500 epochs", "tuned on validation data", "at rate 1e-05 and 1,500 epochs"]
    rules: dict[str, Any] = {
        "overlap": float(random.choice([0, 0.3 / 0.56])),
        "rope": float(random.choice([0, 0.001, 0.0025, 0.005, 0.01, 0.0123456])),
        "higherIsBetter": bool(random.random() < 0.8),
        "unit": str(random.choice(["points", "points", ""])),
        "recipes": {name: str(random.choice(recipes[: random.integers(1, 4)])) for name in scores},
    }
    return scores, rules if random.random() < 0.7 else {**rules, "recipes": {}}


def as_the_service_has_it(scores: Scores, rules: dict[str, Any]) -> list[Pair]:
    return compare_all(
        scores,
        rules["overlap"],
        rules["rope"],
        rules["higherIsBetter"],
        recipes=rules["recipes"],
        unit=rules["unit"],
    )


def plain(scores: Scores) -> list[dict[str, Any]]:
    return [
        {"name": name, "values": [None if np.isnan(value) else float(value) for value in values]}
        for name, values in scores.items()
    ]


def check(found: list[dict[str, Any]], pairs: list[Pair], about: object) -> None:
    assert len(found) == len(pairs)
    for ours, right in zip(found, map(asdict, pairs), strict=True):
        assert ours.keys() == right.keys()
        for name, value in right.items():
            wanted = value if value is None or isinstance(value, str | int) else pytest.approx(value, abs=1e-6, rel=0)
            assert ours[name] == wanted, (name, about)


def test_verdicts_are_those_of_the_service_on_hundreds_of_sets_of_scores(page: Page) -> None:
    cases = [drawn(seed) for seed in range(200)]
    script = "return given[0].map(([scores, rules]) => it.compareAll(scores, rules));"
    found = called(page, "verdict", script, [[plain(scores), rules] for scores, rules in cases])
    verdicts = set()
    for seed, (pairs, (scores, rules)) in enumerate(zip(found, cases, strict=True)):
        right = as_the_service_has_it(scores, rules)
        check(pairs, right, seed)
        verdicts |= {(pair.verdict, pair.runs_needed is None) for pair in right}
    assert len(verdicts) == 5  # each one, and undecided with a number of runs and without


@pytest.mark.parametrize("score", [None, "own_accuracy", "population_accuracy", "log_loss"])
@pytest.mark.parametrize("rope", [0.001, 0.02])
def test_a_comparison_by_another_score_or_rope_is_the_services(
    page: Page, server: Server, score: str | None, rope: float
) -> None:
    asked = f"rope={rope}" + ("" if score is None else f"&score={score}")
    script = """
        const given0 = await (await fetch("/comparison")).json();
        return it.recomputed(given0, given[0], given[1]);
    """
    found = called(page, "verdict", script, score, rope)
    right = server.get(f"/comparison?{asked}").json()
    assert found["recipe"] == right["recipe"]
    check(found["pairs"], [Pair(**pair) for pair in right["pairs"]], asked)
