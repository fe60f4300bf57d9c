// One cell: its boundary in large, how many runs agree, every run, and how they came there.

import { ClassScale } from "../explorer/colours.js";
import { epochText, h, say } from "../explorer/dom.js";
import { hues, scaleBar } from "../explorer/legend.js";
import { Plot } from "../explorer/map.js";
import { chart, epochAxis, even, keys, meanOf, medianOf, powers, SMALL_SIZE, stepped, strip } from "./charts.js";
import { brief, factorText, figure, isLogarithmic, layerOf, levelText, nameOf, range, written } from "./measures.js";
import { recorded } from "./study.js";

/** @typedef {import("./main.js").Shown} Shown */
/** @typedef {import("./view.js").StudyView} StudyView */
/** @typedef {import("./study.js").Runs} Runs */

export class Detail {
  /** @type {[Plot, Plot] | null} */
  #plots = null;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.title = h("h2", { id: "cell-title" });
    this.note = h("p", { class: "lead" });
    this.numbers = h("p", { class: "figure" });
    this.maps = h("div", { class: "maps" });
    this.runs = h("div", { class: "runs" });
    this.actions = h("div", { class: "open" });
    element.append(this.title, this.note, this.numbers, this.maps, this.runs, this.actions);
  }

  /** What is known at once.
   *  @param {StudyCell} cell @param {StudyView} view @param {Shown} shown @param {boolean} isChosen */
  draw(cell, view, shown, isChosen) {
    const summary = shown.summaries.get(cell.digest) ?? null;
    say(this.title, cell.name);
    const levels = Object.entries(cell.factors).map(([name, level]) => `${factorText(name)} ${levelText(level)}`);
    const runs = `${cell.replicates} of ${shown.study.facts.replicates} runs`;
    const failed = cell.failed > 0 ? `, ${cell.failed} failed` : "";
    say(this.note, `${levels.join(", ")}${levels.length > 0 ? "; " : ""}${runs}${failed}`);
    this.numbers.replaceChildren(...numbersOf(summary, view.metric));
    this.#drawMaps(cell, shown.maps);
    this.actions.replaceChildren(
      ...actions(cell, shown.study),
      ...(isChosen ? [] : [h("p", {}, h("small", {}, "Click the cell, or press Enter, to keep it here."))]),
    );
  }

  /** @param {StudyCell} cell @param {import("./maps.js").Maps | null} maps */
  #drawMaps(cell, maps) {
    if (maps === null) return;
    const map = maps.of(cell);
    this.maps.classList.toggle("without", map === null);
    const of = map?.of ?? maps.study.maps[cell.map ?? 0];
    const [x, y] = of.domain;
    const domain = { x, y, names: [...of.features] };
    const [mean, agreement] = (this.#plots ??= this.#newPlots(domain, maps));
    const isMissing = map === null && maps.isLoaded;
    const spans = of.domain.map((ends) => ends.map((end) => written(end)).join(" to "));
    const [across, up] = of.features.map((name, i) => `${name} from ${spans[i]}`);
    const words = isMissing ? "No boundary is kept of this cell." : `${across} across, ${up} up.`;
    say(/** @type {Element} */ (this.maps.lastElementChild), words);
    if (map === null) return;
    const drawn = maps.drawn(map);
    mean.moveTo(domain);
    mean.paint(drawn.field, maps.scale);
    for (const [name, path] of drawn.lines) mean.draw(name, path);
    mean.number(drawn.labels);
    const agreed = maps.agreed(map);
    const second = this.maps.children[1];
    if (second instanceof HTMLElement) second.hidden = agreed === null;
    if (agreed !== null) agreement.paint(agreed, maps.agreementScale);
  }

  /** @param {Domain} domain @param {import("./maps.js").Maps} maps
   *  @returns {[Plot, Plot]} */
  #newPlots(domain, maps) {
    const plots = /** @type {[Plot, Plot]} */ ([new Plot(domain, maps.nodes), new Plot(domain, maps.nodes)]);
    const { scale } = maps;
    const what = maps.isMulticlass ? "most frequent class" : maps.isValue ? "mean of the runs" : "mean P(y = 1)";
    const bars = [maps.scale, maps.agreementScale].map((scale) => scaleBar(scale, brief(scale.low), brief(scale.high)));
    this.maps.replaceChildren(
      ...plots.map((plot, i) =>
        h(
          "figure",
          {},
          h("div", { class: "frame", role: "img", "aria-label": [what, "agreement of the runs"][i] }, plot.element),
          h("figcaption", {}, h("span", {}, [what, "runs that agree"][i]), bars[i]),
        ),
      ),
      ...(scale instanceof ClassScale ? [hues(scale, classesOf(maps))] : []),
      h("p", { class: "lead" }),
    );
    return plots;
  }

  /** That its runs are being asked for: those of another cell keep their place unseen, so that nothing moves. */
  wait() {
    this.runs.setAttribute("aria-busy", "true");
  }

  /** Why there are no runs.
   *  @param {string} text */
  say(text) {
    this.runs.removeAttribute("aria-busy");
    this.runs.replaceChildren(h("p", { class: "message" }, text));
  }

  /** What its runs tell.
   *  @param {StudyView} view @param {Runs} runs @param {CellSummary | null} summary @param {string[]} measures */
  drawRuns({ metric, epoch }, runs, summary, measures) {
    this.runs.removeAttribute("aria-busy");
    const at = recorded(runs.epochs, epoch);
    if (at === null) return this.say("There are no runs yet.");
    const byEpoch = runs.epochs.map((one) => runs.values(metric, one));
    const [values, all] = [runs.values(metric, at), byEpoch.flat()];
    const isLog = isLogarithmic(metric, all);
    const name = nameOf(metric);
    const known = measures.filter((one) => runs.columns.includes(one));
    this.runs.replaceChildren(
      part(`Every run’s ${name}, ${epochText(at)}`, strip(values, summary, metric, isLog, values)),
      part(`The runs’ ${name} by epoch, and their mean`, learning(metric, runs.epochs, byEpoch, at)),
      ...layers("gradient_norm", "Gradient norms by layer, and their median", runs, at),
      h(
        "details",
        { open: this.runs.querySelector("details")?.open ?? false },
        h("summary", {}, `All measures, ${epochText(at)}`),
        table(known, runs, at),
      ),
    );
  }
}

/** @param {import("./maps.js").Maps} maps */
const classesOf = ({ study }) => (study.maps.find(({ classes }) => classes !== null)?.classes ?? []).map(String);

/** @param {string} title @param {Node} drawing @param {Node | null} legend */
const part = (title, drawing, legend = null) => h("figure", {}, h("figcaption", {}, title), drawing, legend);

/** @param {CellSummary | null} summary @param {string} metric */
function numbersOf(summary, metric) {
  if (summary === null || summary.mean === null) return [h("span", {}, `${nameOf(metric)}: none`)];
  const { mean, ci95, sd, min, median, max, count } = summary;
  const spread = [
    sd === null ? null : `sd ${written(sd, metric)}`,
    min === null || max === null ? null : `${written(min, metric)} to ${written(max, metric)}`,
    median === null ? null : `median ${written(median, metric)}`,
  ].filter((text) => text !== null);
  return [
    h("span", {}, nameOf(metric), " ", h("strong", {}, figure(mean, metric)), ci95 ? ` ${range(ci95, metric)}` : ""),
    h("small", {}, `${count} runs: ${spread.join(", ")}`),
  ];
}

/** @param {string} metric @param {number[]} epochs @param {number[][]} byEpoch the runs' values @param {number} now */
function learning(metric, epochs, byEpoch, now) {
  const count = Math.max(...byEpoch.map((values) => values.length));
  const [all, name] = [byEpoch.flat(), nameOf(metric)];
  const y = isLogarithmic(metric, all) ? powers(all, SMALL_SIZE.up, name) : even(all, SMALL_SIZE.up, name, metric);
  const runs = Array.from({ length: count }, (_, run) => epochs.map((x, i) => ({ x, y: byEpoch[i][run] ?? NaN })));
  const marks = epochs.map((x, i) => ({ x, y: meanOf(byEpoch[i]) }));
  const [first, last] = [marks[0], marks[marks.length - 1]];
  const ends = [first, last].map(({ y: mean }) => written(mean, metric));
  const title = `${name} by epoch: a mean of ${ends[0]} at first, ${ends[1]} in the end`;
  return chart(title, epochAxis(epochs, SMALL_SIZE.across), y, [{ name, hue: "rate-1", marks, runs }], now);
}

/** A measure of each layer, before training and at an epoch.
 *  @param {string} kind @param {string} title @param {Runs} runs @param {number} epoch */
function layers(kind, title, runs, epoch) {
  const found = runs.columns.flatMap((name) => {
    const layer = layerOf(name);
    return layer !== null && layer[0] === kind ? [{ name, layer: layer[1] }] : [];
  });
  found.sort((a, b) => a.layer - b.layer);
  const epochs = [...new Set([runs.epochs[0], epoch])];
  const values = epochs.map((at) => found.map(({ name }) => runs.values(name, at)));
  const last = found.filter((_, i) => values.some((one) => one[i].some(Number.isFinite))).length;
  const all = values.flat(2).filter((value) => value > 0);
  if (last === 0 || all.length === 0) return [];
  const series = epochs.map((at, k) => ({
    name: epochText(at),
    hue: k === epochs.length - 1 ? "rate-1" : "rate-0",
    marks: found.slice(0, last).map((_, i) => ({ x: i, y: medianOf(values[k][i]) })),
    runs: Array.from({ length: values[k][0].length }, (_, run) =>
      found.slice(0, last).map((_, i) => ({ x: i, y: values[k][i][run] })),
    ),
  }));
  const names = found.slice(0, last).map(({ layer }) => String(layer));
  const x = stepped(names, SMALL_SIZE.across, "layer; the last is the output");
  const ends = series.map(({ name, marks }) => `${name} ${marks.map(({ y }) => written(y)).join(", ")}`);
  const drawing = chart(`${title}: ${ends.join("; ")}`, x, powers(all, SMALL_SIZE.up, "gradient norm"), series);
  return [part(title, drawing, keys(series))];
}

/** @param {string[]} measures @param {Runs} runs @param {number} epoch */
function table(measures, runs, epoch) {
  const rows = measures.flatMap((name) => {
    const values = runs.values(name, epoch).filter(Number.isFinite);
    if (values.length === 0) return [];
    const cells = [meanOf(values), Math.min(...values), medianOf(values), Math.max(...values)];
    const numbers = cells.map((value) => h("td", {}, figure(value, name)));
    return [h("tr", {}, h("th", { scope: "row" }, nameOf(name)), numbers)];
  });
  const heads = ["Measure", "Mean", "Least", "Median", "Most"].map((text) => h("th", { scope: "col" }, text));
  return h(
    "div",
    { class: "scroll evidence", tabindex: 0, role: "region", "aria-label": "All measures" },
    h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)),
  );
}

/** Where else the cell is found, or how it gets there.
 *  @param {StudyCell} cell @param {import("./study.js").Study} study */
function actions(cell, { facts }) {
  const query = new URLSearchParams({ where: `cell:${cell.digest}`, format: "csv" });
  const csv = h("a", { href: `${facts.name}?${query}`, download: `${cell.name}.csv` }, "Its rows (CSV)");
  if (cell.model !== null) {
    const view = new URLSearchParams({ experiment: cell.experiment ?? facts.name, inside: cell.model });
    return [h("p", { class: "links" }, h("a", { href: `../?${view}#inside` }, "Open in the explorer"), csv)];
  }
  const levels = Object.entries(cell.factors).filter(([, level]) => level !== null);
  const chosen = levels.map(([name, level]) => `${name} = ${JSON.stringify(level)}`).join(", ");
  return [
    h("p", { class: "links" }, csv),
    h("p", {}, h("small", {}, "To open it in the explorer, export it as a model: in the study’s file")),
    h("pre", { tabindex: 0 }, `export = [{ ${chosen} }]`),
    h("p", {}, h("small", {}, "and then")),
    h("pre", { tabindex: 0 }, `python -m training study ${facts.name}.toml --export-only`),
  ];
}
