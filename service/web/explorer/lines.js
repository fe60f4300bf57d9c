// Lines over a map: where it is at a level, as SVG paths.

import { contours } from "./contours.js";

/** Units a side of the drawing over the colours. */
export const SIDE = 100;

/** The line where a field is at a level, as an SVG path; empty where it never is.
 *  @param {ArrayLike<number>} values @param {number} nodes an axis @param {number} level */
export function line(values, nodes, level) {
  /** @param {number} v */
  const round = (v) => Math.round(100 * v) / 100;
  const scale = SIDE / (nodes - 1);
  /** @param {Point} point */
  const at = ([x, y]) => `${round(x * scale)},${round(SIDE - y * scale)}`;
  return contours(values, nodes, nodes, level)
    .map(({ points, isClosed }) => `M${points.map(at).join("L")}${isClosed ? "Z" : ""}`)
    .join("");
}

/** Lines at round levels, each with where its number stands: on the middle of the longest.
 *  @param {ArrayLike<number>} values @param {number} nodes an axis @param {number[]} at the levels
 *  @returns {{path: string, labels: Label[]}} */
export function levelLines(values, nodes, at) {
  /** @type {Label[]} */
  const labels = [];
  const scale = SIDE / (nodes - 1);
  for (const level of at) {
    const found = contours(values, nodes, nodes, level);
    const { points } = found.reduce((a, b) => (b.points.length > a.points.length ? b : a), found[0] ?? { points: [] });
    if (points.length < 8) continue;
    const [x, y] = points[points.length >> 1];
    labels.push({ text: String(level).replace("-", "−"), x: x * scale, y: SIDE - y * scale });
  }
  return { path: at.map((level) => line(values, nodes, level)).join(""), labels };
}

/** The lines at which another class becomes the most probable one: where its lead over the others is 0; without each
 *  class's probability, between the nodes.
 *  @param {Field} field @param {number} nodes an axis */
export function between({ labels, outputs }, nodes) {
  if (labels === null) return "";
  const classes = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  /** @param {number} c */
  const around = (c) => {
    if (outputs === undefined)
      return line(
        Float32Array.from(labels, (label) => Number(label === c)),
        nodes,
        0.5,
      );
    const others = outputs.filter((_, other) => other !== c);
    return line(
      Float64Array.from(labels, (_, i) => outputs[c][i] - Math.max(...others.map((one) => one[i]))),
      nodes,
      0,
    );
  };
  return classes.slice(1).map(around).join("");
}

/** A number on a line, in the drawing's units.
 *  @typedef {{text: string, x: number, y: number}} Label */
