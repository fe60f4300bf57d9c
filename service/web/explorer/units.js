// The units of a network: their colours, the lines that those of the first layer draw, and what they are called.

import { classScale, scaleOf, signedScale, valueScale } from "./colours.js";
import { isolated } from "./bidi.js";
import { rangeOf } from "./scales.js";
import { MAX_CONNECTION_WIDTH } from "./wires.js";

/** @typedef {import("./scales.js").AnyScale} AnyScale */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./map.js").Plot} Plot */

/** An output in words, as P(y = 1).
 *  @param {Model} model @param {number} u its number */
export function wordsOf({ quantity }, u) {
  return quantity.name(quantity.isMulticlass ? quantity.classes[u] : null);
}

/** What both sides of an output's line P = 0.5 are called.
 *  @param {Model} model @param {number} u the output's number */
export function sideOf({ quantity }, u) {
  if (quantity.isMulticlass) {
    const name = quantity.name(quantity.classes[u]);
    return { low: `${name} below 0.5`, high: `${name} above 0.5` };
  }
  const [low, high] = quantity.classes.map((name) => `${quantity.subject} = ${isolated(name)}`);
  return { low, high };
}

/** The function of the last layer's sums.
 *  @param {Model} model */
export function functionOf({ quantity }) {
  return quantity.isValue ? "" : quantity.isMulticlass ? "softmax" : "sigmoid";
}

/** The names of a network's inputs; of one that is not loaded, the features'.
 *  @param {Model} model @param {Network | null} network */
export const inputsOf = (model, network) => network?.encoder.names ?? model.features.map(({ name }) => isolated(name));

/** The scale of each unit: hidden ones have one a layer.
 *  @param {View} view @param {Model} model @param {Layers} units
 *  @param {Interval | null} range of the data's values
 *  @returns {AnyScale[][]} */
export function scalesOf({ colours }, model, units, range) {
  const { quantity, activations } = model;
  return units.map((layer, l) => {
    if (l < units.length - 1) {
      const scale = signedScale(activations[l] === "tanh" ? 1 : reachOf(layer), colours);
      return layer.map(() => scale);
    }
    if (quantity.isMulticlass) return layer.map((_, c) => classScale(c, layer.length, wordsOf(model, c)));
    if (!quantity.isValue) return [scaleOf("probability", colours, wordsOf(model, 0))];
    return [valueScale(...((model.isOfData ? range : null) ?? rangeOf(layer[0])), wordsOf(model, 0))];
  });
}

/** How far from 0 a layer's outputs get.
 *  @param {ArrayLike<number>[]} layer */
function reachOf(layer) {
  let reach = 1e-6;
  for (const values of layer) {
    for (let i = 0; i < values.length; i++) reach = Math.max(reach, Math.abs(values[i]));
  }
  return reach;
}

/** A function that gives the line of a first-layer unit on a plot of a place: where its sum is 0. There is none where a
 *  feature of the place has categories.
 *  @param {Network} network @param {number} snapshot @param {import("./place.js").Place} place
 *  @returns {(plot: Plot, u: number) => string} */
export function linesOf(network, snapshot, place) {
  const { encoder } = network;
  const { kernel, bias } = network.at(snapshot)[0];
  const slopes = place.axes.map((axis) => encoder.slope(axis));
  const [x, y] = slopes;
  if (x === null || y === null) return () => "";
  const origin = /** @type {number[]} */ (encoder.encode(place.with([0, 0])));
  return (plot, u) => {
    const constant = origin.reduce((sum, input, k) => sum + input * kernel[k][u], bias[u]);
    return plot.straight([kernel[x.input][u] * x.factor, kernel[y.input][u] * y.factor], constant);
  };
}

/** How much the next layer makes of each unit: the length of its outgoing weights, in pixels of the widest.
 *  @param {number[][]} kernel of the next layer */
export function outgoing(kernel) {
  const lengths = kernel.map((weights) => Math.hypot(...weights));
  const most = Math.max(...lengths, 1e-9);
  return lengths.map((length) => (MAX_CONNECTION_WIDTH * length) / most);
}

/** What a unit does, in words, by its layer among so many.
 *  @param {number} l @param {number} depth @param {Model} model */
export function roleOf(l, depth, { quantity }) {
  if (depth === 1) {
    if (quantity.isValue) return "Without a hidden layer it is a plane: this sum itself.";
    if (quantity.isMulticlass) return "Without a hidden layer each class has one sum, and the largest wins.";
    return "Without a hidden layer there is one line: where this sum is 0.";
  }
  if (l === depth - 1) {
    return "Each line is where a first-layer unit’s sum changes sign; thickness shows the unit’s outgoing weights.";
  }
  if (l === 0) return "The line is where this sum is 0; its thickness shows the unit’s outgoing weights.";
  return (
    `This unit sums the outputs of layer ${l}: a${l}.1 is the output of its unit 1. The bold magenta line is ` +
    `where its sum is 0. The others are where the sums of layer ${l} are 0: as thick as their weights here, dashed ` +
    "where these are negative."
  );
}
