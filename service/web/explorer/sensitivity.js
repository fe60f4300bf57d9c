// What other learning rates and epochs give: the score by epoch, a line for each rate, and what the runs chose.

import { counted, h, number, s } from "./dom.js";

const [WIDTH, HEIGHT] = [260, 160];
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 8, 8, 22];

const MIN_DRAWN_ERROR = 1e-4;

/** Where the axis may have lines, how wrong predictions are: these in every power of ten; the later ones where the
 *  earlier give fewer than three. */
const LEVELS = [
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.1, 1.2, 1.3, 1.5, 1.7, 2, 2.5, 3, 4, 5, 6, 7, 8, 9],
];
const POWERS = Array.from({ length: 13 }, (_, i) => i - 4);

/** @param {ComparisonDocument} comparison */
export function content({ models, dataset }) {
  const isError = dataset.task === "regression";
  const rows = models.filter((row) => row.sensitivity?.length);
  const points = rows.flatMap((row) => row.sensitivity ?? []);
  const axes = new Axes(points, isError);
  const hasBands = points.some((point) => point.ci95);
  const hasChoice = rows.some(isChosen);
  return [
    h(
      "p",
      { class: "lead" },
      `The runs’ mean ${isError ? "absolute error" : "accuracy"} on validation data at each learning rate, by epoch` +
        `${hasBands ? "; the bands are 95% intervals" : ""}. Higher is better${isError ? " (a smaller error)" : ""}; ` +
        "both axes are logarithmic: the epochs, and how wrong predictions are. " +
        (isError ? "Errors are those of the values that networks learn: standardized by default. " : "") +
        (hasChoice ? "Test data play no part in the choice." : ""),
    ),
    h(
      "div",
      { class: "multiples" },
      rows.map((row) => multiple(row, axes)),
    ),
  ];
}

/** The same axes for all models. What is drawn is how wrong they are, which parts 0.98 from 0.99. */
class Axes {
  /** @param {Sensitivity[]} points @param {boolean} isError whether the mean is one already */
  constructor(points, isError) {
    this.isError = isError;
    this.rates = [...new Set(points.map((point) => point.learning_rate))].sort((a, b) => a - b);
    this.epochs = span(points.map((point) => Math.max(1, point.epoch)));
    const ends = span(points.map((point) => this.wrong(point.mean)));
    this.across = logarithmic(this.epochs, [LEFT, WIDTH - RIGHT]);
    this.y = logarithmic(ends, [TOP, HEIGHT - BOTTOM]);
    const choices = LEVELS.map((steps) => levels(steps, ends));
    this.levels = choices.find((some) => some.length >= 3) ?? choices[choices.length - 1];
  }

  /** @param {number} mean */
  wrong(mean) {
    return Math.max(MIN_DRAWN_ERROR, this.isError ? mean : 1 - mean);
  }

  /** @param {Sensitivity} point */
  x(point) {
    return this.across(Math.max(1, point.epoch));
  }

  /** @param {number} rate */
  nameOf(rate) {
    return `rate-${this.rates.indexOf(rate) % 6}`;
  }
}

/** @param {ModelResult} row @param {Axes} axes */
function multiple(row, axes) {
  const points = Map.groupBy(row.sensitivity ?? [], (point) => point.learning_rate);
  const rates = axes.rates.filter((rate) => points.has(rate));
  const names = ["Rate", "Best", "at epoch", ...(isChosen(row) ? ["Chosen by"] : [])];
  const heads = names.map((text) => h("th", { scope: "col" }, text));
  return h(
    "div",
    { class: "multiple" },
    h("h4", {}, row.model),
    s(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
      frame(axes),
      rates.flatMap((rate) => line(points.get(rate) ?? [], axes.nameOf(rate), axes)),
    ),
    h(
      "table",
      {},
      h("caption", { class: "hidden" }, `${row.model} by learning rate`),
      h("thead", {}, h("tr", {}, heads)),
      h(
        "tbody",
        {},
        rates.map((rate) => best(row, rate, points.get(rate) ?? [], axes)),
      ),
    ),
  );
}

/** @param {Axes} axes */
function frame({ epochs, across, y, levels, isError }) {
  const label = (/** @type {number} */ at) => String(isError ? at : Number((1 - at).toFixed(4)));
  return [
    s("path", { class: "grid", d: levels.map((at) => `M${LEFT},${y(at)}H${WIDTH - RIGHT}`).join("") }),
    ...levels.map((at) => s("text", { x: LEFT - 4, y: y(at) + 4, "text-anchor": "end" }, label(at))),
    s("text", { x: across(epochs[0]), y: HEIGHT - 6 }, `epoch ${epochs[0]}`),
    epochs[1] > epochs[0]
      ? s("text", { x: across(epochs[1]), y: HEIGHT - 6, "text-anchor": "end" }, `${epochs[1]}`)
      : null,
  ];
}

/** @param {Sensitivity[]} points of a rate @param {string} name of it @param {Axes} axes */
function line(points, name, axes) {
  const sorted = points.toSorted((a, b) => a.epoch - b.epoch);
  /** @param {Sensitivity} point @param {number} mean */
  const at = (point, mean) => `${axes.x(point).toFixed(1)},${axes.y(axes.wrong(mean)).toFixed(1)}`;
  const sure = sorted.flatMap((point) => (point.ci95 ? [{ point, ci95: point.ci95 }] : []));
  const band = [
    ...sure.map(({ point, ci95 }) => at(point, ci95[0])),
    ...sure.toReversed().map(({ point, ci95 }) => at(point, ci95[1])),
  ];
  const end = sorted[sorted.length - 1];
  return [
    band.length > 2 ? s("path", { class: `band ${name}`, d: `M${band.join("L")}Z` }) : null,
    s("path", { class: `line ${name}`, d: `M${sorted.map((point) => at(point, point.mean)).join("L")}` }),
    s("circle", { class: name, cx: axes.x(end), cy: axes.y(axes.wrong(end.mean)), r: 2.5 }),
  ];
}

/** A rate's row: the best that it reaches, when, and how many runs chose it.
 *  @param {ModelResult} row @param {number} rate @param {Sensitivity[]} points @param {Axes} axes */
function best(row, rate, points, axes) {
  const found = points.reduce((least, point) => (axes.wrong(point.mean) < axes.wrong(least.mean) ? point : least));
  const chosen = (row.protocol?.chosen ?? []).filter((choice) => choice.learning_rate === rate);
  const runs = chosen.reduce((sum, choice) => sum + choice.replicates, 0);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("span", { class: `key ${axes.nameOf(rate)}` }, String(rate))),
    h("td", {}, number(found.mean)),
    h("td", {}, String(found.epoch)),
    isChosen(row) ? h("td", {}, counted(runs, "run")) : null,
  );
}

/** Whether runs had a choice.
 *  @param {ModelResult} row */
const isChosen = ({ protocol }) => Boolean(protocol && protocol.learning_rates.length * protocol.epochs.length > 1);

/** @param {number[]} steps @param {Interval} ends */
const levels = (steps, [low, high]) =>
  POWERS.flatMap((power) => steps.map((step) => Number(`${step}e${power}`))).filter((at) => at >= low && at <= high);

/** @param {number[]} values
 *  @returns {Interval} */
const span = (values) => [Math.min(...values), Math.max(...values)];

/** @param {Interval} from @param {number[]} to */
function logarithmic([low, high], [start, end]) {
  const width = Math.log(high / low) || 1;
  return (/** @type {number} */ value) =>
    start + ((end - start) * Math.min(width, Math.max(0, Math.log(value / low)))) / width;
}
