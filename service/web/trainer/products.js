// The products of a dense layer with a batch. Values are [unit, point] in one array, points last, so that the innermost
// loops run over points; four inputs are added at a time, as reading and writing a sum takes longer than adding to it.
// Pure. A kernel is [inputs, units] from `at` on in the array of all weights, with the biases behind it.

/** @typedef {Float32Array | Float64Array} Floats */

/** sums[u, n] = bias[u] + Σ_d kernel[d, u] · inputs[d, n]
 *  @param {Floats} weights @param {number} at @param {number} nInputs @param {number} nUnits
 *  @param {Floats} inputs @param {Floats} sums @param {number} n points */
export function affine(weights, at, nInputs, nUnits, inputs, sums, n) {
  const biases = at + nInputs * nUnits;
  for (let u = 0; u < nUnits; u++) {
    const bias = weights[biases + u];
    const out = u * n;
    let d = 0;
    if (nInputs === 2) {
      const a = weights[at + u];
      const b = weights[at + nUnits + u];
      for (let i = 0; i < n; i++) sums[out + i] = bias + a * inputs[i] + b * inputs[n + i];
      continue;
    }
    if (nInputs === 1) {
      const a = weights[at + u];
      for (let i = 0; i < n; i++) sums[out + i] = bias + a * inputs[i];
      continue;
    }
    for (; d + 4 <= nInputs; d += 4) {
      const first = at + d * nUnits + u;
      const a = weights[first];
      const b = weights[first + nUnits];
      const c = weights[first + 2 * nUnits];
      const e = weights[first + 3 * nUnits];
      const x = d * n;
      const y = x + n;
      const z = y + n;
      const w = z + n;
      if (d === 0) {
        for (let i = 0; i < n; i++) {
          sums[out + i] = bias + a * inputs[x + i] + b * inputs[y + i] + c * inputs[z + i] + e * inputs[w + i];
        }
      } else {
        for (let i = 0; i < n; i++) {
          sums[out + i] += a * inputs[x + i] + b * inputs[y + i] + c * inputs[z + i] + e * inputs[w + i];
        }
      }
    }
    if (d === 0) for (let i = 0; i < n; i++) sums[out + i] = bias;
    if (d + 2 <= nInputs) {
      const first = at + d * nUnits + u;
      const a = weights[first];
      const b = weights[first + nUnits];
      const x = d * n;
      const y = x + n;
      for (let i = 0; i < n; i++) sums[out + i] += a * inputs[x + i] + b * inputs[y + i];
      d += 2;
    }
    if (d < nInputs) {
      const a = weights[at + d * nUnits + u];
      for (let i = 0; i < n; i++) sums[out + i] += a * inputs[d * n + i];
    }
  }
}

/** The gradient of a kernel and its biases: Σ_n inputs[d, n] · grads[u, n], and Σ_n grads[u, n].
 *  @param {Floats} gradient of all weights @param {number} at @param {number} nInputs @param {number} nUnits
 *  @param {Floats} inputs @param {Floats} grads @param {number} n points */
export function kernelGradient(gradient, at, nInputs, nUnits, inputs, grads, n) {
  const biases = at + nInputs * nUnits;
  for (let u = 0; u < nUnits; u++) {
    const g = u * n;
    let sum = 0;
    let d = 0;
    if (nInputs === 2) {
      let a = 0;
      let b = 0;
      for (let i = 0; i < n; i++) {
        const grad = grads[g + i];
        sum += grad;
        a += grad * inputs[i];
        b += grad * inputs[n + i];
      }
      gradient[at + u] = a;
      gradient[at + nUnits + u] = b;
      gradient[biases + u] = sum;
      continue;
    }
    for (let i = 0; i < n; i++) sum += grads[g + i];
    gradient[biases + u] = sum;
    for (; d + 4 <= nInputs; d += 4) {
      const x = d * n;
      const y = x + n;
      const z = y + n;
      const w = z + n;
      let a = 0;
      let b = 0;
      let c = 0;
      let e = 0;
      for (let i = 0; i < n; i++) {
        const grad = grads[g + i];
        a += grad * inputs[x + i];
        b += grad * inputs[y + i];
        c += grad * inputs[z + i];
        e += grad * inputs[w + i];
      }
      const first = at + d * nUnits + u;
      gradient[first] = a;
      gradient[first + nUnits] = b;
      gradient[first + 2 * nUnits] = c;
      gradient[first + 3 * nUnits] = e;
    }
    for (; d < nInputs; d++) {
      let a = 0;
      for (let i = 0; i < n; i++) a += grads[g + i] * inputs[d * n + i];
      gradient[at + d * nUnits + u] = a;
    }
  }
}

/** The gradient that goes back to a layer's inputs: Σ_u kernel[d, u] · grads[u, n].
 *  @param {Floats} weights @param {number} at @param {number} nInputs @param {number} nUnits
 *  @param {Floats} grads @param {Floats} back @param {number} n points */
export function inputGradient(weights, at, nInputs, nUnits, grads, back, n) {
  for (let d = 0; d < nInputs; d++) {
    const row = at + d * nUnits;
    const out = d * n;
    let u = 0;
    for (; u + 4 <= nUnits; u += 4) {
      const a = weights[row + u];
      const b = weights[row + u + 1];
      const c = weights[row + u + 2];
      const e = weights[row + u + 3];
      const x = u * n;
      const y = x + n;
      const z = y + n;
      const w = z + n;
      if (u === 0) {
        for (let i = 0; i < n; i++) {
          back[out + i] = a * grads[x + i] + b * grads[y + i] + c * grads[z + i] + e * grads[w + i];
        }
      } else {
        for (let i = 0; i < n; i++) {
          back[out + i] += a * grads[x + i] + b * grads[y + i] + c * grads[z + i] + e * grads[w + i];
        }
      }
    }
    for (; u < nUnits; u++) {
      const a = weights[row + u];
      const x = u * n;
      if (u === 0) for (let i = 0; i < n; i++) back[out + i] = a * grads[x + i];
      else for (let i = 0; i < n; i++) back[out + i] += a * grads[x + i];
    }
  }
}

/** All gradients of a network of two inputs, one hidden layer and one output, in one pass: in half the time.
 *  @param {Floats} gradient of all weights @param {Floats} weights @param {Floats} inputs @param {Floats} values of the
 *  hidden units @param {Floats} slopes of these @param {Floats} grads of the output's sum @param {number} n points */
export function gradientOfOne(gradient, weights, inputs, values, slopes, grads, n) {
  const nUnits = (weights.length - 1) / 4;
  const output = 3 * nUnits;
  for (let u = 0; u < nUnits; u++) {
    const weight = weights[output + u];
    const at = u * n;
    let a = 0;
    let b = 0;
    let bias = 0;
    let out = 0;
    for (let i = 0; i < n; i++) {
      const grad = grads[i];
      out += grad * values[at + i];
      const back = weight * grad * slopes[at + i];
      bias += back;
      a += back * inputs[i];
      b += back * inputs[n + i];
    }
    gradient[u] = a;
    gradient[nUnits + u] = b;
    gradient[2 * nUnits + u] = bias;
    gradient[output + u] = out;
  }
  let sum = 0;
  for (let i = 0; i < n; i++) sum += grads[i];
  gradient[output + nUnits] = sum;
}
