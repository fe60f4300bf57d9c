// What a boundary looks like, told from its line.

import { contours } from "../explorer/contours.js";
import { NODES } from "../explorer/fields.js";

/** How far from straight, in lengths of the line, is still seen as straight. */
const STRAIGHT = 0.02;

/** Lines of fewer nodes, as where a unit only just changes sign in a corner, are no shape. */
const SHORTEST = 4;

/** @typedef {"none" | "straight" | "open" | "closed"} Kind */

/** @type {Record<Kind, string>} */
const WORDS = {
  none: "no boundary here",
  straight: "a straight line",
  open: "an open curve",
  closed: "a closed curve",
};

/** The shape of the line at a level.
 *  @param {ArrayLike<number>} values [NODES · NODES] @param {number} level
 *  @returns {{kind: Kind, words: string}} */
export function shapeOf(values, level = 0.5) {
  const lines = contours(values, NODES, NODES, level).filter(({ points }) => points.length >= SHORTEST);
  const kinds = lines.map((line) => (line.isClosed ? "closed" : isStraight(line.points) ? "straight" : "open"));
  /** @type {Kind} */
  const kind = kinds.includes("closed") ? "closed" : kinds.includes("open") ? "open" : (kinds[0] ?? "none");
  const words = kinds.length > 1 ? `${kinds.length} lines, ${WORDS[kind]} among them` : WORDS[kind];
  return { kind, words };
}

/** @param {Point[]} points */
function isStraight(points) {
  const [[x, y], [u, v]] = [points[0], points[points.length - 1]];
  const length = Math.hypot(u - x, v - y);
  const far = points.map(([a, b]) => Math.abs((u - x) * (b - y) - (v - y) * (a - x)) / length);
  return Math.max(...far) < STRAIGHT * length;
}
