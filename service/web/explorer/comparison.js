// The comparison: a table of what every training run reached, and who beats whom in words.

import { fixed, h, interval, nonBreaking, number, s, signed } from "./dom.js";
import { scoreOf, served } from "./panels.js";

/** @typedef {{key: string, label: string, of: (row: ModelResult) => string | number | null}} Column */

/** The columns that these results have: of classifiers the accuracy, of a regression R² and the errors; what is exact,
 *  and the notebook's, where there are such.
 *  @param {ModelResult[]} rows
 *  @returns {Column[]} */
function columnsOf(rows) {
  const isOfValues = rows.some((row) => row.accuracy === null);
  /** @type {Column[]} */
  const errors = ["rmse", "mae"].map((key) => ({
    key,
    label: key.toUpperCase(),
    of: (row) => row.metrics?.[key]?.mean ?? null,
  }));
  /** @type {Column[]} */
  const all = [
    { key: "model", label: "Model", of: (row) => row.model },
    { key: "parameters", label: "Parameters", of: (row) => row.parameters },
    { key: "accuracy", label: isOfValues ? "Test R²" : "Test accuracy", of: (row) => scoreOf(row)?.mean ?? null },
    { key: "range", label: "Every run", of: (row) => widthOf(scoreOf(row)) },
    { key: "exact", label: "Exact", of: (row) => row.population_accuracy?.mean ?? null },
    ...(isOfValues ? errors : []),
    { key: "served", label: "Served run", of: served },
    { key: "notebook", label: "Notebook", of: (row) => row.notebook_accuracy },
  ];
  return all.filter(({ key, of }) => !["exact", "notebook"].includes(key) || rows.some((row) => of(row) !== null));
}

/** @param {Summary | null} summary */
const widthOf = (summary) => (summary === null ? null : summary.max - summary.min);

/** The lowest score of the strips' axis: of R², which has no least, not below -1. */
const LEAST = -1;

const [WIDTH, HEIGHT, EDGE] = [400, 44, 16];

export class Comparison {
  /** @type {View | null} */
  #view = null;
  #drawn = "";

  /** @param {HTMLElement} section @param {ComparisonDocument} comparison @param {Handlers} handlers */
  constructor(section, comparison, handlers) {
    this.comparison = comparison;
    this.handlers = handlers;
    this.columns = columnsOf(comparison.models);
    const least = Math.min(1, ...comparison.models.map((row) => scoreOf(row)?.min ?? 1));
    this.low = Math.max(LEAST, Math.min(0.95, Math.floor(20 * least) / 20));
    this.ticks = ticks(this.low);
    this.body = h("tbody");
    this.heads = this.columns.map(({ key, label }) =>
      h(
        "th",
        { scope: "col" },
        h("button", { type: "button", onclick: () => this.#sort(key) }, label),
        key === "range" ? this.#axis() : null,
      ),
    );
    const runs = comparison.protocol.replicates;
    const hasExact = this.columns.some(({ key }) => key === "exact");
    const hasNotebook = this.columns.some(({ key }) => key === "notebook");
    const own = comparison.dataset.replication === "redrawn" ? "data, split" : "split of the same data";
    const table = h(
      "table",
      { id: "table" },
      h("caption", { class: "hidden" }, `${this.columns[2].label.replace("Test a", "A")} by model`),
      h("thead", {}, h("tr", {}, this.heads)),
      this.body,
    );
    section.replaceChildren(
      h("h2", { id: `${section.id}-title` }, "The comparison"),
      h(
        "p",
        { class: "lead" },
        (runs > 1
          ? `Each model was trained ${runs} times, each time with its own ${own}, initial weights and batch order. `
          : "Each model was trained once. ") +
          "Each dot is a run; the bar shows the mean with its 95% interval" +
          (hasNotebook ? ", the diamond the notebook’s single run. " : ". ") +
          (hasExact ? "“Exact” is the accuracy over the whole distribution, where the true boundary is known." : ""),
      ),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Comparison table" }, table),
      h(
        "p",
        {},
        h(
          "a",
          {
            href: `comparison?experiment=${encodeURIComponent(comparison.experiment)}&format=csv`,
            download: "comparison.csv",
          },
          "This table as CSV",
        ),
      ),
      failures(comparison.failed ?? {}) ?? "",
      comparison.pairs.length > 0 ? h("h3", {}, "Who beats whom") : "",
      h(
        "ul",
        { id: "pairs" },
        comparison.pairs.map((pair) => h("li", { "data-pair": `${pair.a} ${pair.b}` }, nonBreaking(verdict(pair)))),
      ),
    );
  }

  /** @param {View} view its `sort` is a column's key, after a minus for the largest first */
  draw(view) {
    const key = [view.sort, view.statistic, view.run].join(" ");
    if (this.#drawn === key) return;
    [this.#view, this.#drawn] = [view, key];
    const descends = view.sort?.startsWith("-") ?? false;
    const sorted = this.columns.find(({ key }) => key === view.sort?.replace(/^-/, ""));
    const rows = [...this.comparison.models];
    if (sorted) rows.sort((a, b) => compare(sorted.of(a), sorted.of(b), descends ? -1 : 1));
    this.heads.forEach((head, i) => {
      if (this.columns[i] === sorted) head.setAttribute("aria-sort", descends ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.body.replaceChildren(...rows.map((row) => this.#row(row)));
  }

  /** @param {string} key */
  #sort(key) {
    const first = key === "model" ? key : `-${key}`;
    const second = key === "model" ? `-${key}` : key;
    const sort = this.#view?.sort ?? null;
    this.handlers.onsort(sort === first ? second : sort === second ? null : first);
  }

  /** @param {ModelResult} row */
  #row(row) {
    const score = scoreOf(row);
    /** @param {Column} column */
    const cell = ({ key, of }) => {
      const value = of(row);
      if (value === null) return "–";
      if (key === "parameters") return String(value);
      if (key === "range") return score && this.#strip(row.model, score, row.notebook_accuracy);
      if (key === "accuracy")
        return [number(Number(value)), score?.ci95 ? h("small", {}, ` ${interval(score.ci95)}`) : null];
      return number(Number(value));
    };
    return h(
      "tr",
      { "data-model": row.model },
      h("th", { scope: "row" }, row.model),
      this.columns.slice(1).map((column) => h("td", {}, cell(column))),
    );
  }

  /** @param {number} value */
  #x(value) {
    return EDGE + ((WIDTH - 2 * EDGE) * (Math.max(this.low, value) - this.low)) / (1 - this.low);
  }

  #axis() {
    /** @param {number} tick */
    const text = (tick) => s("text", { x: this.#x(tick), y: 11, "text-anchor": "middle" }, fixed(tick, 2));
    return s("svg", { class: "axis", viewBox: `0 0 ${WIDTH} 14`, "aria-hidden": "true" }, this.ticks.map(text));
  }

  /** The scores of all runs, on one axis; what lies below it stands at its end.
   *  @param {string} model @param {Summary} score @param {number | null} notebook */
  #strip(model, { values, mean, ci95, min, max, median }, notebook) {
    const y = HEIGHT - 5;
    const bar = ci95 ? s("path", { class: "interval", d: `M${this.#x(ci95[0])},${y}H${this.#x(ci95[1])}` }) : null;
    const middle = s("path", { class: "mean", d: `M${this.#x(mean)},${y - 4}v8` });
    const diamond = notebook
      ? s(
          "path",
          { class: "notebook", d: `M${this.#x(notebook)},${y - 4}l4,4l-4,4l-4,-4Z` },
          s("title", {}, `notebook: ${fixed(notebook)}`),
        )
      : null;
    const text = `${values.length} runs of ${model} from ${fixed(min)} to ${fixed(max)}, median ${fixed(median)}`;
    return s(
      "svg",
      { class: "strip", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": text },
      s("path", { class: "grid", d: this.ticks.map((tick) => `M${this.#x(tick)},0v${HEIGHT}`).join("") }),
      this.#dots(values),
      bar,
      middle,
      diamond,
    );
  }

  /** A dot for each run, stacked where they would hide each other; the one that is shown comes last, on top.
   *  @param {(number | null)[]} values null for a run that diverged */
  #dots(values) {
    const runs = values.flatMap((value, run) => (value === null ? [] : [{ value, run, x: this.#x(value) }]));
    const bins = Map.groupBy(runs, ({ x }) => Math.round(x / 4));
    const highest = Math.max(...[...bins.values()].map(({ length }) => length));
    const rise = Math.min(3.5, (HEIGHT - 18) / Math.max(1, highest - 1)); // so that the highest stack fits
    const dots = [...bins.values()].flatMap((stack) =>
      stack.map(({ value, run, x }, level) => {
        const isShown = this.#view?.statistic === "probability" && this.#view.run === run;
        const attributes = {
          cx: x.toFixed(1),
          cy: (HEIGHT - 14 - level * rise).toFixed(1),
          r: isShown ? 3.6 : 2,
          class: isShown ? "run shown" : "run",
          "data-run": run,
          onclick: () => this.handlers.onrun(run),
        };
        return s("circle", attributes, s("title", {}, `run ${run}: ${fixed(value)}`));
      }),
    );
    return dots.sort((a, b) => a.classList.length - b.classList.length);
  }
}

/** The models that there is no result of, with the reasons.
 *  @param {Record<string, string>} failed */
function failures(failed) {
  const all = Object.entries(failed);
  return all.length === 0
    ? null
    : h(
        "ul",
        { class: "failed", "aria-label": "Without a result" },
        all.map(([name, why]) => h("li", {}, `${name}: ${why}`)),
      );
}

/** Where the strips have their lines: from low to 1, five of them or so.
 *  @param {number} low */
function ticks(low) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((one) => (1 - low) / one <= 6.5) ?? 0.5;
  const steps = Math.round((1 - Math.ceil(low / step - 1e-9) * step) / step);
  return Array.from({ length: steps + 1 }, (_, i) => 1 - (steps - i) * step);
}

/** A pair's test in words, the better one first.
 *  @param {Pair} pair */
export function verdict({ a, b, mean_difference: difference, ci95, probability_a_better: share, p_value_holm: p }) {
  const isFirst = difference >= 0;
  const [winner, loser] = isFirst ? [a, b] : [b, a];
  const percent = `${Math.round(100 * (isFirst ? share : 1 - share))}%`;
  const range = ci95 ? ` ${interval(isFirst ? ci95 : [-ci95[1], -ci95[0]])}` : "";
  const doubt = p !== null && p >= 0.05 ? "; the runs cannot tell them apart" : "";
  const apart = `${signed(Math.abs(difference))}${range}`;
  return `${winner} beats ${loser} in ${percent} of replicates; difference ${apart}${doubt}`;
}

/** The test of two models, whichever way round it is kept.
 *  @param {ComparisonDocument | null} comparison @param {string} a @param {string} b */
export function pairOf(comparison, a, b) {
  return comparison?.pairs.find((pair) => (pair.a === a && pair.b === b) || (pair.a === b && pair.b === a)) ?? null;
}

/** Rows without a number stand last, whichever way they are sorted.
 *  @param {string | number | null} a @param {string | number | null} b @param {number} sign */
function compare(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}
