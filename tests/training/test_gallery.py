"""The gallery: what is drawn is what its name and keys say, anew for each replicate."""

import numpy as np
import pytest
from marshmallow import ValidationError

from training.dataset_spec import SCHEMAS, BlobsSpec, CirclesSpec, DrawnSpec, GaussianQuantilesSpec, SpiralSpec, XorSpec
from training.datasets import data_source, draw

GENERATORS = [name for name in SCHEMAS if name != "table"]


def spec_of(generator: str, **keys: object) -> DrawnSpec:
    spec: DrawnSpec = SCHEMAS[generator]().load(keys)
    return spec


@pytest.mark.parametrize("generator", GENERATORS)
def test_each_replicate_draws_anew_and_the_same_again(generator: str) -> None:
    spec = spec_of(generator, n_samples=100)
    source = data_source(spec, 0)
    assert (source.replication, source.n_samples) == ("redrawn", 100)
    first, second = source.samples(0), source.samples(1)
    assert first[0].shape == (100, 2)
    assert not np.array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[0], data_source(spec, 1).samples(0)[0])
    np.testing.assert_array_equal(second[0], data_source(spec, 0).samples(1)[0])
    assert draw(spec, source, 0, 2).train.size == 56


@pytest.mark.parametrize("generator", GENERATORS)
def test_only_gaussian_quantiles_are_not_scaled_and_have_a_known_boundary(generator: str) -> None:
    source = data_source(spec_of(generator), 0)
    is_gaussian = generator == "gaussian_quantiles"
    assert (source.scale, source.population is not None) == (not is_gaussian, is_gaussian)
    lows, highs = np.transpose(source.domain)
    points, _ = source.samples(0)
    np.testing.assert_allclose(highs - lows, 1.2 * np.ptp(points, axis=0), rtol=1e-2)


@pytest.mark.parametrize(("spec", "k"), [(BlobsSpec(n_classes=4, n_features=5), 4), (SpiralSpec(n_classes=3), 3)])
def test_there_are_as_many_classes_as_asked_for(spec: DrawnSpec, k: int) -> None:
    source = data_source(spec, 0)
    assert (source.task, source.classes) == ("multiclass", [str(i) for i in range(k)])
    assert len(source.columns) == getattr(spec, "n_features", 2)
    assert len(np.unique(source.samples(0)[1])) == k


def test_gaussian_quantiles_of_three_classes_have_no_sphere_between_two() -> None:
    source = data_source(GaussianQuantilesSpec(n_classes=3, n_features=4), 0)
    assert (source.task, source.population, len(source.columns)) == ("multiclass", None, 4)
    points, labels = source.samples(0)
    means = [np.linalg.norm(points[labels == label], axis=1).mean() for label in range(3)]
    assert means == sorted(means)


def test_blobs_stay_where_they_are_in_all_replicates() -> None:
    source = data_source(BlobsSpec(noise=0.01), 0)
    (points, labels), (others, their_labels) = source.samples(0), source.samples(1)
    for label in range(3):
        center, other = points[labels == label].mean(axis=0), others[their_labels == label].mean(axis=0)
        np.testing.assert_allclose(center, other, atol=0.01)


def test_without_noise_the_boundaries_are_exact() -> None:
    points, labels = data_source(XorSpec(noise=0), 0).samples(0)
    np.testing.assert_array_equal(labels, points[:, 0] * points[:, 1] < 0)
    points, labels = data_source(CirclesSpec(noise=0), 0).samples(0)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.where(labels == 1, 0.5, 1), rtol=1e-6)
    points, labels = data_source(SpiralSpec(noise=0), 0).samples(0)
    turns = np.arctan2(points[:, 1], points[:, 0]) / (2 * np.pi) - 1.5 * np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(np.abs((turns - labels / 2 + 0.5) % 1 - 0.5), 0, atol=1e-5)


@pytest.mark.parametrize(
    ("generator", "keys", "words"),
    [
        ("moons", {"n_features": 3}, "unknown field; valid fields: domain, scale"),
        ("moons", {"noise": -1}, "at least 0"),
        ("circles", {"factor": 1.0}, "between 0 and 1"),
        ("blobs", {"n_classes": 1}, "at least 2, not 1"),
        ("xor", {"scale": 1}, "must be true or false"),
        ("spiral", {"domain": [1, 1]}, "low < high"),
        ("spiral", {"domain": {"x1": [1, float("nan")]}}, "x1: must be"),
        ("table", {"path": "t.csv", "features": ["a", "a"]}, "names a column twice"),
        ("table", {"path": "t.csv", "features": []}, "must name a column"),
        ("table", {"path": "t.csv", "features": ["y"], "label": "y"}, "must not name the label, y"),
        ("table", {"path": "t.csv", "missing": "mean"}, "Must be one of: refuse, drop, median"),
        ("table", {"path": "t.csv", "task": "binry"}, "Must be one of: binary, multiclass, regression"),
    ],
)
def test_keys_that_a_data_set_has_not_are_refused(generator: str, keys: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SCHEMAS[generator]().load(keys)


@pytest.mark.parametrize(("said", "name"), [("yes", "yes"), (1, "1"), (-1.0, "-1"), (0.5, "0.5"), (True, "true")])
def test_a_positive_class_may_be_a_number_or_a_boolean(said: object, name: str) -> None:
    assert SCHEMAS["table"]().load({"path": "t.csv", "positive": said}).positive == name
