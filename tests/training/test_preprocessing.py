"""Encoding: fitted on each replicate's own training data, the same with NumPy as with TensorFlow, exact far from 0."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from training.datasets import Column, DataSource, Split
from training.preprocessing import FILL, MEAN, SD, EncodedSplit, Encoder, encode, fit

REPLICATES = 3
NUMBERS = [Column("a"), Column("b")]
MIXED = [Column("a"), Column("port", ("C", "Q", "S"), imputed=True), Column("b", imputed=True), Column("c")]


def source(columns: list[Column], points: NDArray[np.float32], **known: Any) -> DataSource:
    return DataSource(columns, lambda _: (points, np.zeros(len(points), np.float32)), len(points), "resplit", **known)


def split_of(points: NDArray[np.float32], labels: NDArray[np.float32] | None = None) -> Split:
    """Three replicates that share data, each with a choice of its own."""
    rng = np.random.default_rng(0)
    rows = np.stack([rng.permutation(len(points))[: len(points) // 2] for _ in range(REPLICATES)]).astype(np.int32)
    return Split(points, np.zeros(len(points), np.float32) if labels is None else labels, rows)


@pytest.fixture(scope="module")
def mixed() -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(200, 4))
    points[:, 1] = rng.choice(3, 200, p=[0.1, 0.2, 0.7])
    points[:, 2] = 50 + 10 * points[:, 2]
    points[:, 3] = 1e6 + rng.uniform(-1, 1, 200)
    points[rng.random(200) < 0.2, 1] = np.nan
    points[rng.random(200) < 0.2, 2] = np.nan
    return points.astype(np.float32)


def in_tensorflow(encoder: Encoder, r: int, points: NDArray[np.float32], dtype: tf.DType) -> NDArray[np.floating]:
    fitted = {name: tf.cast(rows[r], dtype) for name, rows in encoder.fitted.items()}
    encoded: NDArray[np.floating] = encode(encoder.columns, fitted, tf.cast(points, dtype)).numpy()
    return encoded


def test_each_replicate_is_standardized_by_its_own_training_data() -> None:
    points = np.random.default_rng(0).normal([3, -200], [1, 40], (100, 2)).astype(np.float32)
    training = split_of(points)
    encoder = fit(source(NUMBERS, points, scale=True), training)
    encoded = EncodedSplit(training, encoder)
    assert (encoded.count, encoded.size) == (REPLICATES, 50)
    for r in range(REPLICATES):
        inputs, _ = encoded.replicate(r)
        np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(inputs.std(axis=0), 1, rtol=1e-6)
        np.testing.assert_allclose(encoder.fitted[MEAN][r], points[training.rows[r]].mean(axis=0), rtol=1e-6)  # type: ignore[index]
    assert len(np.unique(encoder.fitted[MEAN][:, 0])) == REPLICATES


def test_without_scaling_nothing_is_changed() -> None:
    points = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    encoder = fit(source(NUMBERS, points), split_of(points))
    assert (encoder.fitted, encoder.n_inputs) == ({}, 2)
    assert encoder.points(0, points) is points
    np.testing.assert_array_equal(in_tensorflow(encoder, 0, points, tf.float32), points)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_a_narrow_column_far_from_zero_keeps_its_digits(dtype: tf.DType) -> None:
    points = (1e6 + np.random.default_rng(0).uniform(-1, 1, (400, 1))).astype(np.float32)
    encoder = fit(source([Column("a")], points, scale=True), split_of(points))
    exact = points.astype(np.float64)
    expected = (exact - np.float64(encoder.fitted[MEAN][0])) / np.float64(encoder.fitted[SD][0])
    assert expected.std() == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(encoder.points(0, points), expected, atol=3e-7)
    np.testing.assert_allclose(in_tensorflow(encoder, 0, points, dtype), expected, atol=3e-7)


def test_a_constant_column_becomes_zero() -> None:
    points = np.full((20, 1), 7, np.float32)
    encoder = fit(source([Column("a")], points, scale=True), split_of(points))
    np.testing.assert_array_equal(encoder.points(0, points), 0)


def test_text_becomes_one_input_a_category_and_missing_values_the_usual_ones(mixed: NDArray[np.float32]) -> None:
    encoder = fit(source(MIXED, mixed, scale=True), split_of(mixed))
    assert encoder.n_inputs == 6
    assert encoder.fitted[FILL][:, 1].tolist() == [2, 2, 2]  # the most frequent port
    rows = split_of(mixed).rows
    assert rows is not None
    assert encoder.fitted[FILL][1, 2] == np.nanmedian(mixed[rows[1], 2])
    encoded = encoder.points(0, mixed)
    filled = np.where(np.isnan(mixed[:, 1]), 2, mixed[:, 1]).astype(int)
    np.testing.assert_array_equal(encoded[:, 1:4], np.eye(3)[filled])
    assert np.isfinite(encoded).all()


@pytest.mark.parametrize("scale", [True, False])
def test_tensorflow_encodes_as_numpy_does(mixed: NDArray[np.float32], scale: bool) -> None:
    encoder = fit(source(MIXED, mixed, scale=scale), split_of(mixed))
    for r in range(REPLICATES):
        ours = encoder.points(r, mixed)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(in_tensorflow(encoder, r, mixed, tf.float64), ours, rtol=1e-6, atol=1e-6)


def test_a_text_that_is_none_of_the_categories_is_none_of_the_inputs() -> None:
    columns = [Column("port", ("C", "Q"))]
    points = np.array([[0], [1], [2], [-1]], np.float32)
    encoder = fit(source(columns, points), split_of(points))
    expected = [[1, 0], [0, 1], [0, 0], [0, 0]]
    np.testing.assert_array_equal(encoder.points(0, points), expected)
    np.testing.assert_array_equal(in_tensorflow(encoder, 0, points, tf.float32), expected)


def test_a_regressions_target_is_standardized_and_the_weights_answer_in_its_units() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(100, 2)).astype(np.float32)
    labels = (500 + 80 * points[:, 0]).astype(np.float32)
    training = split_of(points, labels)
    encoder = fit(source(NUMBERS, points, scale=True, task="regression", classes=[]), training)
    inputs, targets = EncodedSplit(training, encoder).replicate(1)
    assert (targets.mean(), targets.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))
    kernel, *_ = np.linalg.lstsq(inputs, targets)  # a linear network that has learned them
    weights = [np.zeros((REPLICATES, 1, 2, 1), np.float32), np.zeros((REPLICATES, 1, 1), np.float32)]
    weights[0][1, 0, :, 0] = kernel
    own_kernel, own_bias = encoder.in_target_units(weights)
    values = inputs @ own_kernel[1, 0, :, 0] + own_bias[1, 0, 0]
    np.testing.assert_allclose(values, training.replicate(1)[1], rtol=1e-4)
