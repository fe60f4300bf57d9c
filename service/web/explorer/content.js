// The page's content: every part of it, made for one catalogue, and drawn for one view after another.

import { scaleOf } from "./colours.js";
import { Comparison, pairOf, verdict } from "./comparison.js";
import { Curves } from "./curve.js";
import { Data } from "./data.js";
import { byId, say } from "./dom.js";
import { curl } from "./downloads.js";
import { Fields } from "./fields.js";
import { legend, marks } from "./legend.js";
import { NetworkView } from "./network-view.js";
import { DifferencePanel, differenceScale, ModelPanel } from "./panels.js";
import { PointView } from "./point.js";
import { questions } from "./questions.js";
import { addressOf } from "./state.js";
import { comparable, coordinate, viewOf } from "./view.js";

/** @typedef {ArrayLike<number> | null} Field */

export class Content {
  /** @type {Map<string, Field>} what is drawn, by model */
  #values = new Map();

  /** @param {Catalogue} catalogue @param {import("./service.js").Service} service
   *  @param {import("./state.js").State} state */
  constructor(catalogue, service, state) {
    this.catalogue = catalogue;
    this.service = service;
    this.state = state;
    this.fields = new Fields(service, catalogue);
    this.data = new Data(catalogue);
    const handlers = this.#handlers();
    const maps = comparable(catalogue).length;
    const { comparison } = catalogue;
    this.panels = catalogue.models.map((model) => new ModelPanel(model, catalogue, handlers));
    this.difference = maps > 1 ? new DifferencePanel(catalogue, handlers) : null;
    this.curves = new Curves(this.panels, this.fields, catalogue.epochs);
    this.networkView = new NetworkView(byId("inside"), catalogue, handlers);
    this.pointView = new PointView(byId("point"), catalogue, service, handlers);
    this.comparison = comparison === null ? null : new Comparison(byId("comparison"), comparison, handlers);
    byId("panels").replaceChildren(...this.panels.map(({ element }) => element));
    if (this.difference !== null) byId("panels").append(this.difference.element);
    byId("questions").replaceChildren(...questions(catalogue, state));
    for (const name of ["comparison", "dataset"]) {
      const query = new URLSearchParams({ experiment: catalogue.experiment ?? "", format: "csv" });
      byId(`${name}-csv`).setAttribute("href", `${name}?${query}`);
    }
    for (const id of ["inside", "point"]) byId(id).hidden = maps === 0;
    byId("comparison").hidden = comparison === null;
  }

  /** @returns {Handlers} */
  #handlers() {
    const { state, catalogue } = this;
    return {
      onpoint: ([x, y]) => state.set({ x: coordinate(x), y: coordinate(y) }),
      onlook: (name) => state.go({ inside: name, unit: null }, "inside"),
      oninside: (name) => state.set({ inside: name, unit: null }),
      onunit: (unit) => state.set({ unit }),
      onepoch: (epoch) => state.set({ epoch: epoch === catalogue.epochs.at(-1) ? null : epoch }),
      onpair: (pair) => state.set(pair),
      onrun: (run) => state.set({ run, statistic: "probability" }),
      onsort: (sort) => state.set({ sort }),
    };
  }

  get view() {
    return viewOf(this.catalogue, this.state.values);
  }

  /** Load what a view needs: its maps, its run's networks, and the units of the network that is seen.
   *  @param {View} view @param {Set<string>} seen the ids of the sections in sight */
  async load(view, seen) {
    const { models } = this.catalogue;
    const inside = this.catalogue.model(view.inside);
    const isInside = inside !== null && seen.has("inside") && inside.unavailableReason(view.run) === null;
    await Promise.all([
      ...models.map((model) => this.fields.load(model, view)),
      ...models.map((model) => model.loadNetwork(this.service, view.run)),
      isInside ? this.fields.loadUnits(inside, view) : null,
    ]);
  }

  /** Draw everything that is seen, as far as it is loaded; say whether that was all.
   *  @param {View} view @param {Set<string>} seen */
  draw(view, seen) {
    const { fields, catalogue } = this;
    const available = catalogue.models.filter((model) => fields.unavailableReason(model, view) === null);
    const values = new Map(available.map((model) => [model.name, fields.of(model, view)]));
    if ([...values.values()].includes(null)) return false;
    this.#values = values;
    legend(byId("legend"), catalogue, view, () => this.state.go({}, "point"));
    this.data.draw(view, this.panels);
    for (const panel of this.panels) panel.draw(view, fields, values.get(panel.model.name) ?? null);
    this.#drawDifference(view);
    const command = curl(fields, available, view, this.#isDifferenceShown(view) ? fields.difference(view) : null);
    if (byId("curl").textContent !== command) byId("curl").textContent = command;
    this.comparison?.draw(view);
    this.pointView.fill(view);
    if (seen.has("point") && !this.#drawPoint(view)) return false;
    if (seen.has("inside") && !this.#drawInside(view)) return false;
    this.curves.show(view);
    return true;
  }

  /** @param {View} view */
  #isDifferenceShown({ pair }) {
    return this.difference !== null && pair !== null && pair.every(({ name }) => this.#values.has(name));
  }

  /** @param {View} view */
  #drawDifference(view) {
    if (this.difference === null || view.pair === null) return;
    const [a, b] = view.pair.map(({ name }) => name);
    this.difference.draw(view, view.pair, this.fields, this.#values.get(a) ?? null, this.#values.get(b) ?? null);
    const tested = pairOf(this.catalogue.comparison, a, b);
    say(this.difference.verdict, tested ? `${verdict(tested)}.` : "");
  }

  /** @param {View} view */
  #drawPoint(view) {
    const isLoaded = (/** @type {Model} */ model) =>
      !model.isEvaluatedHere || model.unavailableReason(view.run) !== null || model.network(view.run) !== null;
    if (!this.catalogue.models.every(isLoaded)) return false;
    this.pointView.draw(view);
    return true;
  }

  /** @param {View} view */
  #drawInside(view) {
    const model = this.catalogue.model(view.inside);
    if (model === null) return true;
    const reason = model.unavailableReason(view.run);
    if (reason !== null) {
      this.networkView.say(model, reason);
      return true;
    }
    const units = this.fields.units(model, view);
    if (units === null) return false;
    this.networkView.draw(view, model, units);
    return true;
  }

  /** What a download takes with it.
   *  @returns {import("./downloads.js").Shown} */
  shown() {
    const { view, fields, catalogue } = this;
    const drawn = this.panels.filter(({ model }) => this.#values.has(model.name));
    /** @type {import("./downloads.js").ShownMap[]} */
    const panels = drawn.map(({ model, plot, summary }) => ({
      name: model.name,
      plot,
      note: summary.textContent,
      dots: true,
    }));
    if (this.difference !== null && view.pair !== null && this.#isDifferenceShown(view)) {
      const { plot, summary } = this.difference;
      const name = view.pair.map((model) => model.name).join(" − ");
      panels.push({ name, plot, note: summary.textContent, scale: differenceScale(view), dots: false });
    }
    const what = view.statistic === "probability" ? `run ${view.run}` : `${view.statistic} of all runs`;
    const scale = scaleOf(view.statistic, view.colours);
    return {
      panels,
      fields,
      values: new Map(drawn.map(({ model }) => [model.name, Float32Array.from(fields.of(model, view) ?? [])])),
      title: `${scale.label}, ${what}, epoch ${view.epoch ?? "unknown"}`,
      scale,
      legend: marks(catalogue, view),
      dots: (pixels) => this.data.picture(view, pixels),
      commands: byId("curl").textContent,
      address: location.origin + addressOf(this.state.values),
    };
  }
}
