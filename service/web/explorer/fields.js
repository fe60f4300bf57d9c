// Fields: what a map shows, a number at each node of one grid that all maps share. From weights where a model has them,
// which takes a millisecond, else asked of the service and kept.

import { grid, linspace } from "./network.js";
import { isOfP } from "./view.js";

/** Nodes an axis. A panel is some 300 pixels wide; the line P = 0.5 is interpolated between nodes and no finer grid
 *  moves it by a pixel. */
export const NODES = 81;

const KEPT = 600;

export class Fields {
  #kept = new Map();
  #test = new Map();
  #last = new WeakMap();
  #learning = new WeakMap();

  constructor(service, catalogue) {
    this.service = service;
    this.catalogue = catalogue;
    const { x, y } = catalogue.domain;
    this.x = linspace(...x, NODES);
    this.y = linspace(...y, NODES);
    this.columns = grid(this.x, this.y);
  }

  /** Say why a model has nothing to show in a view, or null. */
  lacks(model, { statistic, run }) {
    if (!model.isServed) return model.states[0]?.reason ?? "is not loaded yet";
    if (!model.isPlane) return `takes ${model.features.length} numbers a point, so there is no map of it`;
    if (statistic !== "probability") return model.runs < 2 ? "has one training run only: nothing to compare" : null;
    return model.lacks(run);
  }

  /** What to ask GET /boundary for the same as is shown; null where there is nothing. */
  query(model, view, more = {}) {
    const query = new URLSearchParams({ model: model.name, version: model.version, resolution: NODES });
    if (model.card === null || !this.#isOwnDomain(model)) {
      const [[x_min, x_max], [y_min, y_max]] = [this.catalogue.domain.x, this.catalogue.domain.y];
      for (const [name, value] of Object.entries({ x_min, x_max, y_min, y_max })) query.set(name, value);
    }
    if (model.card !== null) query.set("epoch", model.card.epochs[model.snapshot(view.epoch)]);
    if (view.statistic !== "probability") query.set("statistic", view.statistic);
    else if (model.card !== null) query.set("replicate", view.run);
    for (const [name, value] of Object.entries(more)) query.set(name, value);
    return query;
  }

  /** The same for the difference of a view's two models; null where the service does not answer that: it takes one epoch
   *  for both, or each one's last. */
  difference(view) {
    if (!isOfP(view)) return null;
    const at = [view.a, view.b].map(({ card }, i) => card?.epochs[[view.a, view.b][i].snapshot(view.epoch)] ?? null);
    const isLast = [view.a, view.b].every(({ card }, i) => card === null || at[i] === card.epochs.at(-1));
    if (!isLast && at[0] !== at[1]) return null;
    const query = this.query(view.a, view, { minus: view.b.name });
    if (at[0] !== at[1]) query.delete("epoch");
    return query;
  }

  /** The field of a model in a view, [NODES · NODES], or null where it is not at hand. Valid until the model's next. */
  of(model, view) {
    const network = view.statistic === "probability" ? model.network(view.run) : null;
    if (network === null) return this.#kept.get(String(this.query(model, view))) ?? null;
    return this.#evaluated(model, network, view).at(-1)[0];
  }

  /** Make a model's field be at hand. */
  async load(model, view) {
    if (this.lacks(model, view) !== null) return;
    if (view.statistic === "probability" && model.isEvaluatedHere) await model.loadNetwork(this.service, view.run);
    else await this.#keep(this.query(model, view));
  }

  /** What every unit of a run does, by layer and unit, [NODES · NODES] each, the output unit last; null where it is not
   *  at hand. Valid until the model's next. */
  units(model, view) {
    const network = model.network(view.run);
    if (network !== null) return this.#evaluated(model, network, view);
    const layers = this.#unitQueries(model, view).map((layer) => layer.map((query) => this.#kept.get(String(query))));
    return layers.flat().includes(undefined) ? null : layers;
  }

  /** Make them be at hand. */
  async loadUnits(model, view) {
    if (model.isEvaluatedHere) await model.loadNetwork(this.service, view.run);
    else await Promise.all(this.#unitQueries(model, view).flat().map((query) => this.#keep(query)));
  }

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

  #evaluated(model, network, view) {
    const snapshot = model.snapshot(view.epoch);
    const done = this.#last.get(model);
    if (done?.network === network && done.snapshot === snapshot) return done.layers;
    const layers = network.evaluate(snapshot, this.columns, model.scratch);
    this.#last.set(model, { network, snapshot, layers });
    return layers;
  }

  /** P(y = 1) of a model at the test points in a view, or null: of one run only, and known. */
  atTest(model, view) {
    if (this.catalogue.test === null || view.statistic !== "probability") return null;
    const network = model.network(view.run);
    if (network === null) return null;
    const key = `${model.name} ${view.run} ${model.snapshot(view.epoch)}`;
    if (!this.#test.has(key)) {
      if (this.#test.size >= KEPT) this.#test.clear();
      const values = network.evaluate(model.snapshot(view.epoch), this.catalogue.test.columns, model.testScratch).at(-1)[0];
      this.#test.set(key, Float64Array.from(values));
    }
    return this.#test.get(key);
  }

  /** How many of the test points a run of a model has right after every recorded epoch, as shares, with the epochs; null
   *  where they do not test that run or its weights are not at hand. Takes some milliseconds the first time. */
  learning(model, run) {
    const network = model.network(run);
    if (this.catalogue.test === null || network === null || !model.isTestedBy(run)) return null;
    if (!this.#learning.has(network)) {
      const { columns, labels } = this.catalogue.test;
      const accuracies = network.epochs.map((_, snapshot) => share(network.evaluate(snapshot, columns, model.testScratch).at(-1)[0], labels));
      this.#learning.set(network, { epochs: network.epochs, accuracies });
    }
    return this.#learning.get(network);
  }

  #isOwnDomain(model) {
    const { x, y } = this.catalogue.domain;
    return [x, y].every(([low, high], axis) => model.features[axis].low === low && model.features[axis].high === high);
  }

  async #keep(query) {
    const key = String(query);
    if (!this.#kept.has(key)) {
      const values = await this.service.grid(query);
      if (this.#kept.size >= KEPT) this.#kept.clear();
      this.#kept.set(key, values);
    }
    return this.#kept.get(key);
  }
}

/** The share of points whose P(y = 1) is on their label's side of 0.5. */
export function share(probabilities, labels) {
  return probabilities.reduce((sum, p, i) => sum + Number(Number(p >= 0.5) === labels[i]), 0) / labels.length;
}
