// What came of the runs: each network's accuracies with their interval, the verdict on two, and beside them what the
// service has recorded, where the data are the notebook's.

import { fixed, h, interval, number, s } from "../explorer/dom.js";
import { ticks } from "../explorer/ticks.js";
import { agreementOf, sound } from "./fields.js";
import { namesOf, recipeOf } from "./settings.js";
import { spreadOf } from "./student.js";
import { verdictOn } from "./verdict.js";

/** @typedef {import("./training.js").Training} Training */
/** @typedef {import("../explorer/service.js").Service} Service */

const WIDTH = 240;
const HEIGHT = 26;

/** A row of the table: a network of this page, or a model that is recorded.
 *  @typedef {{name: string, recipe: string, values: (number | null)[], mean: number | null, ci95: Interval | null,
 *  sd: number | null, agreement: number | null}} Row */

export class Results {
  #asked = 0;
  /** @type {Promise<ModelResult[]> | null} */
  #recorded = null;
  /** @type {Row[]} */
  #models = [];

  /** @param {HTMLElement} element @param {Service} service */
  constructor(element, service) {
    this.element = element;
    this.service = service;
    this.verdict = h("p", { class: "verdict-here", "aria-live": "polite" });
    this.table = h("table", { class: "outcome-table" });
    this.note = h("p", { class: "lead" });
    const scroll = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Accuracies" }, this.table);
    element.append(this.verdict, scroll, this.note);
  }

  /** Show the runs as they are now.
   *  @param {Training} training */
  show(training) {
    const { settings } = training;
    this.element.hidden = settings === null || !settings.networks.every((_, i) => training.of(i).length > 0);
    if (settings === null || this.element.hidden) return;
    const names = namesOf(settings.networks);
    const rows = settings.networks.map((spec, i) => {
      const runs = training.of(i);
      const values = runs.map(({ accuracy }) => accuracy);
      const spread = spreadOf(values, training.overlap) ?? { mean: null, sd: null, ci95: null };
      const agreement = meanAgreement(sound(runs), settings.classes.length);
      return { ...spread, name: names[i], recipe: recipeOf(spec, settings.epochs), values, agreement };
    });
    this.#draw([...rows, ...(isOfTheNotebook(training) ? this.#models : [])], rows.length);
    const said = rows.flatMap(({ name, values }) => {
      const diverged = values.filter((value) => value === null).length;
      return diverged > 0 ? [`${diverged} of ${name} diverged`] : [];
    });
    const how = training.overlap > 0 ? "Each run splits your points anew." : "Each run draws points of its own.";
    this.note.textContent =
      `${how} 30% of them are for testing, and a fifth of the rest is set aside, as training with Python does for ` +
      "validation. " +
      "Agreement is the share of the runs on the majority’s side, over the map." +
      (said.length > 0 ? ` ${said.join("; ")}.` : "");
  }

  /** Judge the networks, now that their runs are at the same epoch.
   *  @param {Training} training @param {(milliseconds: number) => void} onjudged */
  async judge(training, onjudged) {
    const asked = ++this.#asked;
    const { settings } = training;
    if (settings === null) return;
    if (settings.networks.length === 2) {
      const names = namesOf(settings.networks);
      const [a, b] = names.map((name, i) => ({ name, values: training.of(i).map(({ accuracy }) => accuracy) }));
      this.verdict.textContent = `${verdictOn(a, b, training.overlap).replace(/^it /, "It ")}.`;
    }
    onjudged(performance.now());
    if (!isOfTheNotebook(training)) return;
    this.#recorded ??= recorded(this.service);
    this.#models = (await this.#recorded).flatMap(rowOf);
    if (asked === this.#asked) this.show(training);
  }

  /** Take the verdict away: it is of runs that are no more. */
  forget() {
    this.#asked++;
    this.verdict.textContent = "";
  }

  /** @param {Row[]} rows @param {number} own how many are of this page */
  #draw(rows, own) {
    const all = rows.flatMap(({ values }) => values.filter((value) => value !== null));
    const low = Math.min(...all, 0.95);
    const span = /** @type {Interval} */ ([Math.max(0, low - 0.02), 1.005]);
    const heads = ["Mean", "95% interval", "SD", "Lowest to highest", "Agreement"];
    const body = rows.map((row) => {
      const known = row.values.filter((value) => value !== null);
      const ends = known.length > 0 ? `${fixed(Math.min(...known))} to ${fixed(Math.max(...known))}` : "–";
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, row.name, h("small", {}, row.recipe)),
        h("td", {}, strip(row, span)),
        h("td", {}, row.mean === null ? "–" : number(row.mean)),
        h("td", {}, row.ci95 === null ? "–" : interval(row.ci95)),
        h("td", {}, row.sd === null ? "–" : fixed(row.sd)),
        h("td", {}, ends),
        h("td", {}, row.agreement === null ? "–" : fixed(row.agreement)),
      );
    });
    const beside = body.slice(own);
    const said = "Recorded by the service, on 1,120 training points";
    this.table.replaceChildren(
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Network"),
          axis(span),
          ...heads.map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h("tbody", {}, ...body.slice(0, own)),
      ...(beside.length > 0
        ? [h("tbody", {}, h("tr", {}, h("th", { scope: "rowgroup", colspan: 7 }, said)), ...beside)]
        : []),
    );
  }
}

/** The mean over the map of the share of the runs on the majority's side; null where there are none.
 *  @param {import("./worker.js").Progress[]} runs @param {number} classes */
function meanAgreement(runs, classes) {
  if (runs.length === 0) return null;
  const { values } = agreementOf(runs, classes);
  return values.reduce((sum, share) => sum + share, 0) / values.length;
}

/** Whether the points are drawn as the course notebook's are: then recorded models can stand beside these.
 *  @param {Training} training */
function isOfTheNotebook({ settings }) {
  const set = settings?.set;
  return set?.name === "gaussian_quantiles" && set.classes === 2 && Math.abs(set.noise ** 2 - 0.1) < 0.001;
}

/** The models of the service's experiment on such points; none where there is no service, or another experiment.
 *  @param {Service} service
 *  @returns {Promise<ModelResult[]>} */
async function recorded(service) {
  try {
    const { dataset, models } = await service.json("comparison?experiment=gaussian-quantiles&values=false");
    return dataset.generator === "gaussian_quantiles" && dataset.parameters?.n_classes === 2 ? models : [];
  } catch {
    return [];
  }
}

/** @param {ModelResult} model
 *  @returns {Row[]} */
function rowOf({ model, accuracy, epochs }) {
  if (accuracy === null) return [];
  const { mean, ci95, values } = accuracy;
  const sd = spreadOf(values, 0)?.sd ?? null;
  return [{ name: model, recipe: epochs ? `${epochs} epochs` : "", values, mean, ci95, sd, agreement: null }];
}

/** @param {Interval} span */
const placing = ([low, high]) => (/** @type {number} */ value) => 4 + ((value - low) / (high - low)) * (WIDTH - 8);

/** Every run as a dot, with the mean and its interval.
 *  @param {Row} row @param {Interval} span */
function strip({ name, values, mean, ci95 }, span) {
  const at = placing(span);
  const middle = HEIGHT / 2;
  const known = values.filter((value) => value !== null);
  return s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "outcome-strip", role: "img", "aria-label": `The runs of ${name}` },
    ...known.map((value, i) => s("circle", { class: "run", cx: at(value), cy: middle + ((i * 7) % 13) - 6, r: 2.6 })),
    ci95 ? s("line", { class: "interval", x1: at(ci95[0]), x2: at(ci95[1]), y1: middle, y2: middle }) : null,
    mean === null ? null : s("line", { class: "mean", x1: at(mean), x2: at(mean), y1: 3, y2: HEIGHT - 3 }),
  );
}

/** @param {Interval} span */
function axis(span) {
  const at = placing(span);
  const marks = ticks(...span, 5).map((value) =>
    s("text", { x: at(value), y: HEIGHT - 8, "text-anchor": value > 0.98 ? "end" : "middle" }, String(value)),
  );
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "outcome-strip axis", "aria-hidden": "true" };
  const drawn = s("svg", box, ...marks);
  return h("th", { scope: "col" }, "Test accuracy, a dot a run", drawn);
}
