// What a run trains on, and what it is tested on: split as training/assignment.py does, standardized as
// training/preprocessing.py does.

import { isolated } from "../explorer/bidi.js";
import { draw, GALLERY } from "./gallery.js";
import { Random, STREAM } from "./random.js";

const TEST_SHARE = 0.3;
const VALIDATION_SHARE = 0.2;

/** The fewest points of a class: one for training, validation and testing each. */
export const MIN_CLASS_POINTS = 3;

/** @typedef {import("./gallery.js").Points} Points */

/** Where data come from: a set that each run draws anew, or points that each run splits anew.
 *  @typedef {{set: import("./gallery.js").GallerySet, points: null, classes: number} |
 *  {set: null, points: Points, classes: number}} Source */

/** A run's data, standardized; `mean` and `sd` are of its training points, 0 and 1 where nothing is standardized.
 *  @typedef {object} RunData
 *  @property {import("./dense.js").Samples} train
 *  @property {import("./dense.js").Samples} test
 *  @property {number[]} mean @property {number[]} sd */

/** @param {Source} source @param {number} seed @param {number} run
 *  @returns {RunData} */
export function dataOf(source, seed, run) {
  const points = source.set === null ? source.points : draw(source.set, seed, run);
  const random = new Random(seed, run, STREAM.split);
  const { labels } = points;
  const rows = source.set === null ? splitByClass(labels, random) : splitDrawn(source.set, labels, random);
  const isScaled = source.set === null || GALLERY[source.set.name].scale;
  const moments = [points.x, points.y].map((column) => (isScaled ? momentsOf(column, rows.train) : { mean: 0, sd: 1 }));
  /** @param {number[]} chosen */
  const samples = (chosen) => ({
    columns: [points.x, points.y].map((column, d) =>
      Float32Array.from(chosen, (i) => Math.fround(column[i] - moments[d].mean) / moments[d].sd),
    ),
    labels: Float32Array.from(chosen, (i) => labels[i]),
  });
  return {
    train: samples(rows.train),
    test: samples(rows.test),
    mean: moments.map(({ mean }) => mean),
    sd: moments.map(({ sd }) => sd),
  };
}

/** How many points of each class there must be, and are not: null where there are enough.
 *  @param {Points} points @param {string[]} names of the classes */
export function lacking(points, names) {
  const counts = names.map(() => 0);
  for (const label of points.labels) counts[label]++;
  const used = counts.filter((count) => count > 0).length;
  if (used < 2) return "Give points of two classes at least.";
  const few = names.filter((_, c) => counts[c] > 0 && counts[c] < MIN_CLASS_POINTS);
  if (few.length === 0) return null;
  return `Give ${MIN_CLASS_POINTS} points or more of each class: there are too few of ${few.map(isolated).join(", ")}.`;
}

/** @typedef {{train: number[], validation: number[], test: number[]}} Rows */

/** Each class by itself: its parts are the shares of it, rounded, at least one row each.
 *  @param {Uint8Array} labels @param {Random} random
 *  @returns {Rows} */
function splitByClass(labels, random) {
  /** @type {Rows} */
  const rows = { train: [], validation: [], test: [] };
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    const own = random.shuffle(rowsOf(labels, label));
    const test = part(own.length, TEST_SHARE, MIN_CLASS_POINTS - 1);
    const validation = part(own.length - test, VALIDATION_SHARE, 1);
    rows.test.push(...own.slice(0, test));
    rows.validation.push(...own.slice(test, test + validation));
    rows.train.push(...own.slice(test + validation));
  }
  return sorted(rows);
}

/** Of fixed sizes; the classes are in each part in equal shares where training has it so.
 *  @param {import("./gallery.js").GallerySet} set @param {Uint8Array} labels @param {Random} random */
function splitDrawn(set, labels, random) {
  const test = Math.ceil(set.n * TEST_SHARE - 1e-9);
  const validation = Math.ceil((set.n - test) * VALIDATION_SHARE - 1e-9);
  const isStratified = set.name !== "gaussian_quantiles";
  const order = isStratified ? evenly(labels, random) : random.shuffle(Array.from(labels, (_, i) => i));
  const train = set.n - test - validation;
  return sorted({
    train: order.slice(0, train),
    validation: order.slice(train, train + validation),
    test: order.slice(train + validation),
  });
}

/** A random order in which every stretch has each class in equal parts, give or take a row (systematic sampling).
 *  @param {Uint8Array} labels @param {Random} random */
function evenly(labels, random) {
  const place = new Float64Array(labels.length);
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    const own = random.shuffle(rowsOf(labels, label));
    own.forEach((row, i) => (place[row] = (i + random.uniform()) / own.length));
  }
  return Array.from(labels, (_, i) => i).sort((a, b) => place[a] - place[b]);
}

/** @param {Uint8Array} labels @param {number} label */
const rowsOf = (labels, label) => Array.from(labels, (_, i) => i).filter((i) => labels[i] === label);

/** How many of `count` rows a share is: at least one, and at most so many that `others` remain.
 *  @param {number} count @param {number} share @param {number} others */
const part = (count, share, others) => Math.min(Math.max(1, roundToEven(count * share)), count - others);

/** @param {number} value */
const roundToEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** @param {Rows} rows */
function sorted(rows) {
  for (const part of Object.values(rows)) part.sort((a, b) => a - b);
  return rows;
}

/** Mean and standard deviation in float32; of a constant the deviation is taken for 1.
 *  @param {Float32Array} column @param {number[]} rows */
function momentsOf(column, rows) {
  const mean = rows.reduce((sum, i) => sum + column[i], 0) / rows.length;
  const square = rows.reduce((sum, i) => sum + (column[i] - mean) ** 2, 0) / rows.length;
  const isConstant = rows.every((i) => column[i] === column[rows[0]]);
  return { mean: Math.fround(mean), sd: isConstant ? 1 : Math.fround(Math.sqrt(square)) };
}
