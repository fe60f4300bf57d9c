// What a deeper unit is made of: where its sum is 0, and where the sums of the units before it are.

import { describe, describeValues } from "./boundary-words.js";
import { line } from "./lines.js";
import { nodesOf } from "./network.js";
import { sideOf } from "./units.js";
import { MAX_CONNECTION_WIDTH } from "./wires.js";

/** @typedef {import("./inside.js").Shown} Shown */
/** @typedef {import("./map.js").Plot} Plot */

/** How wide lines are over the data, of what the connections are. */
export const LINE_SCALE = 0.6;

/** A unit's weighted sums at all nodes, of the outputs before it.
 *  @param {ArrayLike<number>[]} inputs @param {{kernel: number[][], bias: number[]}} layer @param {number} u */
export function sumsOf(inputs, { kernel, bias }, u) {
  const sums = new Float64Array(inputs[0].length).fill(bias[u]);
  inputs.forEach((values, k) => {
    const weight = kernel[k][u];
    if (weight !== 0) for (let i = 0; i < sums.length; i++) sums[i] += weight * values[i];
  });
  return sums;
}

/** Draw the lines along which the units before a unit change their signs, as thick as its weights are large; those of
 *  negative weights are dashed. Units that are off have none.
 *  @param {Plot} plot @param {Shown} shown @param {number} l the unit's layer, after the first @param {number} u */
export function drawParts(plot, { units, off, weights, sums, lines }, l, u) {
  plot.clear("unit", 0);
  plot.clear("against", 0);
  if (weights === null || sums === null || lines === null) return;
  const strengths = weights[l].kernel.map((row) => row[u]);
  const most = Math.max(1e-9, ...strengths.map(Math.abs));
  units[l - 1].forEach((_, k) => {
    if (off[l - 1][k]) return;
    const path = l === 1 ? lines(plot, k) : line(sumsOf(units[l - 2], sums[l - 1], k), nodesOf(units[l - 2][0]), 0);
    const kind = strengths[k] < 0 ? "against" : "unit";
    plot.draw(`${kind}:${k}`, path, (LINE_SCALE * MAX_CONNECTION_WIDTH * Math.abs(strengths[k])) / most);
  });
}

/** Where a unit's boundary runs, in words: of an output where it is 0.5, of a unit where its sum is 0.
 *  @param {Plot} plot @param {Shown} shown @param {number} l @param {number} u */
export function unitInWords(plot, { units, model, lines, sums }, l, u) {
  const values = units[l][u];
  if (l === units.length - 1 && !model.quantity.isValue) {
    return describe(values, nodesOf(values), { ...sideOf(model, u), telling: true });
  }
  if (l > 0 && l < units.length - 1 && sums !== null) {
    const names = { level: 0, low: "its sum is below 0", high: "its sum is above 0", telling: true };
    return describe(sumsOf(units[l - 1], sums[l], u), nodesOf(values), names);
  }
  const hasLine = l === 0 && units.length > 1 && lines !== null && lines(plot, u) !== "";
  return `${hasLine ? "its sum is 0 along a straight line, " : ""}${describeValues(values, nodesOf(values))}`;
}
