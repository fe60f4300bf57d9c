// A row of dots: each run's accuracy on one axis, with the mean and its interval.

import { fixed, h, number, interval, s } from "../explorer/dom.js";
import { ticks } from "../explorer/ticks.js";

const [WIDTH, HEIGHT, EDGE] = [600, 74, 14];

/** @param {Summary} score */
export function rowOf(score) {
  const values = score.values.filter((value) => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [least, most] = [Math.min(low, score.ci95?.[0] ?? low), Math.max(high, score.ci95?.[1] ?? high)];
  const margin = Math.max(0.01, (most - least) / 12);
  const [from, to] = [Math.max(0, least - margin), Math.min(1, most + margin)];
  /** @param {number} value */
  const x = (value) => EDGE + ((value - from) / (to - from)) * (WIDTH - 2 * EDGE);
  const marks = ticks(from, to, 6).map((tick) => [
    s("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 6, y2: HEIGHT - 20 }),
    s("text", { x: x(tick), y: HEIGHT - 4, "text-anchor": "middle" }, String(tick)),
  ]);
  const dots = values.map((value, i) =>
    s("circle", { class: "run", cx: x(value), cy: 16 + 7 * (i % 4), r: 4 }, s("title", {}, fixed(value))),
  );
  const ends = score.ci95;
  const mean = [
    ends ? s("line", { class: "interval", x1: x(ends[0]), x2: x(ends[1]), y1: 48, y2: 48 }) : null,
    s("line", { class: "mean", x1: x(score.mean), x2: x(score.mean), y1: 40, y2: 56 }),
  ];
  const label = `Accuracies of ${values.length} runs, from ${fixed(low)} to ${fixed(high)}, mean ${fixed(score.mean)}`;
  const drawing = s(
    "svg",
    { class: "dots-of-runs", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...marks.flat(),
    ...dots,
    ...mean,
  );
  const words = h("p", { class: "under" }, "Each dot is a run. Below them: the mean ", number(score.mean));
  if (ends) words.append(", with its interval ", interval(ends));
  words.append(".");
  const element = h("div", { class: "strip-of-runs" }, drawing, words);
  return {
    element,
    /** @param {boolean} isShown */
    reveal: (isShown) => (element.style.visibility = isShown ? "visible" : "hidden"),
  };
}
