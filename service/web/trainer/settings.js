// What a page trains: points or a set that is drawn, one network or two, and how. It is what a link and a file hold;
// what comes from outside is looked through here.

import { GALLERY } from "./gallery.js";
import { ACTIVATIONS } from "./slopes.js";

/** @typedef {import("./gallery.js").Points} Points */
/** @typedef {import("./run.js").NetworkSpec} NetworkSpec */

/** What is trained; either `set` or `points` is null. `trained` is the epoch it was shown at.
 *  @typedef {object} Settings
 *  @property {string[]} classes names
 *  @property {import("./gallery.js").GallerySet | null} set
 *  @property {Points | null} points
 *  @property {Domain} domain
 *  @property {NetworkSpec[]} networks one or two
 *  @property {number} seed @property {number} runs @property {number} epochs
 *  @property {boolean} isTrained whether whoever opens it sees it trained
 *  @property {Seen | null} [seen] what is enlarged, where a link or a file says so */

/** What is enlarged: one run, the mean of all or another of the choices, of one of the networks.
 *  @typedef {{what: string, network: number, run: number}} Seen */

export const MOST_POINTS = 20_000;
export const MOST_CLASSES = 4;
export const MOST_LAYERS = 4;
const MAX_COORDINATE = 1e6;
const LONGEST_NAME = 40;

/** The fewest and the most of each number, and whether only whole ones will do.
 *  @type {Readonly<Record<string, {least: number, most: number, isWhole: boolean}>>} */
export const LIMITS = Object.freeze({
  units: { least: 1, most: 64, isWhole: true },
  rate: { least: 1e-6, most: 10, isWhole: false },
  batch: { least: 1, most: MOST_POINTS, isWhole: true },
  l1: { least: 0, most: 10, isWhole: false },
  l2: { least: 0, most: 10, isWhole: false },
  seed: { least: 0, most: 2 ** 31 - 1, isWhole: true },
  runs: { least: 1, most: 100, isWhole: true },
  epochs: { least: 1, most: 5000, isWhole: true },
  n: { least: 20, most: MOST_POINTS, isWhole: true },
  noise: { least: 0.001, most: 100, isWhole: false },
});

/** @param {Partial<NetworkSpec>} given
 *  @returns {NetworkSpec} */
export const network = (given = {}) => ({
  hidden: [10],
  activation: "tanh",
  rate: 0.01,
  batch: 32,
  l1: 0,
  l2: 0,
  ...given,
});

/** What the page begins with.
 *  @returns {Settings} */
export const beginning = () => ({
  classes: ["0", "1"],
  set: { name: "gaussian_quantiles", n: 600, noise: 0.316, classes: 2 },
  points: null,
  domain: { x: [-1.5, 1.5], y: [-1.5, 1.5], names: ["x1", "x2"] },
  networks: [network({ hidden: [3] }), network()],
  seed: 3,
  runs: 30,
  epochs: 100,
  isTrained: false,
});

/** The recipe of the course notebook's experiment, as it stands in training/experiments.
 *  @returns {Partial<Settings>} */
export const asInTheNotebook = () => ({
  set: { name: "gaussian_quantiles", n: 2000, noise: 0.316, classes: 2 },
  networks: [network({ hidden: [10], rate: 0.001 }), network({ hidden: [10, 10], rate: 0.001 })],
  epochs: 500,
});

/** A name as the experiments have it: tanh-10-10.
 *  @param {NetworkSpec} spec */
export const nameOf = ({ hidden, activation }) => (hidden.length ? [activation, ...hidden].join("-") : "linear");

/** The names of networks, made different where their recipes alone differ.
 *  @param {NetworkSpec[]} specs */
export function namesOf(specs) {
  const names = specs.map(nameOf);
  if (specs.length < 2 || names[0] !== names[1]) return names;
  const told = ["rate", "batch", "l1", "l2"].find((key) => one(specs[0], key) !== one(specs[1], key));
  if (told === undefined) return [`${names[0]}-a`, `${names[1]}-b`];
  return specs.map((spec, i) => `${names[i]}-${told}-${one(spec, told)}`);
}

/** @param {NetworkSpec} spec @param {string} key */
const one = (spec, key) => /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (spec))[key];

/** How a network was trained, in words.
 *  @param {NetworkSpec} spec @param {number} epochs */
export function recipeOf({ rate, batch, l1, l2 }, epochs) {
  const penalties = `${l1 > 0 ? `, L1 ${l1}` : ""}${l2 > 0 ? `, L2 ${l2}` : ""}`;
  const count = `${epochs.toLocaleString("en")} epoch${epochs === 1 ? "" : "s"}`;
  return `rate ${rate}, batches of ${batch}${penalties}, ${count}`;
}

/** The same without classes that have no points, unless these are fewer than two.
 *  @param {Settings} settings
 *  @returns {Settings} */
export function withoutEmpty(settings) {
  const { points, classes } = settings;
  if (points === null) return settings;
  const used = classes.map((_, c) => c).filter((c) => points.labels.includes(c));
  if (used.length < 2 || used.length === classes.length) return settings;
  const labels = points.labels.map((label) => used.indexOf(label));
  return { ...settings, points: { ...points, labels }, classes: used.map((c) => classes[c]) };
}

/** A number rounded to a thousandth of an interval or finer.
 *  @param {number} value @param {Interval} interval */
export const roundedOver = (value, [low, high]) =>
  Number(value.toFixed(Math.min(100, Math.max(0, 3 - Math.floor(Math.log10(high - low))))));

/** The range of points with a tenth of it on either side, over which they are drawn.
 *  @param {Points} points
 *  @returns {Domain} */
export function domainOf({ x, y }) {
  /** @param {Float32Array} column
   *  @returns {Interval} */
  const around = (column) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of column) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [-1.5, 1.5];
    const margin = (high - low) / 10;
    return [roundedOver(low - margin, [low, high]), roundedOver(high + margin, [low, high])];
  };
  return { x: around(x), y: around(y), names: ["x1", "x2"] };
}

/** Settings that a link or a file says, each value looked through.
 *  @param {any} given
 *  @returns {Settings}
 *  @throws {Error} in words that say what is wrong */
export function settingsOf(given) {
  if (typeof given !== "object" || given === null) throw new Error("there are no settings in it");
  const classes = listOf(given.classes, "classes", 2, MOST_CLASSES).map(nameOfClass);
  if (new Set(classes).size < classes.length) throw new Error("two classes have the same name");
  const set = given.set ? setOf(given.set) : null;
  if (set !== null && set.classes !== classes.length) throw new Error("its points are of other classes than it names");
  const points = set === null ? pointsOf(given.points, classes.length) : null;
  return {
    classes,
    set,
    points,
    domain: { x: span(given.domain?.x), y: span(given.domain?.y), names: ["x1", "x2"] },
    networks: listOf(given.networks, "networks", 1, 2).map(specOf),
    seed: numberOf(given.seed, "seed"),
    runs: numberOf(given.runs, "runs"),
    epochs: numberOf(given.epochs, "epochs"),
    isTrained: given.isTrained === true,
    seen: seenOf(given.seen),
  };
}

/** @param {any} given
 *  @returns {Seen | null} */
function seenOf(given) {
  const isOne = [given?.network, given?.run].every((one) => Number.isInteger(one) && one >= 0);
  return isOne ? { what: String(given.what), network: given.network, run: given.run } : null;
}

/** @param {unknown} name
 *  @throws {Error} */
export function nameOfClass(name) {
  if (typeof name === "string" && name.trim() !== "" && name.length <= LONGEST_NAME) return name;
  throw new Error(`a class’s name must be text of ${LONGEST_NAME} characters at most`);
}

/** A number within its limits.
 *  @param {unknown} value @param {string} name of the limits
 *  @throws {Error} */
export function numberOf(value, name) {
  const { least, most, isWhole } = LIMITS[name];
  const isOne = typeof value === "number" && Number.isFinite(value) && (!isWhole || Number.isInteger(value));
  if (!isOne || value < least || value > most) {
    const kind = isWhole ? "a whole number" : "a number";
    throw new Error(`${name} must be ${kind} from ${least} to ${most}, not ${value}`);
  }
  return value;
}

/** @param {any} value @param {string} name @param {number} least @param {number} most
 *  @returns {any[]} */
function listOf(value, name, least, most) {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw new Error(`${name} must be a list of ${least} to ${most}`);
  }
  return value;
}

/** @param {any} given
 *  @returns {NetworkSpec} */
function specOf(given) {
  const hidden = listOf(given?.hidden, "layers", 0, MOST_LAYERS).map((units) => numberOf(units, "units"));
  if (!ACTIVATIONS.includes(given.activation)) throw new Error(`there is no activation ${given.activation} here`);
  /** @param {string} name */
  const number = (name) => numberOf(given[name], name);
  const [rate, batch, l1, l2] = ["rate", "batch", "l1", "l2"].map(number);
  return { hidden, activation: given.activation, rate, batch, l1, l2 };
}

/** @param {any} given
 *  @returns {import("./gallery.js").GallerySet} */
function setOf({ name, n, noise, classes }) {
  if (!Object.hasOwn(GALLERY, name)) throw new Error(`there is no data set ${name}`);
  const [fewest, most] = GALLERY[name].classes;
  const isFit = Number.isInteger(classes) && classes >= fewest && classes <= most;
  if (!isFit) throw new Error(`${name} has no ${classes} classes`);
  return { name, n: numberOf(n, "n"), noise: numberOf(noise, "noise"), classes };
}

/** @param {any} given rows of x, y and the class's position @param {number} classes
 *  @returns {Points} */
function pointsOf(given, classes) {
  const rows = listOf(given, "points", 0, MOST_POINTS);
  for (const row of rows) {
    const isOne = Array.isArray(row) && row.length === 3 && row.every(Number.isFinite);
    const isNear = isOne && Math.abs(row[0]) <= MAX_COORDINATE && Math.abs(row[1]) <= MAX_COORDINATE;
    if (!isNear || !Number.isInteger(row[2]) || row[2] < 0 || row[2] >= classes) {
      throw new Error(`a point is ${JSON.stringify(row)}, not two numbers and a class`);
    }
  }
  return fromRows(rows);
}

/** @param {number[][]} rows
 *  @returns {Points} */
export const fromRows = (rows) => ({
  x: Float32Array.from(rows, (row) => row[0]),
  y: Float32Array.from(rows, (row) => row[1]),
  labels: Uint8Array.from(rows, (row) => row[2]),
});

/** Points with more of them.
 *  @param {Points} points @param {number[][]} rows
 *  @returns {Points} */
export const withMore = ({ x, y, labels }, rows) => ({
  x: Float32Array.from([...x, ...rows.map((row) => row[0])]),
  y: Float32Array.from([...y, ...rows.map((row) => row[1])]),
  labels: Uint8Array.from([...labels, ...rows.map((row) => row[2])]),
});

/** The points that pass a test.
 *  @param {Points} points @param {(i: number) => boolean} isKept
 *  @returns {Points} */
export const chosen = ({ x, y, labels }, isKept) => ({
  x: x.filter((_, i) => isKept(i)),
  y: y.filter((_, i) => isKept(i)),
  labels: labels.filter((_, i) => isKept(i)),
});

/** The shortest numbers that are the same in float32.
 *  @param {Points} points
 *  @returns {number[][]} */
export const toRows = ({ x, y, labels }) => Array.from(labels, (label, i) => [short(x[i]), short(y[i]), label]);

/** @param {number} value */
function short(value) {
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return text;
  }
  return value;
}

/** @param {any} given
 *  @returns {Interval} */
function span(given) {
  const isOne = Array.isArray(given) && given.length === 2 && given.every(Number.isFinite) && given[0] < given[1];
  if (!isOne || given.some((/** @type {number} */ end) => Math.abs(end) > 2 * MAX_COORDINATE)) {
    throw new Error("the map must have a lower and an upper end");
  }
  return [given[0], given[1]];
}
