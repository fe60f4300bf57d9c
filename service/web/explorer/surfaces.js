// Surfaces over three features: their colours, where their block begins and ends, and what is said of them.

import { hueOf, scaleOf, valueScale } from "./colours.js";
import { counted, within } from "./dom.js";

/** @typedef {import("./glb.js").Surface} Surface */
/** @typedef {import("./quantity.js").Quantity} Quantity */

/** The surface of a class, or of what there is but one of.
 *  @typedef {{name: string | null, surface: Surface}} Found */

/** @param {Quantity} quantity */
export function leadOf(quantity) {
  const what = quantity.isValue
    ? `where ${quantity.subject} has the same value`
    : quantity.isMulticlass
      ? "where the probability of each class is 0.5"
      : `where ${quantity.name(null)} = 0.5`;
  return `Over three features at once: the surface ${what}. The other features are held.`;
}

/** Where a block begins and ends along an axis: its file makes -1 and 1 of that.
 *  @param {Surface} surface @param {number} k */
export const ends = ({ scale, translation }, k) => ({
  low: (-1 - translation[k]) / scale[k],
  high: (1 - translation[k]) / scale[k],
});

/** @param {Found[]} found @param {Quantity} quantity @param {Interval | null} range of the data's values */
export function inWords(found, quantity, range) {
  if (found.length === 1) return ofOne(found[0], quantity, range);
  const there = found.filter(({ surface }) => surface.indices.length > 0).length;
  if (there === 0) return "No class has a probability of 0.5 anywhere here.";
  const left = counted(found.length - there, "other class", "es");
  return `P = 0.5 on the surface of each class named here${there < found.length ? `; ${left} never reach it` : ""}.`;
}

/** @param {Found} found @param {Quantity} quantity @param {Interval | null} range */
function ofOne({ name, surface: { extras, indices } }, quantity, range) {
  const { lowest, highest, level } = extras;
  /** @type {Interval} */
  const span = quantity.isValue ? (range ?? [lowest, highest]) : [0, indices.length > 0 ? 1 : 0.1];
  const [at, least, most] = [level, lowest, highest].map((value) => within(value, span));
  const what = quantity.name(name);
  return indices.length > 0
    ? `${what} = ${at} on the surface.`
    : `${what} is ${at} nowhere here: it is from ${least} to ${most}.`;
}

/** A surface's colour, red, green and blue from 0 to 1: its class's, or that of its value on the maps.
 *  @param {string | null} name @param {Surface} surface @param {Quantity} quantity @param {Interval | null} range
 *  @param {View} view */
export function colourOf(name, { extras }, quantity, range, { colours }) {
  if (name !== null) return channels(hueOf(quantity.classes.indexOf(name), quantity.classes.length));
  if (!quantity.isValue) return channels(scaleOf("probability", colours).css(0.8));
  const [low, high] = range ?? [extras.lowest, extras.highest];
  return channels(valueScale(low, high, quantity.subject).css(extras.level));
}

/** CSS's colour as red, green and blue from 0 to 1.
 *  @param {string} css `#rrggbb` or `rgb(r g b)` */
function channels(css) {
  const hex = css.startsWith("#") ? [1, 3, 5].map((i) => Number.parseInt(css.slice(i, i + 2), 16)) : null;
  return (hex ?? (css.match(/\d+/g) ?? []).map(Number)).map((value) => value / 255);
}
