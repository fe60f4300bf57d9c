// A picture that moves: accuracy over depth, a line for each number of points or each activation, one after the other.

import { fixed, h, interval, number, s } from "../explorer/dom.js";
import { ticks } from "../explorer/ticks.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [480, 330, 44, 44, 12, 112];
const LINE_FRAMES = 16;

/** How far apart names stand at least. */
const NAME = 15;

/** @typedef {import("./deep-study.js").Mean} Mean */

/** Lines over categories, `means` by line and category.
 *  @typedef {{across: string, categories: string[], names: string[], means: Mean[][], what: string}} Lines */

/** @param {Lines} lines
 *  @returns {import("./player.js").Picture} */
export function chart({ across, categories, names, means, what }) {
  const all = means.flat().flatMap((mean) => (mean === null ? [] : [mean.mean, ...(mean.ci95 ?? [])]));
  const [low, high] = [Math.max(0, Math.min(...all) - 0.02), Math.min(1, Math.max(...all) + 0.01)];
  /** @param {number} c */
  const x = (c) => LEFT + 24 + (c * (WIDTH - LEFT - RIGHT - 24)) / Math.max(1, categories.length - 1);
  /** @param {number} value */
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const axes = [
    ...ticks(low, high, 6).flatMap((tick) => [
      s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT + 12, y1: y(tick), y2: y(tick) }),
      s("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, fixed(tick, 2)),
    ]),
    ...categories.map((name, c) => s("text", { x: x(c), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, name)),
    s("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, across),
  ];
  const drawn = names.map((name, i) => lineOf(name, means[i], i, x, y));
  spread(drawn.flatMap(({ label }) => (label === null ? [] : [label])));
  const svg = s(
    "svg",
    { class: "lines", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": "chart-words" },
    ...axes,
    ...drawn.map(({ group }) => group),
  );
  const words = h("p", { class: "under", id: "chart-words" });
  const table = tableOf(across, categories, names, means);
  return {
    element: h(
      "div",
      { class: "maps" },
      svg,
      words,
      h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "The numbers" }, table),
    ),
    stops: Array.from({ length: names.length + 1 }, (_, i) => i * LINE_FRAMES),
    speed: 24,
    unit: "Lines",
    label: (frame) => (frame === 0 ? "nothing yet" : names[Math.min(names.length, Math.ceil(frame / LINE_FRAMES)) - 1]),
    load: async () => {},
    draw: (frame) => {
      const newest = Math.ceil(frame / LINE_FRAMES) - 1;
      drawn.forEach((one, i) => one.show(Math.min(1, Math.max(0, frame / LINE_FRAMES - i)), i === newest));
      [...table.tBodies[0].rows].forEach((row, i) => (row.hidden = frame / LINE_FRAMES < i + 1));
      table.hidden = frame < LINE_FRAMES;
      const seen = names.slice(0, newest + 1);
      words.textContent = seen.length === 0 ? `${what}.` : `${what}; ${seen.join(", ")}.`;
    },
  };
}

/** One line with its intervals, drawn from the left up to a share of it.
 *  @param {string} name @param {Mean[]} means @param {number} i @param {(c: number) => number} x
 *  @param {(value: number) => number} y */
function lineOf(name, means, i, x, y) {
  const known = means.flatMap((mean, c) => (mean === null ? [] : [{ ...mean, c }]));
  const line = s("path", { class: "line" });
  const marks = known.map(({ mean, ci95, c }) =>
    s(
      "g",
      {},
      ci95 ? s("line", { class: "whisker", x1: x(c), x2: x(c), y1: y(ci95[0]), y2: y(ci95[1]) }) : null,
      s("circle", { cx: x(c), cy: y(mean), r: 4.5 }),
    ),
  );
  const last = known[known.length - 1];
  const label = last ? s("text", { class: "name", x: x(last.c) + 12, y: y(last.mean) + 4 }, name) : null;
  const group = s("g", { class: `series rate-${i % 6}` }, line, ...marks, label);
  return {
    group,
    label,
    /** @param {number} share @param {boolean} isNewest */
    show: (share, isNewest) => {
      const reach = share * (known.length - 1);
      const seen = known.filter((_, k) => share > 0 && k <= reach + 1e-9);
      const [from, to] = [known[Math.floor(reach)], known[Math.ceil(reach)]];
      const tip = from && to && share > 0 ? between(from, to, reach % 1, x, y) : "";
      line.setAttribute(
        "d",
        seen.length > 0 ? `M${seen.map(({ c, mean }) => `${x(c)},${y(mean)}`).join("L")}${tip}` : "",
      );
      marks.forEach((mark, k) => mark.toggleAttribute("hidden", k >= seen.length));
      label?.toggleAttribute("hidden", share < 1);
      group.classList.toggle("newest", isNewest);
    },
  };
}

/** Move names that stand on each other apart.
 *  @param {SVGTextElement[]} labels */
function spread(labels) {
  /** @param {SVGTextElement} label */
  const at = (label) => Number(label.getAttribute("y"));
  const sorted = labels.toSorted((a, b) => at(a) - at(b));
  sorted.forEach((label, i) => {
    if (i > 0) label.setAttribute("y", String(Math.max(at(label), at(sorted[i - 1]) + NAME)));
  });
}

/** @param {{c: number, mean: number}} from @param {{c: number, mean: number}} to @param {number} share
 *  @param {(c: number) => number} x @param {(value: number) => number} y */
const between = (from, to, share, x, y) =>
  `L${x(from.c) + share * (x(to.c) - x(from.c))},${y(from.mean) + share * (y(to.mean) - y(from.mean))}`;

/** @param {string} across @param {string[]} categories @param {string[]} names @param {Mean[][]} means */
function tableOf(across, categories, names, means) {
  /** @param {Mean} mean */
  const cell = (mean) =>
    h("td", {}, mean === null ? "–" : number(mean.mean), mean?.ci95 ? h("small", {}, ` ${interval(mean.ci95)}`) : null);
  return h(
    "table",
    { class: "numbers-of-lines" },
    h("caption", { class: "hidden" }, across),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td"),
        categories.map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      names.map((name, i) => h("tr", {}, h("th", { scope: "row" }, name), means[i].map(cell))),
    ),
  );
}
