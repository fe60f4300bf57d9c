// What was measured, in words, and how its numbers are written.

import { fixed, h } from "../explorer/dom.js";

/** @type {Record<string, string>} */
const NAMES = {
  loss: "training loss",
  accuracy: "training accuracy",
  mae: "training error (MAE)",
  test_mae: "test error (MAE)",
  validation_mae: "validation error (MAE)",
  test_r2: "test R²",
  affine_share: "affine share",
};

/** @type {Record<string, string>} */
const OF_LAYERS = {
  gradient_norm: "gradient norm",
  weight_norm: "weight norm",
  dead: "dead units",
  saturated: "saturated units",
};

/** What a number says, where its name does not.
 *  @type {Record<string, string>} */
const MEANINGS = {
  exact_accuracy: "against the boundary that the data were cut by",
  affine_share: "1 where the boundary is a line or a plane",
  gradient_norm: "of the training loss by the layer’s kernel",
  dead: "share of the layer’s units whose slope is 0 at every training point",
  saturated: "share of the layer’s units that hardly change at 95% of the training points",
};

/** A measure of a layer: its kind and the layer's number.
 *  @param {string} measure
 *  @returns {[string, number] | null} */
export function layerOf(measure) {
  const found = /^(.*)_(\d+)$/.exec(measure);
  return found !== null && found[1] in OF_LAYERS ? [found[1], Number(found[2])] : null;
}

/** @param {string} measure */
export function nameOf(measure) {
  const layer = layerOf(measure);
  if (layer !== null) return `${OF_LAYERS[layer[0]]}, layer ${layer[1]}`;
  return NAMES[measure] ?? measure.replaceAll("_", " ");
}

/** @param {string} measure */
export const meaningOf = (measure) => MEANINGS[layerOf(measure)?.[0] ?? measure] ?? "";

/** Whether it is a share, from 0 to 1.
 *  @param {string} measure */
const isShare = (measure) => /accuracy$|^affine_share$|^dead_|^saturated_/.test(measure);

/** Whether powers tell such numbers apart.
 *  @param {string} measure @param {number[]} values */
export function isLogarithmic(measure, values) {
  if (isShare(measure)) return false;
  const positive = values.filter((value) => value > 0);
  return positive.length > 1 && Math.max(...positive) > 30 * Math.min(...positive);
}

/** A number as it is read: shares with three digits, others with three that count.
 *  @param {number} value */
export function written(value, measure = "") {
  if (isShare(measure)) return fixed(value, 3);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits.replace("-", "−")} × 10${raised(Number(power))}`;
  }
  return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** The same where there is room for five characters.
 *  @param {number} value */
export function brief(value, measure = "") {
  const size = Math.abs(value);
  if (isShare(measure) || size === 0 || (size >= 0.01 && size < 1e4)) {
    return fixed(value, isShare(measure) || size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
  }
  return value.toExponential(1).replaceAll("-", "−").replace("+", "");
}

/** @param {number} power */
const raised = (power) => [...String(power)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("");

/** A number with its exact value beside it.
 *  @param {number} value @param {string} measure */
export const figure = (value, measure) => h("data", { value: String(value) }, written(value, measure));

/** @param {Interval} ends @param {string} measure */
export const range = ([low, high], measure) => `[${written(low, measure)}, ${written(high, measure)}]`;

/** A level in words.
 *  @param {Level | undefined} level */
export const levelText = (level) =>
  level === null || level === undefined ? "none" : String(level).replace(/^-(?=[\d.])/, "−");

/** Texts without what all of them begin with, where some of them are long: up to where a word ends.
 *  @param {string[]} texts */
export function shortened(texts) {
  if (texts.length < 2 || texts.every((text) => text.length < 15)) return texts;
  const [first] = texts;
  let common = 0;
  while (common < first.length && texts.every((text) => text[common] === first[common])) common++;
  const end = first.slice(0, common).search(/[^-_. ]*$/);
  return end < 3 ? texts : texts.map((text) => `…${text.slice(end)}`);
}

/** A factor's name in words.
 *  @param {string} name */
export const factorText = (name) => name.replaceAll("_", " ");
