"""The arithmetic of a dense network on one batch, compiled by Numba: forward and backward.

Arrays are [unit, point] with the points last, so that innermost loops run over them and LLVM makes vector instructions
of these. Products with small kernels are such loops: calling anything costs more than the arithmetic. Larger ones are
BLAS's, through SciPy's (`np.dot` in Numba), from `LOOPS_UP_TO` weights on.

All weights of a network are one array: kernel [inputs, units], bias [units], kernel, bias, …
"""

import math
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from llvmlite import ir
from numba import float32, int32, njit
from numba.extending import intrinsic
from numpy.typing import NDArray

from training.fit.compiled import compiled_folder

LINEAR, TANH, RELU, SIGMOID, GELU = range(5)

LOOPS_UP_TO = 128
"""The largest kernel that is multiplied by loops. With 32 points both take 1 µs at 10 × 10; at 16 × 16 BLAS takes half,
at 100 × 100 a quarter."""

F = NDArray[np.float32]
Ints = NDArray[np.int64]
f4 = np.float32
P = ParamSpec("P")
T = TypeVar("T")


# Without Numba's run time nothing can be allocated, and no views are counted: that took half of a small network's step.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz"},
    "no_cfunc_wrapper": True,
    "_nrt": False,
}
_INTERNAL: dict[str, Any] = {"no_cpython_wrapper": True}


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile. Sums may be reordered, which is what lets them be vectorized; NaN and infinity stay what they are."""
    result: Callable[P, T] = njit(**_OPTIONS, **_INTERNAL)(function)
    return result


def inlined(function: Callable[P, T]) -> Callable[P, T]:
    """Compile into every caller: a loop with a call in it is not vectorized."""
    result: Callable[P, T] = njit(**_OPTIONS, **_INTERNAL, forceinline=True)(function)
    return result


def counting(function: Callable[P, T]) -> Callable[P, T]:
    """Compile with Numba's run time: `np.dot` returns its output, which without is not allowed."""
    result: Callable[P, T] = njit(**{**_OPTIONS, **_INTERNAL, "_nrt": True})(function)
    return result


def callable_from_python(function: Callable[P, T]) -> Callable[P, T]:
    """Compile with what Python needs to call it, which takes as long as a function itself.

    What is compiled is kept for the processes that come later, where there is a folder for it.
    """
    result: Callable[P, T] = njit(**_OPTIONS, cache=compiled_folder() is not None)(function)
    return result


@compiled
def load(points: F, labels: F, rows: NDArray[np.int32], first: int, inputs: F, batch_labels: F) -> int:
    """Copy the points rows[first:], as many as there are and have room, to `inputs` [feature, point].

    The places after them keep what they had.
    """
    count = min(len(batch_labels), len(rows) - first)
    for n in range(count):
        row = rows[first + n]
        batch_labels[n] = labels[row]
        for d in range(points.shape[1]):
            inputs[d, n] = points[row, d]
    return count


@compiled
def forward(sizes: Ints, activations: Ints, weights: F, values: F, slopes: F) -> None:
    """Compute each layer's values [layer, unit, point] from the inputs in values[0]; GELU's slopes too."""
    start = 0
    for layer in range(len(sizes) - 1):
        inputs, units = sizes[layer], sizes[layer + 1]
        biases = start + inputs * units
        if inputs * units > LOOPS_UP_TO:
            kernel = weights[start:biases].reshape((inputs, units))
            _multiply(kernel.T, values[layer, :inputs], values[layer + 1, :units])
            _add_biases(values[layer + 1], weights[biases : biases + units])
        else:
            _forward_by_loops(values, layer, weights, start, inputs, units)
        _activate(values[layer + 1], slopes[layer + 1], units, activations[layer])
        start = biases + units


@counting
def _multiply(a: F, b: F, product: F) -> None:
    np.dot(a, b, product)


@compiled
def _add_biases(values: F, biases: F) -> None:
    for unit in range(len(biases)):
        for n in range(values.shape[1]):
            values[unit, n] += biases[unit]


@compiled
def _forward_by_loops(values: F, layer: int, weights: F, start: int, inputs: int, units: int) -> None:
    for unit in range(units):
        z = values[layer + 1, unit]
        for n in range(len(z)):
            z[n] = weights[start + inputs * units + unit]
        for d in range(inputs):
            x, weight = values[layer, d], weights[start + d * units + unit]
            for n in range(len(z)):
                z[n] += weight * x[n]


@compiled
def backward(sizes: Ints, activations: Ints, weights: F, values: F, slopes: F, grads: F, weight_grads: F) -> None:
    """Go back from the gradient of the last layer, d loss / d z [unit, point], to that of every weight."""
    start = len(weights)
    for layer in range(len(sizes) - 2, -1, -1):
        inputs, units = sizes[layer], sizes[layer + 1]
        biases = start - units
        start = biases - inputs * units
        for unit in range(units):
            weight_grads[biases + unit] = _sum(grads[layer + 1, unit])
        if inputs * units > LOOPS_UP_TO:
            grad = grads[layer + 1, :units]
            _multiply(values[layer, :inputs], grad.T, weight_grads[start:biases].reshape((inputs, units)))
            if layer > 0:
                _multiply(weights[start:biases].reshape((inputs, units)), grad, grads[layer, :inputs])
        else:
            _backward_by_loops(values, grads, layer, weights, weight_grads, start, inputs, units)
        if layer > 0:
            _activation_backward(grads[layer], values[layer], slopes[layer], inputs, activations[layer - 1])


@compiled
def _sum(values: F) -> np.float32:
    total = f4(0)
    for n in range(len(values)):
        total += values[n]
    return total


@compiled
def _backward_by_loops(
    values: F, grads: F, layer: int, weights: F, weight_grads: F, start: int, inputs: int, units: int
) -> None:
    for d in range(inputs):
        x, input_grad = values[layer, d], grads[layer, d]
        for n in range(len(x)):
            input_grad[n] = 0
        for unit in range(units):
            grad, total, i = grads[layer + 1, unit], f4(0), start + d * units + unit
            for n in range(len(x)):
                total += x[n] * grad[n]
                input_grad[n] += weights[i] * grad[n]
            weight_grads[i] = total


@inlined
def tanh(x: np.float32) -> np.float32:
    """Return tanh to 3e-7, by the rational function that XLA and Eigen use (Eigen, `generic_fast_tanh_float`)."""
    limit = f4(7.90531110763549805)
    if x > limit:  # not min and max: NaN must stay NaN
        x = limit
    if x < -limit:
        x = -limit
    s = x * x
    p = f4(-2.76076847742355e-16) * s + f4(2.00018790482477e-13)
    p = p * s + f4(-8.60467152213735e-11)
    p = p * s + f4(5.12229709037114e-08)
    p = p * s + f4(1.48572235717979e-05)
    p = p * s + f4(6.37261928875436e-04)
    p = p * s + f4(4.89352455891786e-03)
    q = f4(1.19825839466702e-06) * s + f4(1.18534705686654e-04)
    q = q * s + f4(2.26843463243900e-03)
    q = q * s + f4(4.89352518554385e-03)
    return f4(x * p / q)


@inlined
def sigmoid(x: np.float32) -> np.float32:
    return f4(0.5) + f4(0.5) * tanh(f4(0.5) * x)


@inlined
def erf(x: np.float32) -> np.float32:
    """Return the error function to 3e-7, by Eigen's rational function (`generic_fast_erf_float`)."""
    limit = f4(4)
    if x > limit:
        x = limit
    if x < -limit:
        x = -limit
    s = x * x
    p = f4(-2.72614225801306e-10) * s + f4(2.77068142495902e-08)
    p = p * s + f4(-2.10102402082508e-06)
    p = p * s + f4(-5.69250639462346e-05)
    p = p * s + f4(-7.34990630326855e-04)
    p = p * s + f4(-2.95459980854025e-03)
    p = p * s + f4(-1.60960333262415e-02)
    q = f4(-1.45660718464996e-05) * s + f4(-2.13374055278905e-04)
    q = q * s + f4(-1.68282697438203e-03)
    q = q * s + f4(-7.37332916720468e-03)
    q = q * s + f4(-1.42647390514189e-02)
    return f4(x * p / q)


@intrinsic
def _float_of_bits(_typing: object, _bits: object) -> object:
    """Return the float32 that has the bits of an int32."""

    def generate(_context: object, builder: ir.IRBuilder, _signature: object, arguments: list[ir.Value]) -> ir.Value:
        return builder.bitcast(arguments[0], ir.FloatType())

    return float32(int32), generate


@inlined
def exp(x: np.float32) -> np.float32:
    """Return e^x for x ≤ 0 to 1e-7 of it, as Cephes' `expf`: a power of 2 times a polynomial; 0 from -87 on."""
    k = np.floor(x * f4(1.44269504088896341) + f4(0.5))
    if not k > f4(-126):
        k = f4(-127)
    r = x - k * f4(0.693359375) - k * f4(-2.12194440e-4)
    p = f4(1.9875691500e-4) * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    power: np.float32 = _float_of_bits((np.int32(k) + np.int32(127)) << np.int32(23))  # type: ignore[call-arg]
    return f4((p * r * r + r + f4(1)) * power)


@inlined
def log_1_plus_exp(x: np.float32) -> np.float32:
    """Return log(1 + e^x) for x ≤ 0: with u = e^x and s = u / (2 + u) it is 2 artanh(s), of which seven terms do."""
    u = exp(x)
    s = u / (f4(2) + u)
    t = s * s
    p = f4(1 / 13) * t + f4(1 / 11)
    p = p * t + f4(1 / 9)
    p = p * t + f4(1 / 7)
    p = p * t + f4(1 / 5)
    p = p * t + f4(1 / 3)
    return f4(2) * s * (p * t + f4(1))


@compiled
def _activate(z: F, slope: F, units: int, activation: int) -> None:  # noqa: C901 (a case each)
    """Apply an activation in place; where its slope is no function of its value, write that too."""
    for unit in range(units):
        if activation == TANH:
            for n in range(z.shape[1]):
                z[unit, n] = tanh(z[unit, n])
        elif activation == RELU:
            for n in range(z.shape[1]):
                z[unit, n] = f4(0) if z[unit, n] <= 0 else z[unit, n]
        elif activation == SIGMOID:
            for n in range(z.shape[1]):
                z[unit, n] = sigmoid(z[unit, n])
        elif activation == GELU:
            for n in range(z.shape[1]):
                z[unit, n], slope[unit, n] = _gelu(z[unit, n])


@inlined
def _gelu(x: np.float32) -> tuple[np.float32, np.float32]:
    """Return x Φ(x) and its slope Φ(x) + x φ(x); Keras' default, not the approximation by tanh."""
    cumulative = f4(0.5) + f4(0.5) * erf(x * f4(math.sqrt(0.5)))
    density = f4(1 / math.sqrt(2 * math.pi)) * exp(f4(-0.5) * x * x)
    return x * cumulative, cumulative + x * density


@compiled
def _activation_backward(  # noqa: C901 (a case each)
    grad: F, value: F, slope: F, units: int, activation: int
) -> None:
    """Turn the gradient with respect to an activation's value into that with respect to its argument, in place."""
    for unit in range(units):
        if activation == TANH:
            for n in range(grad.shape[1]):
                grad[unit, n] *= f4(1) - value[unit, n] * value[unit, n]
        elif activation == RELU:
            for n in range(grad.shape[1]):
                grad[unit, n] = f4(0) if value[unit, n] <= 0 else grad[unit, n]
        elif activation == SIGMOID:
            for n in range(grad.shape[1]):
                grad[unit, n] *= value[unit, n] * (f4(1) - value[unit, n])
        elif activation == GELU:
            for n in range(grad.shape[1]):
                grad[unit, n] *= slope[unit, n]
