"""Data, splits and batch orders: the notebook's for replicate 0, independent for the others, repeatable for all."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_gaussian_quantiles
from sklearn.model_selection import train_test_split

from training import experiment
from training.assignment import assign
from training.dataset_spec import BlobsSpec, GaussianQuantilesSpec, TableSpec, XorSpec
from training.datasets import Column, DataSource, ReplicateSplits, Stream, data_source, draw, seed_for

DEFAULT = experiment.read(experiment.DEFAULT).dataset
assert isinstance(DEFAULT, GaussianQuantilesSpec)
SPEC: GaussianQuantilesSpec = DEFAULT


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


def test_another_seed_draws_anew(splits: ReplicateSplits) -> None:
    other = draw(SPEC, data_source(SPEC, 4), 4, 2)
    assert not np.array_equal(other.test.points[0], splits.test.points[0])  # the same data, split otherwise
    assert not np.array_equal(other.test.points[1], splits.test.points[1])


def test_seeds_differ_by_replicate_and_stream() -> None:
    seeds = {seed_for(3, r, stream) for r in range(50) for stream in Stream}
    assert len(seeds) == 50 * len(Stream)


def table(path: Path, text: str, **asked: Any) -> TableSpec:
    path.write_text(text)
    return TableSpec(path=path, **asked)


def test_a_table_is_split_anew_by_every_replicate_and_held_once(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    lines = [f"{a},{b},{c},{int(a > 0)}" for a, b, c in rows.tolist()]
    spec = table(tmp_path / "t.csv", "\n".join(["width,height,weight,label", *lines]))
    source = data_source(spec, 3)
    assert (source.features, source.replication, source.population) == (["width", "height", "weight"], "resplit", None)
    drawn = draw(spec, source, 3, 3)
    assert (drawn.test.count, drawn.test.size) == (3, 15)
    np.testing.assert_array_equal(drawn.served.points, rows)
    for r in range(3):
        parts = [split.replicate(r) for split in (drawn.train, drawn.validation, drawn.test)]
        assert len(np.unique(np.concatenate([points for points, _ in parts]), axis=0)) == 50
        for points, labels in parts:
            np.testing.assert_array_equal(labels, points[:, 0] > 0)
    assert not np.array_equal(drawn.test.replicate(0)[0], drawn.test.replicate(1)[0])
    served = np.array(drawn.served.split)
    np.testing.assert_array_equal(drawn.served.points[served == "test"], drawn.test.replicate(0)[0])
    assert drawn.train.points is drawn.test.points


def test_a_tables_classes_are_in_every_split_in_equal_parts(tmp_path: Path) -> None:
    lines = [f"{i},{'rare' if i < 3 else 'often' if i < 100 else 'half'}" for i in range(200)]
    spec = table(tmp_path / "t.csv", "\n".join(["a,label", *lines]))
    drawn = draw(spec, data_source(spec, 0), 0, 10)
    assert drawn.served.classes == ["half", "often", "rare"]
    for split, counts in ((drawn.train, [56, 54, 1]), (drawn.validation, [14, 14, 1]), (drawn.test, [30, 29, 1])):
        for r in range(10):
            assert np.bincount(split.replicate(r)[1].astype(int)).tolist() == counts


def test_a_feature_is_drawn_over_its_data_with_a_margin_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    lines = [f"{i},{i * 1000},{'xyz'[i % 3]},7,{i % 2}" for i in range(11)]
    text = "\n".join(["a,b,c,d,label", *lines])
    source = data_source(table(tmp_path / "t.csv", text), 0)
    assert source.domain == [(-1, 11), (-1000, 11000), (0, 2), (2.8, 11.2)]
    assert source.held == [5, 5000, 0, 7]
    source = data_source(table(tmp_path / "t.csv", text, domain=(0, 1)), 0)
    assert source.domain == [(0, 1), (0, 1), (0, 2), (0, 1)]
    source = data_source(table(tmp_path / "t.csv", text, domain={"b": (0, 1)}), 0)
    assert source.domain == [(-1, 11), (0, 1), (0, 2), (2.8, 11.2)]
    with pytest.raises(ValueError, match="domain: no feature e; the features are a, b, c, d"):
        data_source(table(tmp_path / "t.csv", text, domain={"e": (0, 1)}), 0)


def test_a_source_says_what_its_columns_task_and_units_are(tmp_path: Path) -> None:
    lines = [f"{'' if i == 3 else i},{'ab'[i % 2]},{i / 3}" for i in range(20)]
    source = data_source(
        table(tmp_path / "t.csv", "\n".join(["x,kind,price", *lines]), label="price", missing="median"), 0
    )
    assert source.columns == [Column("x", imputed=True), Column("kind", ("a", "b"))]
    assert (source.task, source.classes, source.target, source.scale) == ("regression", [], "price", True)
    assert (SPEC.scale, data_source(SPEC, 3).task, data_source(SPEC, 3).classes) == (False, "binary", ["0", "1"])


def test_a_regressions_labels_are_the_values(tmp_path: Path) -> None:
    spec = table(tmp_path / "t.csv", "\n".join(["a,label", *(f"{i},{i / 3}" for i in range(20))]))
    drawn = draw(spec, data_source(spec, 0), 0, 2)
    np.testing.assert_array_equal(drawn.served.labels, np.float32(np.arange(20) / 3))
    assert drawn.served.classes == []
    assert (drawn.train.size, drawn.validation.size, drawn.test.size) == (11, 3, 6)


def test_rows_that_fractions_leave_without_a_split_are_refused(tmp_path: Path) -> None:
    text = "\n".join(["a,label", *(f"{i},{i / 3}" for i in range(10))])
    spec = table(tmp_path / "t.csv", text, test_fraction=0.95)
    with pytest.raises(ValueError, match=r"10 rows cannot be split by test_fraction = 0\.95"):
        draw(spec, data_source(spec, 0), 0, 2)


def test_data_without_a_class_are_refused_with_what_to_do() -> None:
    """Without all classes there is no ROC curve, and the service reads no card with a NaN on it."""
    spec = BlobsSpec(n_samples=10, n_classes=5)
    with pytest.raises(ValueError, match=r"data of replicate 0.*have none of the class.*another fraction, or another"):
        draw(spec, data_source(spec, 3), 3, 2)


@pytest.mark.parametrize("n_samples", [40, 333])
def test_data_that_are_drawn_have_their_classes_in_every_split_in_equal_parts(n_samples: int) -> None:
    """However many points of each a replicate drew: those of XOR are random."""
    spec = XorSpec(n_samples=n_samples)
    source = data_source(spec, 3)
    drawn = draw(spec, source, 3, 20)
    seen = set()
    for r in range(20):
        points, labels = source.samples(r)
        seen.add(labels.sum())
        parts = [split.replicate(r) for split in (drawn.train, drawn.validation, drawn.test)]
        together = np.concatenate([part for part, _ in parts])
        np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(points, axis=0))
        for _, part in parts:
            assert abs(part.sum() - len(part) * labels.mean()) <= 1
    assert len(seen) > 3
    assert (drawn.train.size, drawn.validation.size, drawn.test.size) == {
        40: (22, 6, 12),
        333: (186, 47, 100),
    }[n_samples]


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_a_single_point_is_no_reason_to_fail(seed: int) -> None:
    parts = assign(XorSpec(n_samples=10), 10, np.eye(10, dtype=np.float32)[4], seed)
    assert [len(rows) for rows in parts] == [5, 2, 3]
    assert np.sort(np.concatenate(parts)).tolist() == list(range(10))


def test_gaussian_quantiles_are_stratified_if_asked_for_and_else_split_as_they_always_were(
    splits: ReplicateSplits,
) -> None:
    even = replace(SPEC, stratify=True)
    drawn = draw(even, data_source(even, 3), 3, 4)
    assert drawn.test.labels.sum(axis=1).tolist() == [300] * 4
    assert drawn.train.labels.sum(axis=1).tolist() == [560] * 4
    assert not SPEC.stratify
    _, test = train_test_split(np.arange(2000), test_size=0.3, random_state=seed_for(3, 1, Stream.SPLIT))
    np.testing.assert_array_equal(splits.test.points[1], data_source(SPEC, 3).samples(1)[0][np.sort(test)])
    assert splits.test.labels[1].sum() != 300


def test_a_million_rows_are_not_copied_for_each_replicate() -> None:
    points, labels = np.zeros((1_000_000, 4), np.float32), np.arange(1_000_000, dtype=np.float32) % 2
    source = DataSource([Column("x")] * 4, lambda _: (points, labels), 1_000_000, "resplit")
    drawn = draw(TableSpec(path=Path("t.csv")), source, 0, 3)
    assert drawn.train.points is points
    assert drawn.train.rows is not None
    assert drawn.train.rows.nbytes == 4 * 3 * drawn.train.size
