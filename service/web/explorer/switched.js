// Units that are switched off: which they are, in which order they come back, and the network that is left.
// Pure: no page, no requests.

import { Network } from "./network.js";

/** Whether each hidden unit is off, by layer and unit.
 *  @typedef {boolean[][]} Off */

/** How much the outputs of a unit may differ over the data where it is called dead, beside their size or 1. */
const DEAD_TOLERANCE = 1e-6;

/** The units that an address has off, `1.3 2.10`: layer and unit, from 1. What is no unit of the model is passed over.
 *  @param {string | null} text @param {number[]} hiddenLayers units of each
 *  @returns {Off} */
export function offIn(text, hiddenLayers) {
  const named = new Set((text ?? "").split(/[^\d.]+/));
  return hiddenLayers.map((units, l) => Array.from({ length: units }, (_, u) => named.has(`${l + 1}.${u + 1}`)));
}

/** The same as a text for the address; null where all are on.
 *  @param {Off} off */
export function offAs(off) {
  const names = off.flatMap((layer, l) => layer.flatMap((isOff, u) => (isOff ? [`${l + 1}.${u + 1}`] : [])));
  return names.length === 0 ? null : names.join(" ");
}

/** The same with another state of one layer's units.
 *  @param {Off} off @param {number} l @param {(u: number, isOff: boolean) => boolean} state
 *  @returns {Off} */
export const changed = (off, l, state) =>
  off.map((layer, i) => (i === l ? layer.map((isOff, u) => state(u, isOff)) : layer));

/** The order in which a layer's units are added: as they are drawn, or those first whose outgoing weights are largest.
 *  @param {number[][]} kernel of the next layer, a row a unit @param {boolean} isByWeight */
export function orderOf(kernel, isByWeight) {
  const units = kernel.map((_, u) => u);
  if (!isByWeight) return units;
  const sizes = kernel.map((weights) => Math.hypot(...weights));
  return units.sort((a, b) => sizes[b] - sizes[a]);
}

/** A run's network after a recorded epoch, which is its only snapshot, in which the units that are off add nothing to
 *  the next layer's sums. They keep their own values.
 *  @param {Network} network @param {Model} model whose it is @param {number} snapshot @param {Off} off */
export function without(network, model, snapshot, off) {
  const layers = network.at(snapshot).map(({ kernel, bias }, l) => ({
    kernel: [kernel.map((weights, k) => (l > 0 && off[l - 1][k] ? weights.map(() => 0) : weights))],
    bias: [bias],
  }));
  const { fill, mean, sd } = network.encoder;
  const weights = {
    epochs: [network.epochs[snapshot]],
    activation: null,
    activations: model.activations,
    layers,
    ...(fill && { feature_fill: fill }),
    ...(mean && { feature_mean: mean }),
    ...(sd && { feature_sd: sd }),
  };
  const { task, classes } = model.quantity;
  return new Network(weights, model.features, { task, outputs: task === "multiclass" ? classes.length : 1 });
}

/** The one output of each hidden unit that has no other over some points, by layer and unit; null for the others.
 *  @param {Network} network @param {number} snapshot @param {import("./encoder.js").Column[]} columns the points
 *  @param {import("./network.js").Scratch} scratch
 *  @returns {(number | null)[][]} */
export function deadIn(network, snapshot, columns, scratch) {
  const layers = network.evaluate(snapshot, columns, scratch).slice(0, -1);
  return layers.map((layer) => layer.map(sameIn));
}

/** The one value that there is; null where there are others.
 *  @param {ArrayLike<number>} values
 *  @returns {number | null} */
export function sameIn(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return null;
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return high - low <= DEAD_TOLERANCE * Math.max(1, Math.abs(low), Math.abs(high)) ? low : null;
}
