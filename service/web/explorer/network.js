// A network, evaluated from its weights: every unit's value, at many points or at one.
// Pure: no page, no requests. P agrees with GET /boundary to 1e-5: this is float64, the service computes in float32.

import { activationOf, relu, sigmoid, softmax, tanh } from "./activations.js";
import { Encoder } from "./encoder.js";

/** @typedef {import("./activations.js").Activation} Activation */
/** @typedef {import("./encoder.js").Column} Column */

/** The values of one point on its way: the inputs; each hidden layer's weighted sums and its units' outputs; each
 *  output's sum, the logit, and what it is then.
 *  @typedef {{inputs: number[], layers: {sums: number[], activations: number[]}[], logits: number[],
 *  outputs: number[]}} Trace */

/** What a network ends in: the function of its last layer's sums, and how many outputs it has.
 *  @typedef {{task: Task, outputs: number}} Head */

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

/** How many nodes an axis a square grid has.
 *  @param {ArrayLike<number>} values at all of them */
export const nodesOf = (values) => Math.sqrt(values.length);

/** The values at every so many nodes of a grid, so that there are n an axis; itself where there are.
 *  @param {ArrayLike<number>} values @param {number} n */
export function thinned(values, n) {
  const nodes = nodesOf(values);
  if (nodes === n) return values;
  const step = (nodes - 1) / (n - 1);
  const few = new Float32Array(n * n);
  for (let row = 0, i = 0; row < n; row++) {
    for (let at = row * step * nodes, column = 0; column < n; column++, i++, at += step) few[i] = values[at];
  }
  return few;
}

/** Values of n × n nodes on twice as many but one: those halfway are the mean of the two or four around.
 *  @param {ArrayLike<number>} values @param {number} n
 *  @param {number} share of the last of these; 1 for that one alone */
export function finer(values, n, share = 0.25) {
  const nodes = 2 * n - 1;
  const all = new Float32Array(nodes ** 2);
  for (let row = 0, i = 0; row < nodes; row++) {
    const below = (row >> 1) * n;
    const above = below + (row % 2) * n;
    for (let column = 0; column < nodes; column++, i++) {
      const left = column >> 1;
      const right = left + (column % 2);
      const others = values[below + left] + values[below + right] + values[above + left];
      all[i] = share * values[above + right] + ((1 - share) * others) / 3;
    }
  }
  return all;
}

/** The weights as lists of numbers, of an answer that has them packed.
 *  @param {Weights} weights
 *  @returns {Weights} */
export function unpacked(weights) {
  const n = weights.epochs.length;
  const layers = weights.layers.map(({ kernel, bias }) => {
    if (typeof kernel !== "string" || typeof bias !== "string") return { kernel, bias };
    const biases = numbers(bias, n);
    return { kernel: numbers(kernel, n).map((one) => rows(one, biases[0].length)), bias: biases };
  });
  return { ...weights, layers };
}

/** Packed numbers after each of n epochs: base64 of bits of float32, of which a byte stands apart from the next; each
 *  epoch's are what it added to those before.
 *  @param {string} text @param {number} n
 *  @returns {number[][]} */
function numbers(text, n) {
  const letters = atob(text);
  const count = letters.length / 4;
  const bits = new Int32Array(count);
  for (let byte = 0, at = 0; byte < 4; byte++) {
    for (let i = 0; i < count; i++) bits[i] |= letters.charCodeAt(at++) << (8 * byte);
  }
  for (let i = 0; i < count; i++) if (i % n > 0) bits[i] += bits[i - 1];
  const floats = new Float32Array(bits.buffer);
  return Array.from({ length: n }, (_, epoch) => Array.from({ length: count / n }, (_, i) => floats[i * n + epoch]));
}

/** A list in rows of the same length.
 *  @param {number[]} values @param {number} width */
const rows = (values, width) =>
  Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));

/** One training run of a model: its weights after every recorded epoch. */
export class Network {
  /** @param {Weights} weights the answer of GET /models/<name>/versions/<v>/weights
   *  @param {Feature[] | null} features of raw points; null where these are the inputs
   *  @param {Head} head
   *  @throws {Error} this page does not have one of its activations, or does not know its inputs or outputs */
  constructor(weights, features = null, head = { task: "binary", outputs: 1 }) {
    const { epochs, activation, activations, layers } = weights;
    const names = activations ?? layers.slice(1).map(() => activation);
    this.activations = names.map((name) => {
      const known = activationOf(name);
      if (known === null) throw new Error(`this page does not have the activation ${name}`);
      return known;
    });
    this.epochs = epochs;
    this.layers = layers;
    this.task = head.task;
    this.encoder = new Encoder(features, weights);
    const [inputs, outputs] = [layers[0].kernel[0].length, layers[layers.length - 1].bias[0].length];
    if (features !== null && inputs !== this.encoder.names.length) throw new Error(`it takes ${inputs} inputs`);
    if (outputs !== head.outputs) throw new Error(`it has ${outputs} outputs`);
  }

  /** The layers' kernels [inputs][units] and biases [units] after the recorded epoch number `snapshot`.
   *  @param {number} snapshot */
  at(snapshot) {
    return this.layers.map(({ kernel, bias }) => ({ kernel: kernel[snapshot], bias: bias[snapshot] }));
  }

  /** Evaluate every unit at n points.
   *  @param {number} snapshot
   *  @param {Column[]} columns the points, an array [n] a feature, or a number where all have the same
   *  @param {Scratch} scratch whose arrays are filled and returned, so the next call with it overwrites them
   *  @returns {Float64Array[][]} by layer and unit, [n]; the last layer's are P(y = 1), each class's P, or the value */
  evaluate(snapshot, columns, scratch) {
    let inputs = this.encoder.encode(columns);
    const n = inputs.reduce(
      (/** @type {number} */ most, input) => (typeof input === "number" ? most : input.length),
      1,
    );
    return this.at(snapshot).map(({ kernel, bias }, depth) => {
      const units = bias.map((constant, unit) => {
        const values = scratch.take(depth, unit, n).fill(constant + scaledConstants(inputs, kernel, unit));
        addScaled(values, inputs, kernel, unit);
        return depth < this.activations.length ? apply(this.activations[depth], values) : values;
      });
      if (depth === this.layers.length - 1) this.#finish(units);
      inputs = units;
      return units;
    });
  }

  /** Make outputs of the last layer's sums, in place.
   *  @param {Float64Array[]} units */
  #finish(units) {
    if (this.task === "binary") apply(sigmoid, units[0]);
    else if (this.task === "multiclass") softmax(units);
  }

  /** The outputs at n points, by class; the arguments are those of `evaluate`.
   *  @param {number} snapshot @param {Column[]} columns @param {Scratch} scratch */
  outputs(snapshot, columns, scratch) {
    return this.evaluate(snapshot, columns, scratch)[this.layers.length - 1];
  }

  /** Follow one point through the network.
   *  @param {number} snapshot @param {number[]} point
   *  @returns {Trace} */
  trace(snapshot, point) {
    const layers = this.at(snapshot);
    const encoded = /** @type {number[]} */ (this.encoder.encode(point));
    let inputs = encoded;
    const all = layers.map(({ kernel, bias }, depth) => {
      const sums = bias.map((constant, unit) => inputs.reduce((sum, v, k) => sum + v * kernel[k][unit], constant));
      inputs = depth < this.activations.length ? sums.map(this.activations[depth]) : sums;
      return { sums, activations: inputs };
    });
    const logits = all[all.length - 1].sums;
    const units = logits.map((logit) => Float64Array.of(logit));
    this.#finish(units);
    return { inputs: encoded, layers: all.slice(0, -1), logits, outputs: units.map(([value]) => value) };
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

/** What the inputs that are the same at all points add to a unit's sum.
 *  @param {Column[]} inputs @param {number[][]} kernel @param {number} unit */
function scaledConstants(inputs, kernel, unit) {
  let sum = 0;
  for (let k = 0; k < inputs.length; k++) {
    const input = inputs[k];
    if (typeof input === "number") sum += input * kernel[k][unit];
  }
  return sum;
}

/** Add inputs · weights to sums: two inputs at a time, as reading and writing a sum takes longer than adding to it.
 *  @param {Float64Array} sums @param {Column[]} inputs those that are arrays count @param {number[][]} kernel
 *  @param {number} unit */
function addScaled(sums, inputs, kernel, unit) {
  let first = -1;
  for (let k = 0; k < inputs.length; k++) {
    const input = inputs[k];
    if (typeof input === "number") continue;
    if (first < 0) first = k;
    else {
      addTwo(sums, /** @type {Float64Array} */ (inputs[first]), kernel[first][unit], input, kernel[k][unit]);
      first = -1;
    }
  }
  if (first < 0) return;
  const [a, v] = [/** @type {Float64Array} */ (inputs[first]), kernel[first][unit]];
  for (let i = 0; i < sums.length; i++) sums[i] += v * a[i];
}

/** @param {Float64Array} sums @param {Float64Array} a @param {number} v @param {Float64Array} b @param {number} w */
function addTwo(sums, a, v, b, w) {
  for (let i = 0; i < sums.length; i++) sums[i] += v * a[i] + w * b[i];
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
