"""Student's t, the F distribution and the normal one, from the regularized incomplete beta function alone."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NORMAL = NormalDist()

_TINY = 1e-300

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
    """Return the t below which T lies with probability p in (0, 1), element by element."""
    p, df = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(df, np.float64))
    pairs, where = np.unique(np.stack([p.ravel(), df.ravel()]), axis=1, return_inverse=True)
    found = np.array([_quantile(float(a), float(b)) for a, b in pairs.T])
    return found[where.ravel()].reshape(p.shape)


@lru_cache(maxsize=4096)
def _quantile(p: float, df: float) -> float:
    """Newton's steps towards the quantile in the upper tail, by bisection where one would leave the bracket."""
    if not 0 < p < 1:
        return math.nan
    if p < 0.5:
        return -_quantile(1 - p, df) if p > 1e-3 else -_upper(p, df)
    return 0.0 if p == 0.5 else _upper(1 - p, df)


def _upper(tail: float, df: float) -> float:
    low, high = 0.0, 1.0
    while float(sf(high, df)) > tail:
        low, high = high, 2 * high
    t = (low + high) / 2
    for _ in range(200):
        excess = float(sf(t, df)) - tail
        low, high = (t, high) if excess > 0 else (low, t)
        step = t + excess / _density(t, df)
        step = step if low < step < high else (low + high) / 2
        if abs(step - t) <= 1e-14 * t:
            return step
        t = step
    return t


def _density(t: float, df: float) -> float:
    log = -float(_log_beta(np.float64(df / 2), np.float64(0.5))) - math.log(df) / 2
    return math.exp(log - (df + 1) / 2 * math.log1p(t * t / df))


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
    for m in range(1, _STEPS):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _off_zero(1 + top * d)
            c = _off_zero(1 + top / c)
            factor = c * d
            h = h * factor
        if np.all(np.abs(factor - 1) < 1e-15) or np.all(np.isnan(factor)):
            break
    return h


def _off_zero(x: Floats) -> Floats:
    return np.where(np.abs(x) < _TINY, _TINY, x)


def _log_beta(a: Floats, b: Floats) -> Floats:
    """Return ln B(a, b). Where one is 1/2 and the other large, logarithms of Γ would lose digits by subtraction."""
    small, large = np.minimum(a, b), np.maximum(a, b)
    plain = _log_gamma(small + large) - _log_gamma(large)
    return _log_gamma(small) - np.where((small == 0.5) & (large > 20), _half_step(large), plain)


def _half_step(a: Floats) -> Floats:
    """Return ln Γ(a + 1/2) - ln Γ(a) for a > 20 by its asymptotic series."""
    return np.log(a) / 2 - 1 / (8 * a) + 1 / (192 * a**3) - 1 / (640 * a**5) + 17 / (14336 * a**7)


def _log_gamma(x: Floats) -> Floats:
    values, where = np.unique(x, return_inverse=True)
    return np.array([math.lgamma(value) for value in values.tolist()])[where].reshape(np.shape(x))
