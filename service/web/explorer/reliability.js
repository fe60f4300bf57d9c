// How often predicted probabilities come true: a diagram for each model, over the test points of all its runs.

import { fixed, h, s } from "./dom.js";
import { summed } from "./metrics.js";

const SIDE = 160;

/** Points of a bin from which on the line goes through it: the share that came true is within 0.1 or so. */
const MIN_BIN_POINTS = 25;

/** @param {ComparisonDocument} comparison */
export function content({ models }) {
  const rows = models.filter((row) => row.reliability?.length);
  return [
    h(
      "p",
      { class: "lead" },
      "The test points of all runs, in bins of the predicted probability (across) and how often it came true (up); " +
        "larger dots are more points. On the dashed line, predictions come true as often as they say; ECE, the " +
        "expected calibration error, is how far from it they are on average.",
    ),
    h(
      "div",
      { class: "multiples" },
      rows.map((row) => h("div", { class: "multiple small" }, h("h4", {}, row.model), square(row), errorOf(row))),
    ),
  ];
}

/** @param {ModelResult} row */
function errorOf({ metrics = {} }) {
  return metrics.ece ? h("p", {}, "ECE ", summed(metrics.ece)) : null;
}

/** @param {ModelResult} row */
function square({ model, reliability: bins = [] }) {
  const dots = bins.flatMap(({ count, mean_probability: p, share }) =>
    count > 0 && p !== null && share !== null ? [{ count, p, share }] : [],
  );
  if (dots.length === 0) return null;
  const certain = dots.filter(({ count }) => count >= MIN_BIN_POINTS);
  const most = Math.max(...dots.map(({ count }) => count));
  const [low, high] = [24, SIDE - 8];
  const x = (/** @type {number} */ p) => low + (high - low) * p;
  const y = (/** @type {number} */ p) => SIDE - x(p);
  const line = certain.map(({ p, share }, i) => `${i === 0 ? "M" : "L"}${x(p)},${y(share)}`).join("");
  const off = (/** @type {typeof dots[0]} */ dot) => Math.abs(dot.share - dot.p);
  const farthest = (certain.length > 0 ? certain : dots).reduce((worst, dot) => (off(dot) > off(worst) ? dot : worst));
  const text =
    `${model}: farthest off where P is ${fixed(farthest.p, 2)}, which came true in ${fixed(farthest.share, 2)} ` +
    `of ${farthest.count} points`;
  return s(
    "svg",
    { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": text },
    s("path", { class: "box", d: `M${low},${y(1)}V${y(0)}H${high}` }),
    s("path", { class: "ideal", d: `M${x(0)},${y(0)}L${x(1)},${y(1)}` }),
    s("path", { class: "line", d: line }),
    dots.map(({ count, p, share }) =>
      s(
        "circle",
        { class: "bin", cx: x(p), cy: y(share), r: 1.5 + 5 * Math.sqrt(count / most) },
        s("title", {}, `P ${fixed(p, 2)}: true in ${fixed(share, 2)} of ${count}`),
      ),
    ),
    [0, 1].map((at) => s("text", { x: x(at), y: SIDE - 4, "text-anchor": "middle" }, String(at))),
    s("text", { x: x(0.5), y: SIDE - 4, "text-anchor": "middle" }, "predicted"),
    [0, 1].map((at) => s("text", { x: low - 9, y: y(at) + 4, "text-anchor": "end" }, String(at))),
    s("text", { x: -y(0.5), y: low - 9, "text-anchor": "middle", transform: "rotate(-90)" }, "came true"),
  );
}
