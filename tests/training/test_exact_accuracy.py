"""Exact accuracy, against closed forms, a simulation, and itself with more nodes."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from training.architectures import build, forward, initial_weights
from training.exact_accuracy import Population

PLANE = Population(0.1, 2)
Points = NDArray[np.float32]


def one(function: Callable[[Points], NDArray[np.float32]]) -> Callable[[Points], NDArray[np.float32]]:
    """A single classifier from a function of points."""
    return lambda points: function(points)[np.newaxis]


def test_the_true_boundary_is_a_circle_of_known_radius() -> None:
    assert PLANE.true_boundary.radius == pytest.approx(np.sqrt(2 * 0.1 * np.log(2)))
    assert PLANE.true_boundary.radius == pytest.approx(0.3723, abs=5e-5)
    assert PLANE.true_boundary.center == [0, 0]


@pytest.mark.parametrize("n_features", [1, 2, 3, 5])
def test_the_true_boundary_itself_is_always_right(n_features: int) -> None:
    population = Population(0.1, n_features)
    radius = population.true_boundary.radius
    accuracy = population.accuracy(one(lambda x: np.linalg.norm(x, axis=1) - np.float32(radius)))
    assert accuracy[0] == pytest.approx(1, abs=1e-6)
    points = np.random.default_rng(0).normal(scale=np.sqrt(0.1), size=(200_000, n_features))
    assert np.mean(np.linalg.norm(points, axis=1) > radius) == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("n_features", [1, 2, 3, 5])
@pytest.mark.parametrize("radius", [0.1, 0.3, 0.6])
def test_a_circle_of_another_radius_is_wrong_between_the_two(n_features: int, radius: float) -> None:
    accuracy = Population(0.1, n_features).accuracy(one(lambda x: np.linalg.norm(x, axis=1) - radius))
    between = abs(stats.chi2.cdf(radius**2 / 0.1, n_features) - 0.5)
    assert accuracy[0] == pytest.approx(1 - between, abs=1e-4)


@pytest.mark.parametrize("answer", [-1.0, 1.0])
def test_one_answer_for_all_is_right_half_of_the_time(answer: float) -> None:
    assert PLANE.accuracy(one(lambda x: np.full(len(x), answer)))[0] == pytest.approx(0.5, abs=1e-8)


def half_plane(distance: float) -> float:
    """Accuracy of answering 1 where x1 > distance ≥ 0, by integrating over x1."""
    radius = PLANE.true_boundary.radius
    sigma = np.sqrt(0.1)
    x = np.linspace(-8 * sigma, 8 * sigma, 400_001)
    inside = np.where(np.abs(x) < radius, 2 * stats.norm.cdf(np.sqrt(np.maximum(radius**2 - x**2, 0)) / sigma) - 1, 0)
    right = np.where(x > distance, 1 - inside, inside)
    return float(np.trapezoid(right * stats.norm.pdf(x / sigma) / sigma, x))


@pytest.mark.parametrize("distance", [0.0, 0.2, 0.37, 0.5])
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_a_straight_line_has_the_accuracy_of_its_closed_form(distance: float, angle: float) -> None:
    normal = np.array([np.cos(angle), np.sin(angle)])
    accuracy = PLANE.accuracy(one(lambda x: x @ normal - distance))
    assert accuracy[0] == pytest.approx(half_plane(distance), abs=1e-4)


def test_no_straight_line_is_better_than_0_633() -> None:
    best = optimize.minimize_scalar(lambda distance: -half_plane(distance), bounds=(0, 1), method="bounded")
    assert -best.fun == pytest.approx(0.633, abs=5e-4)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_more_nodes_change_a_networks_accuracy_by_less_than_1e_4(activation: str) -> None:
    model = build(2, (10, 10), (activation, activation))
    weights = [3 * stack for stack in initial_weights(model, range(3))]  # larger: rugged boundaries of many pieces
    rng = np.random.default_rng(0)
    weights[1::2] = [rng.normal(size=stack.shape).astype(np.float32) for stack in weights[1::2]]

    def logits(points: Points) -> NDArray[np.float32]:
        found: NDArray[np.float32] = forward(model, weights, points)[-1].numpy()
        return found

    usual, fine = PLANE.accuracy(logits), PLANE.accuracy(logits, radii=1200, tolerance=1e-6)
    assert np.ptp(fine) > 0.05  # not all the same
    assert np.abs(usual - fine).max() < 1e-4
    points = np.random.default_rng(1).normal(scale=np.sqrt(0.1), size=(100_000, 2)).astype(np.float32)
    truth = np.linalg.norm(points, axis=1) > PLANE.true_boundary.radius
    simulated = ((logits(points) >= 0) == truth).mean(axis=1)
    assert np.abs(usual - simulated).max() < 4 * 0.5 / np.sqrt(100_000)


def test_a_classifier_without_finite_logits_has_no_accuracy() -> None:
    accuracy = PLANE.accuracy(lambda x: np.stack([x[:, 0], np.full(len(x), np.nan)]))
    assert accuracy[0] == pytest.approx(0.5, abs=1e-4)
    assert np.isnan(accuracy[1])
