// A place: which two features a map is drawn over, and what becomes of the others.

import { isolated } from "./bidi.js";

/** @typedef {import("./encoder.js").Column} Column */

/** What all maps of a place share; it is a `Domain` too. Two places with the same key are the same. */
export class Place {
  /** @type {Place | null} */
  #held = null;

  /** @param {Feature[]} features @param {[number, number]} axes the positions of those along x and y
   *  @param {number[]} held a value for each feature
   *  @param {string | null} hold those of them that were chosen, as GET /boundary takes them
   *  @param {boolean} isAverage whether the others are averaged over the data */
  constructor(features, axes, held, hold, isAverage) {
    this.features = features;
    this.axes = axes;
    this.held = held;
    this.hold = hold;
    this.isAverage = isAverage;
    const [x, y] = axes.map((axis) => features[axis]);
    /** @type {Interval} */
    this.x = [x.low, x.high];
    /** @type {Interval} */
    this.y = [y.low, y.high];
    this.names = [x.name, y.name];
    /** Their names in sentences. */
    this.titles = this.names.map(isolated);
    this.key = JSON.stringify([features, axes, held, isAverage]);
  }

  /** Whether there are no other features. */
  get isWhole() {
    return this.features.length === 2;
  }

  /** The same with the others held, where they are averaged over.
   *  @returns {Place} */
  get heldOnly() {
    if (!this.isAverage) return this;
    this.#held ??= new Place(this.features, this.axes, this.held, this.hold, false);
    return this.#held;
  }

  /** The positions of the other features. */
  get others() {
    return this.features.map((_, i) => i).filter((i) => !this.axes.includes(i));
  }

  /** All features at points of which the two shown are given.
   *  @template {Column} T
   *  @param {T[]} shown
   *  @returns {(T | number)[]} */
  with([x, y]) {
    /** @type {(T | number)[]} */
    const all = [...this.held];
    [all[this.axes[0]], all[this.axes[1]]] = [x, y];
    return all;
  }

  /** Ask for it in a query.
   *  @param {URLSearchParams} query */
  ask(query) {
    if (this.isWhole) return;
    query.set("x", this.names[0]);
    query.set("y", this.names[1]);
    if (this.isAverage) query.set("average", "data");
    else if (this.hold) query.set("hold", this.hold);
  }
}

/** Where a feature is held of which nothing is said.
 *  @param {Feature} feature */
export const usual = ({ held, low, high, categories }) => held ?? (categories ? 0 : (low + high) / 2);

/** The place that an address asks for, as far as there is such a one.
 *  @param {Feature[]} features @param {Pick<Values, "across" | "up" | "hold" | "average">} values */
export function placeOf(features, { across, up, hold, average }) {
  const names = features.map(({ name }) => name);
  const first = Math.max(0, names.indexOf(across ?? names[0]));
  const wanted = names.indexOf(up ?? "");
  const second = wanted >= 0 && wanted !== first ? wanted : first === 0 ? 1 : 0;
  const chosen = features.length === 2 ? new Map() : read(features, hold ?? "");
  chosen.delete(first);
  chosen.delete(second);
  const held = features.map((feature, i) => chosen.get(i) ?? usual(feature));
  const isAverage = features.length > 2 && average === "data";
  return new Place(features, [first, second], held, written(features, chosen), isAverage);
}

/** A model's own place: its first two features, the others where they usually are.
 *  @param {Feature[]} features */
export const ownPlace = (features) => placeOf(features, { across: null, up: null, hold: null, average: null });

/** `name:value` pairs, comma-separated, of values by the features' positions; null for none.
 *  @param {Feature[]} features @param {Map<number, number>} values */
export function written(features, values) {
  const pairs = [...values]
    .sort(([a], [b]) => a - b)
    .map(([i, value]) => `${features[i].name}:${shown(features[i], value)}`);
  return pairs.length === 0 ? null : pairs.join(",");
}

/** A feature's value in words: a category's name.
 *  @param {Feature} feature @param {number} value */
export const shown = ({ categories }, value) => categories?.[value] ?? String(value);

/** The values of such pairs, up to the first that cannot be read. Names may hold colons and commas.
 *  @param {Feature[]} features @param {string} text
 *  @returns {Map<number, number>} */
export function read(features, text) {
  const found = new Map();
  for (let rest = text; rest !== "";) {
    const i = longest(
      rest,
      features.map(({ name }) => `${name}:`),
    );
    if (i === null) break;
    rest = rest.slice(features[i].name.length + 1);
    const categories = features[i].categories ?? [];
    const category = longest(
      `${rest},`,
      categories.map((name) => `${name},`),
    );
    const end = category === null ? `${rest},`.indexOf(",") : categories[category].length;
    const value = category ?? (categories.length > 0 ? NaN : Number(rest.slice(0, end).trim() || NaN));
    if (Number.isFinite(value)) found.set(i, value);
    rest = rest.slice(end + 1);
  }
  return found;
}

/** The position of the longest of these that a text begins with, or null.
 *  @param {string} text @param {string[]} beginnings */
function longest(text, beginnings) {
  const fitting = beginnings.map((_, i) => i).filter((i) => text.startsWith(beginnings[i]));
  return fitting.length === 0 ? null : fitting.reduce((a, b) => (beginnings[b].length > beginnings[a].length ? b : a));
}

/** Which points are the quarter nearest to a place: by their other features, each in shares of its domain; another
 *  category is as far as two of its ends are.
 *  @param {number[][]} points @param {Place} place */
export function nearest(points, place) {
  const far = points.map((point) =>
    place.others.reduce((sum, i) => {
      const { low, high, categories } = place.features[i];
      const apart = Math.abs(point[i] - place.held[i]);
      if (Number.isNaN(apart)) return sum;
      return sum + (categories ? Number(apart >= 0.5) : apart / (high - low)) ** 2;
    }, 0),
  );
  const limit = far.toSorted((a, b) => a - b)[Math.ceil(far.length / 4) - 1] ?? 0;
  return far.map((one) => one <= limit);
}
