"""The page's own copies of rules are those of the Python packages: intervals, splits, random numbers."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import Server
from tests.web.trainer import called
from training.assignment import assign
from training.dataset_spec import MoonsSpec, TableSpec
from verdicts.intervals import SHARE
from verdicts.summary import summarize

RANDOM = np.random.default_rng(7)


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with closing(browser.new_page(base_url=server.url)) as opened:
        opened.goto("/health/live")
        yield opened


SCORES = [
    RANDOM.uniform(0.8, 0.99, 30),
    RANDOM.uniform(0.97, 1, 5),
    np.full(6, 0.75),
    np.array([0.5, np.nan, 0.7, 0.9]),
    np.array([0.25]),
    np.array([0.25, 0.75]),
]


@pytest.mark.parametrize("overlap", [0, 0.3 / 0.56])
@pytest.mark.parametrize("values", SCORES)
def test_a_networks_interval_is_the_comparisons(page: Page, values: np.ndarray, overlap: float) -> None:
    given = [None if np.isnan(value) else float(value) for value in values]
    found = called(page, "student", "return it.spreadOf(given[0], given[1]);", given, overlap)
    right = summarize(values, overlap, SHARE)
    assert found["mean"] == pytest.approx(right.mean)
    assert found["sd"] == (None if right.sd is None else pytest.approx(right.sd, abs=1e-15))
    assert found["ci95"] == (None if right.ci95 is None else pytest.approx(right.ci95, abs=1e-9))
    assert (found["min"], found["max"], found["diverged"]) == (right.min, right.max, right.diverged)


@pytest.mark.parametrize("counts", [(3, 3), (5, 15), (40, 7, 3), (100, 85)])
def test_own_points_are_split_as_a_table_is(page: Page, counts: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    script = """
        const points = { x: Float32Array.from(given[0]), y: Float32Array.from(given[0]),
                         labels: Uint8Array.from(given[0]) };
        const { train, test } = it.dataOf({ set: null, points, classes: given[1] }, 0, 4);
        return [Array.from(train.labels), Array.from(test.labels)];
    """
    found = called(page, "split", script, labels.tolist(), len(counts))
    spec = TableSpec(path=None)  # type: ignore[arg-type]
    train, _, test = assign(spec, len(labels), labels.astype(np.float32), 0)
    for ours, rows in zip(found, (train, test), strict=True):
        assert np.bincount(np.array(ours, int)).tolist() == np.bincount(labels[rows]).tolist()


@pytest.mark.parametrize("n", [20, 101, 600, 2000])
def test_sets_that_are_drawn_are_split_into_as_many_points_as_in_training(page: Page, n: int) -> None:
    script = """
        const { train, test } = it.dataOf({ set: given[0], points: null, classes: 2 }, 0, 4);
        return [train.labels.length, test.labels.length, ...[0, 1].map((d) => {
            const x = train.columns[d];
            const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
            return [mean, Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length)];
        })];
    """
    found = called(page, "split", script, {"name": "moons", "n": n, "noise": 0.2, "classes": 2})
    train, _, test = assign(MoonsSpec(n_samples=n), n, None, 0)
    assert found[:2] == [len(train), len(test)]
    assert np.array(found[2:]) == pytest.approx(np.array([[0, 1], [0, 1]]), abs=1e-5)


def test_random_numbers_are_even_normal_and_of_each_stream_others(page: Page) -> None:
    script = """
        const drawn = (seeds, kind) => {
            const random = new it.Random(...seeds);
            return Array.from({ length: 20000 }, () => random[kind]());
        };
        return [drawn([1, 2, 3], "uniform"), drawn([1, 2, 4], "uniform"), drawn([1, 3, 3], "normal")];
    """
    even, other, normal = (np.array(values) for values in called(page, "random", script))
    assert even.min() >= 0
    assert even.max() < 1
    np.testing.assert_allclose(np.histogram(even, 10, (0, 1))[0], 2000, atol=200)
    assert abs(np.corrcoef(even, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(even[:-1], even[1:])[0, 1]) < 0.03
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=0.03), pytest.approx(1, abs=0.03))
    assert np.mean(np.abs(normal) < 1.96) == pytest.approx(0.95, abs=0.01)
