// The comparison: a table of what every training run reached, the verdicts, and what stands behind them.

import { fixed, h, interval, messageOf, number, s } from "./dom.js";
import { LONG_NAME_CHARACTERS, scoreOf, served } from "./panels.js";
import { asides, formsOf, isSplit, key as howToRead, links, recipe, recipeOf } from "./remarks.js";
import { Verdicts } from "./verdicts.js";

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
    { key: "own", label: "Exact, own", of: (row) => row.own_accuracy?.mean ?? null },
    { key: "exact", label: "Exact, population", of: (row) => row.population_accuracy?.mean ?? null },
    ...(isOfValues ? errors : []),
    { key: "served", label: "Served run", of: served },
    { key: "notebook", label: "Notebook", of: (row) => row.notebook_accuracy },
    { key: "recipe", label: "Recipe", of: recipe },
  ];
  const optional = ["own", "exact", "notebook", "recipe"];
  return all.filter(({ key, of }) => !optional.includes(key) || rows.some((row) => of(row) !== null));
}

/** @param {Summary | null} summary */
const widthOf = (summary) => (summary === null ? null : summary.max - summary.min);

/** The lowest score of the strips' axis: of R², which has no least, not below -1. */
const MIN_AXIS_SCORE = -1;

const [WIDTH, HEIGHT, EDGE] = [400, 44, 16];

export class Comparison {
  /** @type {View | null} */
  #view = null;
  #drawn = "";

  /** @param {HTMLElement} section @param {ComparisonDocument} comparison @param {Handlers} handlers
   *  @param {import("./service.js").Service} service @param {(string | Node)[]} others links to other experiments */
  constructor(section, comparison, handlers, service, others) {
    this.comparison = comparison;
    this.handlers = handlers;
    this.verdicts = new Verdicts(comparison, handlers, service);
    this.columns = columnsOf(comparison.models);
    const least = Math.min(1, ...comparison.models.map((row) => scoreOf(row)?.min ?? 1));
    this.low = Math.max(MIN_AXIS_SCORE, Math.min(0.95, Math.floor(20 * least) / 20));
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
    const table = h(
      "table",
      { id: "table" },
      h("caption", { class: "hidden" }, `${this.columns[2].label.replace("Test a", "A")} by model`),
      h("thead", {}, h("tr", {}, this.heads)),
      this.body,
    );
    section.replaceChildren(
      h("h2", { id: `${section.id}-title` }, "The comparison"),
      h("p", { class: "lead" }, recipeOf(comparison), others),
      h("p", { class: "lead" }, howToRead(comparison, new Set(this.columns.map(({ key }) => key)))),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Comparison table" }, table),
      h("p", { class: "links" }, links(comparison)),
      failures(comparison.failed ?? {}) ?? "",
      this.verdicts.element,
      ...evidence(comparison),
    );
  }

  /** @param {View} view its `sort` is a column's key, after a minus for the largest first */
  draw(view) {
    this.verdicts.draw(view);
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
      if (key === "recipe") return h("small", {}, String(value));
      if (key === "range") return score && this.#strip(row.model, score, row.notebook_accuracy);
      if (key === "accuracy")
        return [
          number(Number(value)),
          score?.ci95 ? h("small", {}, ` ${interval(score.ci95)}`) : null,
          ...asides(row).map((text) => h("small", { class: "aside" }, text)),
        ];
      return number(Number(value));
    };
    return h(
      "tr",
      { "data-model": row.model },
      h("th", { scope: "row", class: row.model.length > LONG_NAME_CHARACTERS ? null : "short" }, row.model),
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
        return s("circle", attributes, s("title", {}, `run ${run}: ${fixed(value)} on its own test points`));
      }),
    );
    return dots.sort((a, b) => a.classList.length - b.classList.length);
  }
}

/** @param {ModelResult} row */
const hasRates = (row) => new Set(row.sensitivity?.map((point) => point.learning_rate)).size > 1;

/** What stands behind the verdicts, each part loaded and drawn when it is opened.
 *  @param {ComparisonDocument} comparison */
function evidence(comparison) {
  const has = (/** @type {(row: ModelResult) => unknown} */ of) => comparison.models.some(of);
  const parts = [
    { id: "luck", title: "How much is luck, by where it comes from", isThere: has(isSplit) },
    {
      id: "sensitivity",
      title: has(hasRates) ? "What other learning rates and epochs give" : "What fewer epochs give",
      isThere: has((row) => row.sensitivity?.length),
    },
    {
      id: "reliability",
      title: "How often the probabilities come true",
      isThere: has((row) => row.reliability?.length),
    },
    {
      id: "metrics",
      title: "Every metric over all runs",
      isThere: has((row) => Object.keys(row.metrics ?? {}).length > 1),
    },
  ];
  return parts
    .filter(({ isThere }) => isThere)
    .map(({ id, title }) => {
      const open = async () => {
        if (!part.open || part.children.length > 1) return;
        try {
          const { content } = await import(`./${id}.js`);
          if (part.children.length > 1) return;
          part.append(...content(comparison), h("p", { class: "links" }, formsOf(comparison, id)));
        } catch (error) {
          part.append(h("p", {}, `This part did not load; reload the page to try again. ${messageOf(error)}`));
        }
      };
      const part = h("details", { id, ontoggle: open }, h("summary", {}, title));
      return part;
    });
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

/** Rows without a number stand last, whichever way they are sorted.
 *  @param {string | number | null} a @param {string | number | null} b @param {number} sign */
function compare(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}
