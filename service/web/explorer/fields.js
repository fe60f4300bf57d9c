// Fields: what a map shows, a number at each node of one grid that all maps share. Evaluated from weights where the
// page can, which takes a millisecond; else asked of the service and kept.

import { grid, linspace } from "./network.js";
import { isOfP } from "./view.js";

/** Nodes an axis. A panel is some 300 pixels wide; the line P = 0.5 is interpolated between nodes and no finer grid
 *  moves it by a pixel. */
export const NODES = 81;

const MAX_KEPT = 600;

/** @typedef {import("./network.js").Network} Network */

export class Fields {
  /** @type {Map<string, Float32Array>} by query */
  #kept = new Map();
  /** @type {Map<string, Float64Array>} by model, run and snapshot */
  #test = new Map();
  /** @type {WeakMap<Model, {network: Network, snapshot: number, layers: Layers}>} */
  #last = new WeakMap();
  /** @type {WeakMap<Network, LearningCurve>} */
  #learning = new WeakMap();

  /** @param {import("./service.js").Service} service @param {Catalogue} catalogue */
  constructor(service, catalogue) {
    this.service = service;
    this.catalogue = catalogue;
    const { x, y } = catalogue.domain;
    this.x = linspace(...x, NODES);
    this.y = linspace(...y, NODES);
    this.columns = grid(this.x, this.y);
  }

  /** Why a model has nothing to show in a view, said after its name; null where it has.
   *  @param {Model} model @param {View} view */
  unavailableReason(model, { statistic, run }) {
    if (!model.isServed) return model.states[0]?.reason ?? "is not loaded yet";
    if (!model.isPlane) return `takes ${model.features.length} features, so it has no map`;
    if (statistic !== "probability") return model.runs < 2 ? "has only one training run: nothing to compare" : null;
    return model.unavailableReason(run);
  }

  /** The query with which GET /boundary gives what is shown.
   *  @param {Model} model @param {View} view @param {Record<string, string | number>} more */
  query(model, view, more = {}) {
    const query = new URLSearchParams({ model: model.name, version: `${model.version}`, resolution: `${NODES}` });
    if (model.card === null || !this.#isOwnDomain(model)) {
      const [[x_min, x_max], [y_min, y_max]] = [this.catalogue.domain.x, this.catalogue.domain.y];
      for (const [name, value] of Object.entries({ x_min, x_max, y_min, y_max })) query.set(name, `${value}`);
    }
    if (model.card !== null) query.set("epoch", `${model.epochs[model.snapshot(view.epoch)]}`);
    if (view.statistic !== "probability") query.set("statistic", view.statistic);
    else if (model.card !== null) query.set("replicate", `${view.run}`);
    for (const [name, value] of Object.entries(more)) query.set(name, `${value}`);
    return query;
  }

  /** The same for the difference of a view's two models; null where the service does not answer that: it takes one
   *  epoch for both, or the last of each.
   *  @param {View} view */
  difference(view) {
    if (!isOfP(view) || view.pair === null) return null;
    const at = view.pair.map((model) => model.epochs[model.snapshot(view.epoch)]);
    const isLast = view.pair.every(({ epochs }, i) => at[i] === epochs.at(-1));
    if (!isLast && at[0] !== at[1]) return null;
    const query = this.query(view.pair[0], view, { minus: view.pair[1].name });
    if (at[0] !== at[1]) query.delete("epoch");
    return query;
  }

  /** The field of a model in a view, [NODES · NODES], or null where it is not loaded. Valid until the model's next.
   *  @param {Model} model @param {View} view
   *  @returns {ArrayLike<number> | null} */
  of(model, view) {
    const network = view.statistic === "probability" ? model.network(view.run) : null;
    if (network === null) return this.#kept.get(String(this.query(model, view))) ?? null;
    return this.#evaluated(model, network, view)[network.layers.length - 1][0];
  }

  /** Load what a model's field needs.
   *  @param {Model} model @param {View} view */
  async load(model, view) {
    if (this.unavailableReason(model, view) !== null) return;
    if (view.statistic === "probability" && model.isEvaluatedHere) await model.loadNetwork(this.service, view.run);
    else await this.#keep(this.query(model, view));
  }

  /** The output of every unit of a run, by layer and unit, [NODES · NODES] each, the output unit last; null where they
   *  are not loaded. Valid until the model's next.
   *  @param {Model} model @param {View} view
   *  @returns {Layers | null} */
  units(model, view) {
    const network = model.network(view.run);
    if (network !== null) return this.#evaluated(model, network, view);
    const layers = this.#unitQueries(model, view).map((layer) => layer.map((query) => this.#kept.get(String(query))));
    return layers.flat().includes(undefined) ? null : /** @type {Layers} */ (layers);
  }

  /** Load what they need.
   *  @param {Model} model @param {View} view */
  async loadUnits(model, view) {
    if (model.isEvaluatedHere) await model.loadNetwork(this.service, view.run);
    else
      await Promise.all(
        this.#unitQueries(model, view)
          .flat()
          .map((query) => this.#keep(query)),
      );
  }

  /** @param {Model} model @param {View} view */
  #unitQueries(model, view) {
    const one = { ...view, statistic: "probability" };
    const hidden = model.signatures.includes("activations") ? model.hiddenLayers : [];
    return [
      ...hidden.map((units, l) =>
        Array.from({ length: units }, (_, u) => this.query(model, one, { layer: l + 1, unit: u + 1 })),
      ),
      [this.query(model, one)],
    ];
  }

  /** @param {Model} model @param {Network} network @param {View} view
   *  @returns {Layers} */
  #evaluated(model, network, view) {
    const snapshot = model.snapshot(view.epoch);
    const done = this.#last.get(model);
    if (done?.network === network && done.snapshot === snapshot) return done.layers;
    const layers = network.evaluate(snapshot, this.columns, model.scratch);
    this.#last.set(model, { network, snapshot, layers });
    return layers;
  }

  /** P(y = 1) of a model at the test points in a view; null where that is not of one run or its network not loaded.
   *  @param {Model} model @param {View} view
   *  @returns {Float64Array | null} */
  atTest(model, view) {
    if (this.catalogue.test === null || view.statistic !== "probability") return null;
    const network = model.network(view.run);
    if (network === null) return null;
    const key = `${model.name} ${view.run} ${model.snapshot(view.epoch)}`;
    const kept = this.#test.get(key);
    if (kept !== undefined) return kept;
    if (this.#test.size >= MAX_KEPT) this.#test.clear();
    const { columns } = this.catalogue.test;
    const values = network.output(model.snapshot(view.epoch), columns, model.testScratch).slice();
    this.#test.set(key, values);
    return values;
  }

  /** A run's accuracy at the test points after every recorded epoch; null where they do not test that run or its
   *  network is not loaded. Takes some milliseconds the first time.
   *  @param {Model} model @param {number} run
   *  @returns {LearningCurve | null} */
  learning(model, run) {
    const network = model.network(run);
    if (this.catalogue.test === null || network === null || !model.isTestedBy(run)) return null;
    const { columns, labels } = this.catalogue.test;
    const curve = this.#learning.get(network) ?? {
      epochs: network.epochs,
      accuracies: network.epochs.map((_, i) => share(network.output(i, columns, model.testScratch), labels)),
    };
    this.#learning.set(network, curve);
    return curve;
  }

  /** @param {Model} model */
  #isOwnDomain(model) {
    const { x, y } = this.catalogue.domain;
    return [x, y].every(([low, high], axis) => model.features[axis].low === low && model.features[axis].high === high);
  }

  /** @param {URLSearchParams} query */
  async #keep(query) {
    const key = String(query);
    if (this.#kept.has(key)) return;
    const values = await this.service.grid(query);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, values);
  }
}

/** The share of points whose P(y = 1) is on their label's side of 0.5.
 *  @param {Float64Array} probabilities @param {number[]} labels */
export function share(probabilities, labels) {
  return probabilities.reduce((sum, p, i) => sum + Number(Number(p >= 0.5) === labels[i]), 0) / labels.length;
}
