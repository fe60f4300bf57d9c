// What kind of line a boundary is, as the explorer's words say it.

import { describe } from "../explorer/boundary-words.js";
import { NODES } from "../explorer/fields.js";

/** @typedef {"none" | "straight" | "open" | "closed" | "several"} Kind */

/** @param {string} words of `describe`
 *  @returns {Kind} */
function kindOf(words) {
  if (words.startsWith("no boundary")) return "none";
  if (!words.startsWith("a ") || words.includes(" and ")) return "several";
  if (words.includes("closed curve")) return "closed";
  return words.includes("curve") ? "open" : "straight";
}

/** The line at which a unit's sum, or a probability, is at a level: in words, and its kind.
 *  @param {ArrayLike<number>} values [NODES · NODES] @param {number} level
 *  @param {[string, string]} sides what is below the level, and what above */
export function shapeOf(values, level, [low, high]) {
  const words = describe(values, NODES, { level, low, high });
  return { words, kind: kindOf(words) };
}

/** The same of a unit's sum.
 *  @param {ArrayLike<number>} sums */
export const shapeOfUnit = (sums) => shapeOf(sums, 0, ["negative", "positive"]);
