// From raw units to a network's inputs: missing values filled in, numbers standardized, text as one input a category.

import { isolated } from "./bidi.js";

/** A feature's values at n points, or the one value that it has at all of them.
 *  @typedef {Float64Array | number} Column */

const FEATURE_WEIGHTS = ["feature_fill", "feature_mean", "feature_sd"];

export class Encoder {
  /** @param {Feature[] | null} features null where the inputs are the points themselves
   *  @param {Partial<Weights>} weights
   *  @throws {Error} what is to be done is not known here, or not known of each feature */
  constructor(features, weights) {
    const given = Object.keys(weights).filter((name) => name.startsWith("feature_"));
    const unknown = given.find((name) => !FEATURE_WEIGHTS.includes(name));
    if (unknown !== undefined) throw new Error(`this page does not know what ${unknown} does`);
    for (const name of FEATURE_WEIGHTS) {
      const length = /** @type {Record<string, number[]>} */ (/** @type {unknown} */ (weights))[name]?.length;
      if (length !== undefined && length !== features?.length) throw new Error(`${name} is not of each feature`);
    }
    this.features = features;
    this.fill = weights.feature_fill ?? null;
    this.mean = weights.feature_mean ?? null;
    this.sd = weights.feature_sd ?? null;
    const isText = features?.some(({ categories }) => categories) ?? false;
    this.isIdentity = given.length === 0 && !isText;
  }

  /** The inputs' names: of text one a category. */
  get names() {
    return (this.features ?? []).flatMap(({ name, categories }) =>
      categories ? categories.map((category) => `${isolated(name)} = ${isolated(category)}`) : [isolated(name)],
    );
  }

  /** @param {Column[]} columns a feature each
   *  @returns {Column[]} an input each */
  encode(columns) {
    if (this.isIdentity) return columns;
    return columns.flatMap((column, i) => {
      const { categories } = /** @type {Feature[]} */ (this.features)[i];
      const [fill, mean, sd] = [this.fill?.[i] ?? NaN, this.mean?.[i] ?? 0, this.sd?.[i] ?? 1];
      /** @param {number} x */
      const number = (x) => ((Number.isNaN(x) ? fill : x) - mean) / sd;
      if (!categories) return [each(column, number)];
      return categories.map((_, c) => each(column, (x) => Number(rounded(number(x)) === c)));
    });
  }

  /** How the network's line w · input is a line of a feature: its factor for raw units; null for text.
   *  @param {number} i the feature's position
   *  @returns {{input: number, factor: number} | null} the input's position, and what its weight is multiplied by */
  slope(i) {
    if (this.features?.[i].categories) return null;
    const before = (this.features ?? []).slice(0, i);
    const input = before.reduce((sum, { categories }) => sum + (categories?.length ?? 1), 0);
    return { input: this.features === null ? i : input, factor: 1 / (this.sd?.[i] ?? 1) };
  }
}

/** @param {Column} column @param {(x: number) => number} of
 *  @returns {Column} */
const each = (column, of) => (typeof column === "number" ? of(column) : column.map(of));

/** To the nearest whole number, of two to the even one, as the service rounds.
 *  @param {number} x */
function rounded(x) {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}
