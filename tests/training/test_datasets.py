"""Data, splits and batch orders: the notebook's for replicate 0, independent for the others, repeatable for all."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_gaussian_quantiles

from training import experiment
from training.dataset_spec import GaussianQuantilesSpec, TableSpec
from training.datasets import ReplicateSplits, Stream, batch_orders, data_source, draw, seed_for

SPEC = experiment.read(experiment.DEFAULT).dataset
assert isinstance(SPEC, GaussianQuantilesSpec)


@pytest.fixture(scope="module")
def splits() -> ReplicateSplits:
    return draw(SPEC, data_source(SPEC, 3), 3, 4)


def test_replicate_0_has_the_notebooks_data(splits: ReplicateSplits) -> None:
    points, labels = make_gaussian_quantiles(n_samples=2000, n_features=2, n_classes=2, random_state=3, cov=0.1)
    np.testing.assert_array_equal(splits.served.points, points.astype(np.float32))
    np.testing.assert_array_equal(splits.served.labels, labels)


def test_every_replicate_is_split_1120_280_600_with_no_point_twice(splits: ReplicateSplits) -> None:
    shapes = [split.points.shape for split in (splits.train, splits.validation, splits.test)]
    assert shapes == [(4, 1120, 2), (4, 280, 2), (4, 600, 2)]
    for r in range(4):
        together = np.concatenate([split.points[r] for split in (splits.train, splits.validation, splits.test)])
        assert len(np.unique(together, axis=0)) == 2000


def test_replicates_have_data_of_their_own(splits: ReplicateSplits) -> None:
    first, second = (set(map(tuple, splits.test.points[r].tolist())) for r in (1, 2))
    assert not first & second


def test_the_served_table_says_in_which_split_each_point_is(splits: ReplicateSplits) -> None:
    split = np.array(splits.served.split)
    np.testing.assert_array_equal(splits.served.points[split == "test"], splits.test.points[0])
    np.testing.assert_array_equal(splits.served.labels[split == "train"], splits.train.labels[0])


def test_more_replicates_leave_the_first_ones_as_they_are(splits: ReplicateSplits) -> None:
    fewer = draw(SPEC, data_source(SPEC, 3), 3, 2)
    np.testing.assert_array_equal(fewer.train.points, splits.train.points[:2])
    np.testing.assert_array_equal(batch_orders(3, 2, 5, 50), batch_orders(3, 4, 5, 50)[:, :2])


def test_another_seed_draws_anew(splits: ReplicateSplits) -> None:
    other = draw(SPEC, data_source(SPEC, 4), 4, 2)
    assert not np.array_equal(other.test.points[0], splits.test.points[0])  # the same data, split otherwise
    assert not np.array_equal(other.test.points[1], splits.test.points[1])


def test_each_epoch_visits_every_point_once_in_an_order_of_its_own() -> None:
    orders = batch_orders(3, 2, 4, 50)
    assert orders.shape == (4, 2, 50)
    np.testing.assert_array_equal(np.sort(orders, axis=2), np.broadcast_to(np.arange(50), (4, 2, 50)))
    assert len(np.unique(orders.reshape(8, 50), axis=0)) == 8


def test_seeds_differ_by_replicate_and_stream() -> None:
    seeds = {seed_for(3, r, stream) for r in range(50) for stream in Stream}
    assert len(seeds) == 50 * len(Stream)


def table(path: Path, text: str) -> TableSpec:
    path.write_text(text)
    return TableSpec(path, (-1.5, 1.5), 0.3, 0.2)


def test_a_table_is_split_anew_by_every_replicate(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    lines = [f"{a},{b},{c},{int(a > 0)}" for a, b, c in rows.tolist()]
    spec = table(tmp_path / "t.csv", "\n".join(["width,height,weight,label", *lines]))
    source = data_source(spec, 3)
    assert (source.features, source.replication, source.population) == (["width", "height", "weight"], "resplit", None)
    drawn = draw(spec, source, 3, 3)
    assert drawn.test.points.shape == (3, 15, 3)
    np.testing.assert_array_equal(drawn.served.points, rows)
    np.testing.assert_array_equal(drawn.test.labels, drawn.test.points[..., 0] > 0)
    assert not np.array_equal(drawn.test.points[0], drawn.test.points[1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "end in label"),
        ("label\n1\n", "end in label"),
        ("a,label\n1,0\n2,3\n", "line 3: must be 1 finite numbers and a label 0 or 1"),
        ("a,label\n1,0\nnan,1\n", "line 3"),
        ("a,label\n1\n", "line 2"),
        ("a,label\nred,1\n", "line 2"),
        ("", "empty"),
        ("a,label\n1,0\n1,0\n", "at least 10"),
    ],
)
def test_a_table_that_is_not_one_is_refused_with_the_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=rf"t\.csv.*{words}"):
        data_source(table(tmp_path / "t.csv", text), 3)


@pytest.mark.parametrize(("ones", "part"), [([4], "train"), ([], "train"), (range(1, 50), "test")])
def test_data_of_one_class_are_refused_with_what_to_do(tmp_path: Path, ones: Iterable[int], part: str) -> None:
    """Without both classes there is no ROC curve, and the service reads no card with a NaN on it."""
    lines = [f"{i},{int(i in ones)}" for i in range(50)]
    spec = table(tmp_path / "t.csv", "\n".join(["a,label", *lines]))
    with pytest.raises(ValueError, match=rf"the {part} data of replicate 0.*another test_fraction, or another seed"):
        draw(spec, data_source(spec, 3), 3, 2)
