// One training run of a network: its data, its start, its batches, all from the seed and the run's number; what it
// shows after an epoch.

import { softmax } from "../explorer/activations.js";
import { Dense, startsOf } from "./dense.js";
import { Random, STREAM } from "./random.js";
import { sigmoid } from "./slopes.js";
import { dataOf } from "./split.js";

/** @typedef {import("./dense.js").Recipe & {hidden: number[], activation: string}} NetworkSpec */

/** How many nodes of a map, an axis, while training goes on. */
export const NODES = 41;

/** The layers' sizes of a network for so many classes.
 *  @param {NetworkSpec} spec @param {number} classes */
const sizesOf = ({ hidden }, classes) => [2, ...hidden, classes === 2 ? 1 : classes];

/** Weights to start from: Keras' glorot_uniform for kernels, zeros for biases.
 *  @param {number[]} sizes @param {Random} random */
function startOf(sizes, random) {
  const starts = startsOf(sizes);
  const weights = new Float32Array(starts[sizes.length - 1]);
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const limit = Math.sqrt(6 / (sizes[layer] + sizes[layer + 1]));
    const end = starts[layer] + sizes[layer] * sizes[layer + 1];
    for (let i = starts[layer]; i < end; i++) weights[i] = random.uniform(-limit, limit);
  }
  return weights;
}

export class Run {
  epoch = 0;

  /** @param {NetworkSpec} spec @param {import("./split.js").Source} source @param {number} seed @param {number} run */
  constructor(spec, source, seed, run) {
    this.spec = spec;
    this.classes = source.classes;
    this.data = dataOf(source, seed, run);
    const sizes = sizesOf(spec, source.classes);
    this.network = new Dense(sizes, spec.activation, startOf(sizes, new Random(seed, run, STREAM.weights)));
    this.random = new Random(seed, run, STREAM.batches);
    this.order = Uint32Array.from(this.data.train.labels, (_, i) => i);
  }

  train() {
    this.network.train(this.data.train, this.random.shuffle(this.order), this.spec);
    this.epoch++;
  }

  /** The share of its test points that it gets right; null once it has diverged. */
  accuracy() {
    const { columns, labels } = this.data.test;
    if (!this.network.weights.every(Number.isFinite)) return null;
    return accuracyOf(this.network.logits(columns), labels, this.network.sizes[this.network.sizes.length - 1]);
  }

  /** P(y = 1), or each class's probability, over a map.
   *  @param {Domain} domain @param {number} nodes an axis */
  field(domain, nodes) {
    return fieldOf(this.network, this.data, domain, nodes);
  }
}

/** @param {ArrayLike<number>} logits [output, point] @param {ArrayLike<number>} labels @param {number} outputs */
function accuracyOf(logits, labels, outputs) {
  const n = labels.length;
  let right = 0;
  for (let i = 0; i < n; i++) {
    let best = outputs === 1 ? Number(logits[i] > 0) : 0;
    for (let k = 1; k < outputs; k++) if (logits[k * n + i] > logits[best * n + i]) best = k;
    right += Number(best === labels[i]);
  }
  return right / n;
}

/** What a network gives over a map, [class][node], x fastest and y from below: of two classes P(y = 1) alone.
 *  @param {Dense} network @param {{mean: number[], sd: number[]}} scale of its inputs @param {Domain} domain
 *  @param {number} nodes an axis
 *  @returns {Float32Array[]} */
function fieldOf(network, { mean, sd }, { x, y }, nodes) {
  const n = nodes * nodes;
  const columns = [new Float64Array(n), new Float64Array(n)];
  for (let row = 0, i = 0; row < nodes; row++) {
    for (let column = 0; column < nodes; column++, i++) {
      columns[0][i] = (x[0] + ((x[1] - x[0]) * column) / (nodes - 1) - mean[0]) / sd[0];
      columns[1][i] = (y[0] + ((y[1] - y[0]) * row) / (nodes - 1) - mean[1]) / sd[1];
    }
  }
  const logits = network.logits(columns);
  const outputs = network.sizes[network.sizes.length - 1];
  if (outputs === 1) {
    const field = new Float32Array(n);
    for (let i = 0; i < n; i++) field[i] = sigmoid(logits[i]);
    return [field];
  }
  const units = Array.from({ length: outputs }, (_, k) => Float64Array.from(logits.subarray(k * n, (k + 1) * n)));
  softmax(units);
  return units.map((unit) => Float32Array.from(unit));
}
