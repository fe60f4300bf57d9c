// A dense network and its training: what Keras' `fit` does with Adam, from given weights over given batches.
// Pure, over typed arrays: the same module runs in a worker and in a test. training/fit is its counterpart in Python,
// and a test holds the two together.

import { activationOf, tanh } from "../explorer/activations.js";
import { affine, gradientOfOne, inputGradient, kernelGradient } from "./products.js";
import { sigmoid, slopeOf } from "./slopes.js";

/** @typedef {import("./products.js").Floats} Floats */

/** How a network is trained; `rate` is Adam's, `l1` and `l2` are of all kernels.
 *  @typedef {{rate: number, batch: number, l1: number, l2: number}} Recipe */

/** Points [feature, point] and their labels, positions among the classes.
 *  @typedef {{columns: Floats[], labels: Floats}} Samples */

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-7;

/** Points that are evaluated at a time: the values of more do not stay in the processor's cache. */
const AT_ONCE = 256;

/** @type {Map<string, {n: number, arrays: Floats[][]}>} */
const rooms = new Map();

/** Where each layer's weights begin in the array of all, and last how many there are.
 *  @param {number[]} sizes */
export function startsOf(sizes) {
  const starts = [0];
  for (let i = 0; i + 1 < sizes.length; i++) starts.push(starts[i] + (sizes[i] + 1) * sizes[i + 1]);
  return starts;
}

export class Dense {
  /** @type {Floats[]} of each layer, [unit, point]: the inputs first, the last layer's sums last */
  #values = [];
  /** @type {Floats[]} the activation's derivatives */
  #slopes = [];
  /** @type {Floats[]} */
  #grads = [];

  /** @param {number[]} sizes inputs, units of each hidden layer, outputs: one for two classes, else one a class
   *  @param {string} activation of the hidden layers
   *  @param {ArrayLike<number>} weights kernel [inputs, units], biases, kernel, … in one array
   *  @throws {Error} there is no such activation, or another number of weights */
  constructor(sizes, activation, weights) {
    const value = activationOf(activation);
    if (value === null) throw new Error(`there is no activation ${activation}`);
    this.function = value;
    this.slope = slopeOf(activation);
    this.activation = activation;
    this.sizes = sizes;
    this.starts = startsOf(sizes);
    const needed = this.starts[sizes.length - 1];
    if (weights.length !== needed) throw new Error(`${weights.length} weights, not ${needed}`);
    this.weights = Float32Array.from(weights);
    this.gradient = new Float64Array(weights.length);
    this.moments = [new Float32Array(weights.length), new Float32Array(weights.length)];
    this.stepsDone = 0;
  }

  /** Train on, over the batches of an order of the points.
   *  @param {Samples} samples @param {Uint16Array | Uint32Array} order @param {Recipe} recipe */
  train({ columns, labels }, order, recipe) {
    this.#reserve(Math.min(recipe.batch, order.length));
    const [inputs] = this.#values;
    const wanted = new Float64Array(Math.min(recipe.batch, order.length));
    for (let first = 0; first < order.length; first += recipe.batch) {
      const n = Math.min(recipe.batch, order.length - first);
      for (let i = 0; i < n; i++) wanted[i] = labels[order[first + i]];
      for (let d = 0; d < columns.length; d++) {
        const column = columns[d];
        for (let i = 0; i < n; i++) inputs[d * n + i] = column[order[first + i]];
      }
      this.#forward(n, true);
      this.#backward(wanted, n);
      this.#penalize(recipe.l1, recipe.l2);
      this.#adam(recipe.rate);
    }
  }

  /** The outputs of the last layer before sigmoid or softmax, [output, point].
   *  @param {Floats[]} columns of the points */
  logits(columns) {
    const n = columns[0].length;
    const outputs = this.sizes[this.sizes.length - 1];
    const all = new Float64Array(outputs * n);
    this.#reserve(Math.min(n, AT_ONCE));
    for (let first = 0; first < n; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, n - first);
      columns.forEach((column, d) => this.#values[0].set(column.subarray(first, first + count), d * count));
      this.#forward(count, false);
      const last = this.#values[this.sizes.length - 1];
      for (let k = 0; k < outputs; k++) all.set(last.subarray(k * count, (k + 1) * count), k * n + first);
    }
    return all;
  }

  /** Take arrays for so many points at a time, which networks of these layers share: nothing stays in them.
   *  @param {number} n */
  #reserve(n) {
    const name = String(this.sizes);
    let room = rooms.get(name);
    if (room === undefined || room.n < n) {
      const make = () => this.sizes.map((size) => new Float64Array(size * n));
      if (rooms.size > 8) rooms.clear();
      room = { n, arrays: [make(), make(), make()] };
      rooms.set(name, room);
    }
    [this.#values, this.#slopes, this.#grads] = room.arrays;
  }

  /** @param {number} n @param {boolean} isTrained whether slopes are asked for */
  #forward(n, isTrained) {
    const last = this.sizes.length - 2;
    for (let layer = 0; layer <= last; layer++) {
      const [inputs, units] = [this.sizes[layer], this.sizes[layer + 1]];
      const values = this.#values[layer + 1];
      affine(this.weights, this.starts[layer], inputs, units, this.#values[layer], values, n);
      if (layer < last) this.#activate(values, this.#slopes[layer + 1], units * n, isTrained);
    }
  }

  /** @param {Floats} z @param {Floats} slopes @param {number} count @param {boolean} isTrained */
  #activate(z, slopes, count, isTrained) {
    if (this.activation === "tanh") activateTanh(z, slopes, count);
    else if (this.activation === "relu") activateRelu(z, slopes, count);
    else {
      const { slope, function: value } = this;
      if (isTrained) for (let i = 0; i < count; i++) slopes[i] = slope(z[i]);
      for (let i = 0; i < count; i++) z[i] = value(z[i]);
    }
  }

  /** From the labels back to the gradient of every weight, of the mean loss over the batch.
   *  @param {Floats} labels @param {number} n */
  #backward(labels, n) {
    const last = this.sizes.length - 1;
    lossGradient(this.#values[last], labels, this.sizes[last], n, this.#grads[last]);
    if (last === 2 && this.sizes[0] === 2 && this.sizes[2] === 1) {
      const [inputs, values] = this.#values;
      gradientOfOne(this.gradient, this.weights, inputs, values, this.#slopes[1], this.#grads[2], n);
      return;
    }
    for (let layer = last - 1; layer >= 0; layer--) {
      const [inputs, units, at] = [this.sizes[layer], this.sizes[layer + 1], this.starts[layer]];
      const [grads, back] = [this.#grads[layer + 1], this.#grads[layer]];
      kernelGradient(this.gradient, at, inputs, units, this.#values[layer], grads, n);
      if (layer === 0) break;
      inputGradient(this.weights, at, inputs, units, grads, back, n);
      const slopes = this.#slopes[layer];
      for (let i = 0; i < inputs * n; i++) back[i] *= slopes[i];
    }
  }

  /** Add the gradient of l1 · Σ|w| + l2 · Σw² over the kernels.
   *  @param {number} l1 @param {number} l2 */
  #penalize(l1, l2) {
    if (l1 === 0 && l2 === 0) return;
    for (let layer = 0; layer + 1 < this.sizes.length; layer++) {
      const end = this.starts[layer] + this.sizes[layer] * this.sizes[layer + 1];
      for (let i = this.starts[layer]; i < end; i++) {
        this.gradient[i] += l1 * Math.sign(this.weights[i]) + 2 * l2 * this.weights[i];
      }
    }
  }

  /** A step of Adam (Kingma & Ba, 2015, algorithm 1) with the corrections in the rate, as Keras has it.
   *  @param {number} rate */
  #adam(rate) {
    const { weights, gradient } = this;
    const [mean, square] = this.moments;
    const t = ++this.stepsDone;
    const step = (rate * Math.sqrt(1 - BETA_2 ** t)) / (1 - BETA_1 ** t);
    for (let i = 0; i < weights.length; i++) {
      const g = gradient[i];
      const m = mean[i] + (g - mean[i]) * (1 - BETA_1);
      const v = square[i] + (g * g - square[i]) * (1 - BETA_2);
      mean[i] = m;
      square[i] = v;
      weights[i] -= (step * m) / (Math.sqrt(v) + EPSILON);
    }
  }
}

/** Sums become outputs in place. The usual functions have a loop of their own, into which they are compiled.
 *  @param {Floats} z @param {Floats} slopes @param {number} count */
function activateTanh(z, slopes, count) {
  for (let i = 0; i < count; i++) {
    const value = tanh(z[i]);
    z[i] = value;
    slopes[i] = 1 - value * value;
  }
}

/** Without a branch: which way one goes is new with every point, and a wrong guess costs the processor six of these.
 *  @param {Floats} z @param {Floats} slopes @param {number} count */
function activateRelu(z, slopes, count) {
  for (let i = 0; i < count; i++) {
    const sum = z[i];
    z[i] = 0.5 * (sum + Math.abs(sum));
    slopes[i] = Number(sum > 0);
  }
}

/** d loss / d sum: of two classes P(y = 1) - y, of several P(y = k) - [y = k], for the mean over the batch.
 *  @param {Floats} sums @param {Floats} labels @param {number} outputs @param {number} n @param {Floats} grads */
function lossGradient(sums, labels, outputs, n, grads) {
  if (outputs === 1) {
    for (let i = 0; i < n; i++) grads[i] = (sigmoid(sums[i]) - labels[i]) / n;
    return;
  }
  for (let i = 0; i < n; i++) {
    let most = -Infinity;
    let total = 0;
    for (let k = 0; k < outputs; k++) most = Math.max(most, sums[k * n + i]);
    for (let k = 0; k < outputs; k++) total += grads[k * n + i] = Math.exp(sums[k * n + i] - most);
    for (let k = 0; k < outputs; k++) {
      grads[k * n + i] = (grads[k * n + i] / total - (labels[i] === k ? 1 : 0)) / n;
    }
  }
}
