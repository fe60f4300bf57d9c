"""The short form of the soak: what it finds, by the letter of each promise."""

from pathlib import Path

import pytest

from chaos.soak.course import SHORT, Figure, soak

PARTS = {"a": "load, swaps, kills and restarts", "b": "how soon swaps are seen", "c": "memory", "d": "slow clients"}


@pytest.fixture(scope="module")
def figures(models_dir: Path) -> list[Figure]:
    return soak(models_dir, SHORT, seed=1, tell=print)


@pytest.mark.parametrize("part", PARTS, ids=PARTS.get)
def test_every_promise_is_kept(figures: list[Figure], part: str) -> None:
    promised = [figure for figure in figures if figure.part == part and figure.promised]
    assert promised
    assert [figure for figure in promised if not figure.kept] == []


def test_it_asked_enough_to_say_so(figures: list[Figure]) -> None:
    asked = {(figure.part, figure.what): figure.measured for figure in figures}
    assert int(asked["c", "points predicted"].replace(",", "")) == SHORT.predictions
    assert int(asked["c", "grids"]) == SHORT.grids
    for part, beginning in (("a", "requests during"), ("d", "requests beside")):
        (requests,) = [measured for key, measured in asked.items() if key[0] == part and key[1].startswith(beginning)]
        assert int(requests.replace(",", "")) > 100
    assert ("d", "p99 with 20 that drip (20 to the end)") in asked
    assert ("d", "p99 with 200 that are idle") in asked
