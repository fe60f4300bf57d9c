// A network, evaluated from its weights: every unit's value, at many points or at one.
// Pure: no page, no requests. P agrees with GET /boundary to 1e-5: this is float64, the service computes in float32.

import { activationOf, relu, sigmoid, tanh } from "./activations.js";

/** @typedef {import("./activations.js").Activation} Activation */

/** The values of one point on its way: each hidden layer's weighted sums and its units' outputs; what each unit of the
 *  last of them (without any, each input) adds to the logit.
 *  @typedef {{layers: {sums: number[], activations: number[]}[], contributions: number[], bias: number, logit: number,
 *  probability: number}} Trace */

/** The coordinates of n nodes from low to high, both included, rounded to float32 as the service does.
 *  @param {number} low @param {number} high @param {number} n */
export function linspace(low, high, n) {
  return Float64Array.from({ length: n }, (_, i) => Math.fround(low + ((high - low) * i) / (n - 1)));
}

/** The nodes of the grid x × y, x running fastest, as two columns [ny · nx].
 *  @param {Float64Array} x @param {Float64Array} y */
export function grid(x, y) {
  const columns = [new Float64Array(x.length * y.length), new Float64Array(x.length * y.length)];
  for (let row = 0, i = 0; row < y.length; row++) {
    for (let column = 0; column < x.length; column++, i++) {
      columns[0][i] = x[column];
      columns[1][i] = y[row];
    }
  }
  return columns;
}

/** One training run of a model: its weights after every recorded epoch. */
export class Network {
  /** @param {Weights} weights the answer of GET /models/<name>/versions/<v>/weights
   *  @throws {Error} the activation is none that this page has */
  constructor({ epochs, activation, layers }) {
    const known = activationOf(activation);
    if (known === null) throw new Error(`this page does not have the activation ${activation}`);
    this.epochs = epochs;
    this.activation = known;
    this.layers = layers;
  }

  /** The layers' kernels [inputs][units] and biases [units] after the recorded epoch number `snapshot`.
   *  @param {number} snapshot */
  at(snapshot) {
    return this.layers.map(({ kernel, bias }) => ({ kernel: kernel[snapshot], bias: bias[snapshot] }));
  }

  /** Evaluate every unit at n points.
   *  @param {number} snapshot
   *  @param {Float64Array[]} columns the points, an array [n] a feature
   *  @param {Scratch} scratch whose arrays are filled and returned, so the next call with it overwrites them
   *  @returns {Float64Array[][]} by layer and unit, [n]; the last layer's one unit is P(y = 1) */
  evaluate(snapshot, columns, scratch) {
    let inputs = columns;
    return this.at(snapshot).map(({ kernel, bias }, depth) => {
      const activation = depth === this.layers.length - 1 ? sigmoid : this.activation;
      const units = bias.map((constant, unit) => {
        const values = scratch.take(depth, unit, columns[0].length).fill(constant);
        addScaled(values, inputs, kernel, unit);
        return apply(activation, values);
      });
      inputs = units;
      return units;
    });
  }

  /** P(y = 1) at n points; the arguments are those of `evaluate`.
   *  @param {number} snapshot @param {Float64Array[]} columns @param {Scratch} scratch */
  output(snapshot, columns, scratch) {
    return this.evaluate(snapshot, columns, scratch)[this.layers.length - 1][0];
  }

  /** Follow one point through the network.
   *  @param {number} snapshot @param {number[]} point
   *  @returns {Trace} */
  trace(snapshot, point) {
    const layers = this.at(snapshot);
    const output = layers[layers.length - 1];
    let inputs = point;
    const hidden = layers.slice(0, -1).map(({ kernel, bias }) => {
      const sums = bias.map((constant, unit) => inputs.reduce((sum, v, k) => sum + v * kernel[k][unit], constant));
      inputs = sums.map(this.activation);
      return { sums, activations: inputs };
    });
    const contributions = inputs.map((value, k) => value * output.kernel[k][0]);
    const bias = output.bias[0];
    const logit = contributions.reduce((sum, value) => sum + value, bias);
    return { layers: hidden, contributions, bias, logit, probability: sigmoid(logit) };
  }
}

/** Arrays that are used again for each evaluation. */
export class Scratch {
  /** @type {Float64Array[][]} */
  #arrays = [];

  /** @param {number} depth @param {number} unit @param {number} n */
  take(depth, unit, n) {
    const layer = (this.#arrays[depth] ??= []);
    if (layer[unit]?.length !== n) layer[unit] = new Float64Array(n);
    return layer[unit];
  }
}

/** Add inputs · weights to sums: two inputs at a time, as reading and writing a sum takes longer than adding to it.
 *  @param {Float64Array} sums @param {Float64Array[]} inputs @param {number[][]} kernel @param {number} unit */
function addScaled(sums, inputs, kernel, unit) {
  let k = 0;
  for (; k + 1 < inputs.length; k += 2) {
    const [a, b, v, w] = [inputs[k], inputs[k + 1], kernel[k][unit], kernel[k + 1][unit]];
    for (let i = 0; i < sums.length; i++) sums[i] += v * a[i] + w * b[i];
  }
  for (; k < inputs.length; k++) {
    const [a, v] = [inputs[k], kernel[k][unit]];
    for (let i = 0; i < sums.length; i++) sums[i] += v * a[i];
  }
}

/** Apply a function in place. The usual ones have a loop of their own, into which the call is compiled: one that may be
 *  of any function takes 10 ns.
 *  @param {Activation} activation @param {Float64Array} values */
function apply(activation, values) {
  if (activation === tanh) for (let i = 0; i < values.length; i++) values[i] = tanh(values[i]);
  else if (activation === relu) for (let i = 0; i < values.length; i++) values[i] = relu(values[i]);
  else if (activation === sigmoid) for (let i = 0; i < values.length; i++) values[i] = sigmoid(values[i]);
  else for (let i = 0; i < values.length; i++) values[i] = activation(values[i]);
  return values;
}
