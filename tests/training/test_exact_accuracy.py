"""Exact accuracy, against closed forms, a simulation, and itself with more nodes and arcs."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from training.architectures import build, forward, initial_weights
from training.dataset_spec import GaussianQuantilesSpec
from training.exact_accuracy import Population, own_radius
from training.gallery import drawer

PLANE = Population(0.1, 2)
MIDDLE = PLANE.true_boundary.radius
Points = NDArray[np.float32]
Logit = Callable[[Points], NDArray[np.float32]]


def sphere(radius: float) -> Logit:
    return lambda x: np.linalg.norm(x, axis=1) - np.float32(radius)


def line(distance: float, angle: float = 0) -> Logit:
    normal = np.array([np.cos(angle), np.sin(angle)], np.float32)
    return lambda x: x @ normal - np.float32(distance)


def test_the_populations_boundary_is_a_circle_of_known_radius() -> None:
    assert pytest.approx(np.sqrt(2 * 0.1 * np.log(2))) == MIDDLE
    assert pytest.approx(0.3723, abs=5e-5) == MIDDLE
    assert PLANE.true_boundary.center == [0, 0]


@pytest.mark.parametrize(("n_samples", "n_features"), [(2000, 2), (11, 2), (10, 1), (500, 5)])
def test_a_draws_own_boundary_parts_its_classes_half_way_between_two_points(n_samples: int, n_features: int) -> None:
    points, labels = drawer(GaussianQuantilesSpec(n_samples=n_samples, n_features=n_features))(7)
    radius = own_radius(points, labels)
    r = np.sort(np.linalg.norm(points.astype(float), axis=1))
    np.testing.assert_array_equal(np.linalg.norm(points.astype(float), axis=1) > radius, labels == 1)
    assert radius == pytest.approx((r[n_samples // 2 - 1] + r[n_samples // 2]) / 2)


@pytest.mark.parametrize("n_features", [1, 2, 3, 5, 50])
def test_the_true_boundary_itself_is_always_right(n_features: int) -> None:
    population = Population(0.1, n_features)
    radius = population.true_boundary.radius
    assert population.accuracy(sphere(radius), [radius])[0] == pytest.approx(1, abs=1e-6)
    points = np.random.default_rng(0).normal(scale=np.sqrt(0.1), size=(100_000, n_features))
    assert np.mean(np.linalg.norm(points, axis=1) > radius) == pytest.approx(0.5, abs=0.007)


@pytest.mark.parametrize("n_features", [1, 2, 3, 5])
@pytest.mark.parametrize("radius", [0.1, 0.3, 0.6])
def test_a_sphere_of_another_radius_is_wrong_between_the_two(n_features: int, radius: float) -> None:
    radii = np.array([0.2, 0.35, 0.7])
    accuracies = Population(0.1, n_features).accuracy(sphere(radius), radii.tolist())
    between = np.abs(stats.chi2.cdf(radius**2 / 0.1, n_features) - stats.chi2.cdf(radii**2 / 0.1, n_features))
    assert accuracies == pytest.approx(1 - between, abs=1e-6)


@pytest.mark.parametrize("answer", [-1.0, 1.0])
def test_one_answer_for_all_is_right_half_of_the_time(answer: float) -> None:
    assert PLANE.accuracy(lambda x: np.full(len(x), answer, np.float32), [MIDDLE])[0] == pytest.approx(0.5, abs=1e-8)


def half_plane(distance: float, radius: float = MIDDLE) -> float:
    """Accuracy of answering 1 where x1 > distance ≥ 0, by integrating over x1, in parts without a kink."""
    sigma = np.sqrt(0.1)
    ends = sorted({-8 * sigma, -radius, radius, distance, 8 * sigma})
    total = 0.0
    for low, high in pairwise(ends):
        x = (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, 20_001))  # close together at the ends
        half = np.sqrt(np.maximum(radius**2 - x**2, 0)) / sigma if abs(low + high) < 2 * radius else 0 * x
        inside = 2 * stats.norm.cdf(half) - 1
        total += np.trapezoid((1 - inside if low >= distance else inside) * stats.norm.pdf(x / sigma) / sigma, x)
    return float(total)


@pytest.mark.parametrize("distance", [0.0, 1e-6, 0.003, 0.2, 0.37, 0.5])
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_a_straight_line_has_the_accuracy_of_its_closed_form(distance: float, angle: float) -> None:
    """One close to the centre makes the mean over directions jump, for it is nearly along two of the rays."""
    radii = [MIDDLE, 0.36]
    accuracies = PLANE.accuracy(line(distance, angle), radii)
    assert accuracies == pytest.approx([half_plane(distance, radius) for radius in radii], abs=3e-6)


def test_no_straight_line_is_better_than_0_633() -> None:
    best = optimize.minimize_scalar(lambda distance: -half_plane(distance), bounds=(0, 1), method="bounded")
    assert -best.fun == pytest.approx(0.633, abs=5e-4)


@pytest.fixture(scope="module", params=["tanh", "relu"])
def rugged(request: pytest.FixtureRequest) -> list[Logit]:
    """Three networks of 10-10 with large weights: boundaries of many pieces."""
    model = build(2, (10, 10), (request.param, request.param))
    weights = [3 * stack for stack in initial_weights(model, range(3))]
    rng = np.random.default_rng(0)
    weights[1::2] = [rng.normal(size=stack.shape).astype(np.float32) for stack in weights[1::2]]

    def network(r: int) -> Logit:
        return lambda x: np.asarray(forward(model, [stack[r] for stack in weights], x)[-1])

    return [network(r) for r in range(3)]


def test_finer_nodes_and_arcs_change_a_networks_accuracy_by_less_than_1e_5(rugged: list[Logit]) -> None:
    radii = [0.35, MIDDLE]
    usual, fine = (np.array([PLANE.accuracy(logit, radii, n) for logit in rugged]) for n in (1, 6))
    assert np.ptp(fine) > 0.05  # not all the same
    assert np.abs(usual - fine).max() < 1e-5


def test_random_points_say_the_same(rugged: list[Logit]) -> None:
    n = 400_000
    points = np.random.default_rng(1).normal(scale=np.sqrt(0.1), size=(n, 2)).astype(np.float32)
    radii = np.array([0.35, MIDDLE])
    truth = np.linalg.norm(points, axis=1)[:, np.newaxis] > radii
    for logit in rugged:
        exact = PLANE.accuracy(logit, radii.tolist())
        simulated = ((logit(points) >= 0)[:, np.newaxis] == truth).mean(axis=0)
        assert np.all(np.abs(exact - simulated) < 4 * np.sqrt(exact * (1 - exact) / n))


@pytest.mark.parametrize("n_features", [1, 3, 6])
def test_random_points_say_the_same_in_any_number_of_dimensions(n_features: int) -> None:
    model = build(n_features, (10,), ("tanh",))
    weights = [5 * stack[0] for stack in initial_weights(model, [0])]
    weights[1] = np.random.default_rng(0).normal(size=10).astype(np.float32)

    def logit(x: Points) -> Points:
        return np.asarray(forward(model, weights, x)[-1])

    population, n = Population(0.5, n_features), 400_000
    exact = population.accuracy(logit, [population.true_boundary.radius])[0]
    points = np.random.default_rng(1).normal(scale=np.sqrt(0.5), size=(n, n_features)).astype(np.float32)
    truth = np.linalg.norm(points, axis=1) > population.true_boundary.radius
    simulated = float(((logit(points) >= 0) == truth).mean())
    assert abs(exact - simulated) < 4 * np.sqrt(exact * (1 - exact) / n)
    assert abs(exact - 0.5) > 0.02


@pytest.mark.parametrize("n_features", [1, 2, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_classifier_without_finite_logits_has_no_accuracy(n_features: int, value: float) -> None:
    def logit(x: Points) -> Points:
        return np.where(np.linalg.norm(x, axis=1) > 0.3, np.float32(value), np.float32(-1))

    assert np.isnan(Population(0.1, n_features).accuracy(logit, [0.3, 0.4])).all()
