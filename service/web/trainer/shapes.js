// A boundary's shape in words, for those who do not see it.

import { contours } from "../explorer/contours.js";
import { isolated } from "../explorer/bidi.js";

/** How far a line may bend and be called straight, as a share of its length. */
const MAX_BEND = 0.03;

/** Lines shorter than so many cells are specks. */
const SPECK_CELLS = 3;

/** @typedef {import("../explorer/contours.js").Line} Line */

/** What the line between two classes looks like on a map of so many nodes an axis.
 *  @param {ArrayLike<number>} values P(y = 1) at each node @param {number} nodes @param {string[]} classes */
export function shapeOf(values, nodes, classes) {
  const lines = contours(values, nodes, nodes, 0.5).filter(({ points }) => points.length > SPECK_CELLS);
  if (lines.length === 0) return `there is no boundary: all is class ${isolated(classes[Number(values[0] > 0.5)])}`;
  if (lines.length > 1) {
    const closed = lines.filter(({ isClosed }) => isClosed).length;
    if (closed === lines.length) return `the boundary is ${closed} closed curves`;
    return `the boundary is ${lines.length} lines${closed > 0 ? `, ${closed} of them closed` : ""}`;
  }
  const [line] = lines;
  if (line.isClosed) return `the boundary is a closed curve ${around(line, nodes)}`;
  return `the boundary is a ${isStraight(line) ? "straight line" : "curve from edge to edge"}`;
}

/** @param {Line} line @param {number} nodes */
function around({ points }, nodes) {
  const middle = (nodes - 1) / 2;
  const [x, y] = [0, 1].map((k) => points.reduce((sum, point) => sum + point[k], 0) / points.length / middle - 1);
  if (Math.hypot(x, y) < 0.3) return "around the centre";
  const up = y > 0.3 ? "upper" : y < -0.3 ? "lower" : "";
  const side = x > 0.3 ? "right" : x < -0.3 ? "left" : "";
  return `in the ${[up, side].filter(Boolean).join(" ") || "middle"} part`;
}

/** @param {Line} line */
function isStraight({ points }) {
  const [[x, y], [u, v]] = [points[0], points[points.length - 1]];
  const length = Math.hypot(u - x, v - y);
  return points.every(([a, b]) => Math.abs((u - x) * (b - y) - (v - y) * (a - x)) <= MAX_BEND * length * length);
}
