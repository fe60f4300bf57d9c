// Lines with intervals, and runs as dots, on axes that are even, in powers, or one step a level.

import { h, s } from "../explorer/dom.js";
import { ticks } from "../explorer/ticks.js";
import { brief, written } from "./measures.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [50, 12, 10, 34];

/** @param {number} width @param {number} height
 *  @returns {Size} */
const sizeOf = (width, height) => ({
  width,
  height,
  across: [LEFT, width - RIGHT],
  up: [height - BOTTOM, TOP],
});

/** How large a drawing is, and between which of its units its axes lie. */
export const SMALL_SIZE = sizeOf(360, 190);
export const WIDE_SIZE = sizeOf(720, 260);

/** @typedef {{at: (value: number) => number, ticks: [number, string][], label: string}} Axis */
/** @typedef {{width: number, height: number, across: Interval, up: Interval}} Size */
/** @typedef {{x: number, y: number, low?: number, high?: number}} Mark */
/** @typedef {{name: string, hue: string, marks: Mark[], runs?: Mark[][], isFaint?: boolean}} Series */

/** @param {Mark} mark */
const isKnown = ({ y }) => Number.isFinite(y);

/** @param {number[]} values
 *  @returns {Interval} */
function spanOf(values) {
  const known = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (known.length === 0) return [0, 1];
  const more = low < high ? 0 : Math.max(Math.abs(low) / 100, 1e-9);
  return [low - more, high + more];
}

/** An axis along which steps are even; of shares, up to a little over what is there.
 *  @param {number[]} values @param {Interval} pixels @param {string} label @param {string} measure
 *  @returns {Axis} */
export function even(values, [from, to], label, measure) {
  const [low, high] = spanOf(values);
  const at = (/** @type {number} */ value) => from + ((to - from) * (value - low)) / (high - low);
  return { at, label, ticks: ticks(low, high, 5).map((tick) => [tick, tickText(tick, measure)]) };
}

/** @param {number} tick @param {string} measure */
const tickText = (tick, measure) =>
  Math.abs(tick) >= 1e-4 || tick === 0 ? String(tick).replace("-", "−") : brief(tick, measure);

/** An axis in powers of ten; what is not above 0 stands at its low end.
 *  @param {number[]} values @param {Interval} pixels @param {string} label
 *  @returns {Axis} */
export function powers(values, [from, to], label) {
  const [low, high] = spanOf(values.filter((value) => value > 0).map(Math.log10));
  const at = (/** @type {number} */ value) =>
    from + ((to - from) * (Math.max(low, Math.log10(Math.max(value, Number.MIN_VALUE))) - low)) / (high - low);
  const whole = ticks(low, high, 5).filter(Number.isInteger);
  const marked = whole.length > 1 ? whole.map((power) => 10 ** power) : [10 ** low, 10 ** high];
  return { at, label, ticks: marked.map((tick) => [tick, written(tick).replace(/^1(\.0)? × /, "")]) };
}

/** Epochs, in powers, with room for 0.
 *  @param {number[]} epochs ascending @param {Interval} pixels
 *  @returns {Axis} */
export function epochAxis(epochs, [from, to]) {
  const last = Math.max(1, epochs.at(-1) ?? 1);
  const at = (/** @type {number} */ epoch) => from + ((to - from) * Math.log1p(epoch)) / Math.log1p(last);
  const marked = [0, 1, 10, 100, 1000, 10000].filter((epoch) => epoch === 0 || epoch < last / 2);
  return { at, label: "epoch", ticks: [...marked, last].map((epoch) => [epoch, String(epoch)]) };
}

/** One step a level.
 *  @param {string[]} levels @param {Interval} pixels @param {string} label
 *  @returns {Axis} */
export function stepped(levels, [from, to], label) {
  const step = (to - from) / Math.max(1, levels.length);
  const at = (/** @type {number} */ i) => from + (i + 0.5) * step;
  const longest = Math.max(...levels.map((level) => Math.min(level.length, 9)));
  const every = Math.max(1, Math.ceil((longest * 7 + 6) / step));
  const texts = levels.map((level) => (level.length > 9 ? `${level.slice(0, 8)}…` : level));
  return { at, label, ticks: texts.flatMap((text, i) => (i % every === 0 ? [[i, text]] : [])) };
}

/** Lines with their intervals as bands; runs behind them.
 *  @param {string} title @param {Axis} x @param {Axis} y @param {Series[]} series
 *  @param {number | null} now where a mark stands on x */
export function chart(title, x, y, series, now = null, size = SMALL_SIZE) {
  const { width, height } = size;
  const [left, right] = size.across;
  const [bottom, top] = size.up;
  /** @param {Mark} mark @param {number} value */
  const point = (mark, value) => `${x.at(mark.x).toFixed(1)},${y.at(value).toFixed(1)}`;
  /** @param {Mark[]} marks */
  const path = (marks) => (marks.length > 0 ? `M${marks.map((mark) => point(mark, mark.y)).join("L")}` : "");
  const drawn = series.flatMap(({ hue, marks, runs = [], isFaint }) => {
    const known = marks.filter(isKnown);
    const sure = known.filter(({ low, high }) => low !== undefined && high !== undefined);
    const band = [
      ...sure.map((mark) => point(mark, mark.low ?? 0)),
      ...sure.toReversed().map((mark) => point(mark, mark.high ?? 0)),
    ];
    return [
      ...runs.map((run) => s("path", { class: `single ${hue}`, d: path(run.filter(isKnown)) })),
      sure.length > 1 ? s("path", { class: `band ${hue}`, d: `M${band.join("L")}Z` }) : null,
      s("path", { class: `line ${hue}${isFaint ? " faint" : ""}`, d: path(known) }),
      ...known.map((mark) => s("circle", { class: hue, cx: x.at(mark.x), cy: y.at(mark.y), r: 2.5 })),
    ];
  });
  return s(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    s("path", { class: "grid", d: y.ticks.map(([tick]) => `M${left},${y.at(tick)}H${right}`).join("") }),
    y.ticks.map(([tick, text]) => s("text", { x: left - 5, y: y.at(tick) + 4, "text-anchor": "end" }, text)),
    x.ticks.map(([tick, text]) => s("text", { x: x.at(tick), y: bottom + 15, "text-anchor": "middle" }, text)),
    s("text", { class: "label", x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, x.label),
    now === null ? null : s("path", { class: "at", d: `M${x.at(now).toFixed(1)},${top}V${bottom}` }),
    drawn,
  );
}

/** Every run as a dot, with the mean and its interval.
 *  @param {number[]} values NaN where a run has none @param {CellSummary | null} summary @param {string} measure
 *  @param {boolean} isLog @param {number[]} all what the axis spans */
export function strip(values, summary, measure, isLog, all) {
  const { width } = SMALL_SIZE;
  const [height, middle] = [64, 24];
  const pixels = /** @type {Interval} */ ([LEFT / 2, width - 2 * RIGHT]);
  const axis = isLog ? powers(all, pixels, "") : even(all, pixels, "", measure);
  const known = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  /** @type {number[]} where the last dot of each layer ends */
  const layers = [];
  const dots = known.map((value) => {
    const x = axis.at(value);
    let layer = layers.findIndex((end) => x - end >= 5);
    if (layer < 0) layer = layers.length < 7 ? layers.length : 6;
    layers[layer] = x;
    const up = layer % 2 === 0 ? layer / 2 : -(layer + 1) / 2;
    return s("circle", { class: "dot", cx: x.toFixed(1), cy: middle + 5 * up, r: 2.6 });
  });
  const { mean = null, ci95 = null } = summary ?? {};
  return s(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${known.length} runs as dots` },
    s("path", { class: "grid", d: axis.ticks.map(([tick]) => `M${axis.at(tick)},4V${height - 18}`).join("") }),
    axis.ticks.map(([tick, text]) => {
      const x = axis.at(tick);
      const anchor = x < LEFT ? "start" : x > width - LEFT ? "end" : "middle"; // so that none is cut off
      return s("text", { x, y: height - 4, "text-anchor": text.length > 6 ? anchor : "middle" }, text);
    }),
    dots,
    ci95 ? s("path", { class: "interval", d: `M${axis.at(ci95[0])},${height - 20}H${axis.at(ci95[1])}` }) : null,
    mean === null ? null : s("path", { class: "mean", d: `M${axis.at(mean).toFixed(1)},4V${height - 15}` }),
  );
}

/** @param {number[]} values of which some may be NaN */
export function meanOf(values) {
  const known = values.filter(Number.isFinite);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : NaN;
}

/** @param {number[]} values of which some may be NaN */
export function medianOf(values) {
  const known = values.filter(Number.isFinite).sort((a, b) => a - b);
  const half = known.length >> 1;
  return known.length % 2 === 1 ? known[half] : (known[half - 1] + known[half]) / 2;
}

/** What the hues stand for.
 *  @param {{name: string, hue: string}[]} series */
export const keys = (series) =>
  h("p", { class: "keys" }, series.map(({ name, hue }) => h("span", { class: `key ${hue}` }, name)));
