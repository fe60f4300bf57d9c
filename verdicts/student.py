"""Student's t, the F distribution and the normal one, from the regularized incomplete beta function alone."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NORMAL = NormalDist()

_TINY = 1e-300

_NEWTON_STEPS = 100

_STEPS = 10_000
"""The continued fraction needs about the square root of the larger parameter."""


def cdf(t: ArrayLike, df: ArrayLike) -> Floats:
    """Return P(T <= t) for df degrees of freedom (Student, 1908), element by element.

    It is half of I_x(df/2, 1/2) at x = df / (df + t²) in the lower tail (Abramowitz & Stegun, 1964, 26.7.1).
    """
    t, df = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(df, np.float64))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        share = np.where(np.isinf(t), 1.0, t**2 / (df + t**2))
        rest = np.where(np.isinf(t), 0.0, df / (df + t**2))
    tail = incomplete_beta(df / 2, np.full(df.shape, 0.5), rest, share) / 2
    return np.where(np.isnan(t), np.nan, np.where(t > 0, 1 - tail, tail))


def sf(t: ArrayLike, df: ArrayLike) -> Floats:
    """Return P(T > t), as exact in the upper tail as `cdf` is in the lower."""
    return cdf(-np.asarray(t, np.float64), df)


def ppf(p: ArrayLike, df: ArrayLike) -> Floats:
    """Return the t below which T lies with probability p in (0, 1), element by element.

    By Newton's steps in the upper tail, by bisection where one would leave the bracket.
    """
    p, df = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(df, np.float64))
    if p.size > 1 and np.all(df == df.flat[0]) and np.all(p == p.flat[0]):
        return np.full(p.shape, ppf(p.flat[0], df.flat[0]))
    tail = np.minimum(p, 1 - p)
    low, high = np.zeros(p.shape), np.ones(p.shape)
    while np.any(beyond := sf(high, df) > tail):
        low, high = np.where(beyond, high, low), np.where(beyond, 2 * high, high)
    t = (low + high) / 2
    constant = -_log_beta(df / 2, np.full(df.shape, 0.5)) - np.log(df) / 2
    for _ in range(_NEWTON_STEPS):
        excess = sf(t, df) - tail
        low, high = np.where(excess > 0, t, low), np.where(excess > 0, high, t)
        step = t + excess / np.exp(constant - (df + 1) / 2 * np.log1p(t * t / df))  # by the density
        step = np.where((low <= step) & (step <= high), step, (low + high) / 2)
        done = np.abs(step - t) <= 1e-13 * step
        t = step
        if done.all():
            break
    return np.where((p > 0) & (p < 1), np.where(p < 0.5, -t, np.where(p == 0.5, 0, t)), np.nan)


def f_sf(f: float, d1: float, d2: float) -> float:
    """Return P(F > f) of Fisher's F distribution (Abramowitz & Stegun, 26.6.2)."""
    rest = d2 / (d2 + d1 * f)
    return float(incomplete_beta(np.float64(d2 / 2), np.float64(d1 / 2), np.float64(rest), np.float64(1 - rest)))


def incomplete_beta(a: ArrayLike, b: ArrayLike, x: ArrayLike, rest: ArrayLike) -> Floats:
    """Return I_x(a, b), where `rest` is 1 - x without rounding.

    By the continued fraction on the side on which it converges fast (Press et al., "Numerical Recipes", 6.4).
    """
    a, b, x, rest = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (a, b, x, rest)))
    flip = x >= (a + 1) / (a + b + 2)
    p, q = np.where(flip, b, a), np.where(flip, a, b)
    u, v = np.where(flip, rest, x), np.where(flip, x, rest)
    with np.errstate(divide="ignore", under="ignore"):
        front = np.exp(p * np.log(u) + q * np.log(v) - _log_beta(p, q)) / p
    value = np.where(u > 0, front * _fraction(p, q, u), 0.0)
    return np.where(flip, 1 - value, value)


def _fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """Lentz's evaluation of the continued fraction."""
    c = np.ones(x.shape)
    d = 1 / _off_zero(1 - (a + b) * x / (a + 1))
    h = d
    done = np.zeros(x.shape, bool)
    for m in range(1, _STEPS):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _off_zero(1 + top * d)
            c = _off_zero(1 + top / c)
            factor = c * d
            h = h * factor
        done |= ~(np.abs(factor - 1) >= 1e-15)  # or no number at all
        if done.all():
            break
    return h


def _off_zero(x: Floats) -> Floats:
    return np.where(np.abs(x) < _TINY, _TINY, x)


def _log_beta(a: Floats, b: Floats) -> Floats:
    """Return ln B(a, b). Where one is 1/2, logarithms of Γ would lose digits by subtraction, and take their time."""
    small, large = np.minimum(a, b), np.maximum(a, b)
    if np.all(small == 0.5):
        return math.log(math.pi) / 2 - _half_step(large)
    return _log_gamma(small) + _log_gamma(large) - _log_gamma(small + large)


def _half_step(a: Floats) -> Floats:
    """Return ln Γ(a + 1/2) - ln Γ(a): by the asymptotic series at a + 20, and back by Γ(x + 1) = x Γ(x)."""
    far, back = a + _SHIFT, np.log1p(-0.5 / (a[..., np.newaxis] + 0.5 + np.arange(_SHIFT))).sum(axis=-1)
    series = np.log(far) / 2 - 1 / (8 * far) + 1 / (192 * far**3) - 1 / (640 * far**5) + 17 / (14336 * far**7)
    step: Floats = series + back
    return step


_SHIFT = 20


def _log_gamma(x: Floats) -> Floats:
    values: Floats = np.vectorize(math.lgamma, otypes=[float])(x)
    return values
