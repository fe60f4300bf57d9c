// Fields: what a map shows, a number at each node of the grid of its place. Evaluated from weights where the page can,
// which takes a millisecond; else asked of the service and kept.

import { grid, linspace } from "./network.js";
import { mostProbable } from "./quantity.js";
import { isRefusal } from "./service.js";
import { classOf, isOfP, placeIn } from "./view.js";

/** Nodes an axis. A panel is some 300 pixels wide; the line P = 0.5 is interpolated between nodes and no finer grid
 *  moves it by a pixel. */
export const NODES = 81;

/** The same for an average over the data: each node costs the service as many evaluations as there are rows. */
const FEW_NODES = 41;

const MAX_KEPT = 600;

/** Units of a layer that are asked for. */
const MOST_UNITS = 64;

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./encoder.js").Column} Column */

export class Fields {
  /** @type {Map<string, Field>} by query */
  #kept = new Map();
  /** @type {Map<string, string>} by query, why the service does not answer it */
  #refused = new Map();
  /** @type {Map<string, Float64Array[]>} by model, run and snapshot */
  #test = new Map();
  /** @type {WeakMap<Model, {network: Network, snapshot: number, place: Place, layers: Layers}>} */
  #last = new WeakMap();
  /** @type {WeakMap<Network, LearningCurve>} */
  #learning = new WeakMap();
  /** @type {WeakMap<Place, Column[]>} */
  #columns = new WeakMap();

  /** @param {import("./service.js").Service} service @param {Catalogue} catalogue */
  constructor(service, catalogue) {
    this.service = service;
    this.catalogue = catalogue;
  }

  /** All features at the nodes of a place.
   *  @param {Place} place */
  columns(place) {
    const kept = this.#columns.get(place);
    if (kept !== undefined) return kept;
    const columns = place.with(grid(linspace(...place.x, NODES), linspace(...place.y, NODES)));
    this.#columns.set(place, columns);
    return columns;
  }

  /** Why a model has nothing to show in a view, said after its name; null where it has.
   *  @param {Model} model @param {View} view */
  unavailableReason(model, view) {
    if (!model.isServed) return model.states[0]?.reason ?? "is not loaded yet";
    if (!model.isMapped) return "takes one feature, so it has no map";
    const { statistic, run } = view;
    if (statistic !== "probability" && model.runs < 2) return "has only one training run: nothing to compare";
    const reason = statistic === "probability" ? model.unavailableReason(run) : null;
    if (reason !== null || this.#refused.size === 0) return reason;
    return this.#refused.get(String(this.query(model, view))) ?? null;
  }

  /** The query with which GET /boundary gives what is shown.
   *  @param {Model} model @param {View} view @param {Record<string, string | number>} more */
  query(model, view, more = {}) {
    const place = placeIn(model, view);
    const nodes = place.isAverage ? FEW_NODES : NODES;
    const query = new URLSearchParams({ model: model.name, version: `${model.version}`, resolution: `${nodes}` });
    const [x, y] = place.axes.map((axis) => model.features[axis]);
    const isOwn = [x.low, x.high, y.low, y.high].every((end, i) => end === [...place.x, ...place.y][i]);
    if (!isOwn || (model.card === null && model.isOfData)) {
      const [[x_min, x_max], [y_min, y_max]] = [place.x, place.y];
      for (const [name, value] of Object.entries({ x_min, x_max, y_min, y_max })) query.set(name, `${value}`);
    }
    if (model.card !== null) query.set("epoch", `${model.epochs[model.snapshot(view.epoch)]}`);
    if (view.statistic !== "probability") query.set("statistic", view.statistic);
    else if (model.card !== null) query.set("replicate", `${view.run}`);
    place.ask(query);
    const class_ = classOf(model.quantity, view.class, view.statistic);
    if (class_ !== null && more.layer === undefined) query.set("class", class_);
    for (const [name, value] of Object.entries(more)) query.set(name, `${value}`);
    return query;
  }

  /** The same for the difference of a view's two models; null where the service does not answer that: it takes one
   *  epoch for both, or the last of each, and of several classes one.
   *  @param {View} view */
  difference(view) {
    if (!isOfP(view) || view.pair === null) return null;
    if (view.pair[0].quantity.isMulticlass && view.class === null) return null;
    const at = view.pair.map((model) => model.epochs[model.snapshot(view.epoch)]);
    const isLast = view.pair.every(({ epochs }, i) => at[i] === epochs.at(-1));
    if (!isLast && at[0] !== at[1]) return null;
    const query = this.query(view.pair[0], view, { minus: view.pair[1].name });
    if (at[0] !== at[1]) query.delete("epoch");
    return query;
  }

  /** Whether the page evaluates a model's map itself in a view.
   *  @param {Model} model @param {View} view */
  #isEvaluated(model, view) {
    return view.statistic === "probability" && model.isEvaluatedHere && !placeIn(model, view).isAverage;
  }

  /** The field of a model in a view, [NODES · NODES], or null where it is not loaded. Valid until the model's next.
   *  @param {Model} model @param {View} view
   *  @returns {Field | null} */
  of(model, view) {
    const network = this.#isEvaluated(model, view) ? model.network(view.run) : null;
    if (network === null) return this.#kept.get(String(this.query(model, view))) ?? null;
    const outputs = this.#evaluated(model, network, view)[network.layers.length - 1];
    const { classes, isMulticlass } = model.quantity;
    const class_ = classOf(model.quantity, view.class, view.statistic);
    if (isMulticlass && class_ === null) return { ...mostProbable(outputs), outputs };
    return { values: outputs[class_ === null ? 0 : classes.indexOf(class_)], labels: null };
  }

  /** Load what a model's field needs.
   *  @param {Model} model @param {View} view */
  async load(model, view) {
    if (this.unavailableReason(model, view) !== null) return;
    if (this.#isEvaluated(model, view)) await model.loadNetwork(this.service, view.run);
    if (!this.#isEvaluated(model, view)) await this.#keep(this.query(model, view));
  }

  /** The output of every unit of a run, by layer and unit, [NODES · NODES] each, the outputs last, with the other
   *  features held; null where they are not loaded. Valid until the model's next.
   *  @param {Model} model @param {View} view
   *  @returns {Layers | null} */
  units(model, view) {
    const network = model.network(view.run);
    if (network !== null) return this.#evaluated(model, network, view);
    const layers = this.#unitQueries(model, view).map((layer) =>
      layer.map((query) => this.#kept.get(String(query))?.values),
    );
    return layers.flat().includes(undefined) ? null : /** @type {Layers} */ (layers);
  }

  /** Why they cannot be shown, said after the model's name; null where they can.
   *  @param {Model} model @param {View} view */
  unitsUnavailable(model, view) {
    const reason = model.unavailableReason(view.run);
    if (reason !== null || this.#refused.size === 0 || model.isEvaluatedHere) return reason;
    const queries = this.#unitQueries(model, view).flat();
    return queries.map((query) => this.#refused.get(String(query))).find((one) => one !== undefined) ?? null;
  }

  /** Load what they need.
   *  @param {Model} model @param {View} view */
  async loadUnits(model, view) {
    if (model.isEvaluatedHere) await model.loadNetwork(this.service, view.run);
    if (model.isEvaluatedHere) return;
    const queries = this.#unitQueries(model, view).flat();
    await Promise.all(queries.map((query) => this.#keep(query)));
  }

  /** @param {Model} model @param {View} view */
  #unitQueries(model, view) {
    const one = { ...view, statistic: "probability", place: view.place.heldOnly };
    const hidden = model.signatures.includes("activations") ? model.hiddenLayers : [];
    const { isMulticlass, classes } = model.quantity;
    return [
      ...hidden.map((units, l) =>
        Array.from({ length: Math.min(units, MOST_UNITS) }, (_, u) =>
          this.query(model, one, { layer: l + 1, unit: u + 1 }),
        ),
      ),
      isMulticlass ? classes.map((name) => this.query(model, one, { class: name })) : [this.query(model, one)],
    ];
  }

  /** @param {Model} model @param {Network} network @param {View} view
   *  @returns {Layers} */
  #evaluated(model, network, view) {
    const snapshot = model.snapshot(view.epoch);
    const place = placeIn(model, view).heldOnly;
    const done = this.#last.get(model);
    if (done?.network === network && done.snapshot === snapshot && done.place === place) return done.layers;
    const layers = network.evaluate(snapshot, this.columns(place), model.scratch);
    this.#last.set(model, { network, snapshot, place, layers });
    return layers;
  }

  /** The outputs of a model at the test points in a view; null where that is not of one run or its network not loaded.
   *  @param {Model} model @param {View} view
   *  @returns {Float64Array[] | null} */
  atTest(model, view) {
    if (this.catalogue.test === null || view.statistic !== "probability") return null;
    const network = this.catalogue.isOurs(model) ? model.network(view.run) : null;
    if (network === null) return null;
    const key = `${model.name} ${view.run} ${model.snapshot(view.epoch)}`;
    const kept = this.#test.get(key);
    if (kept !== undefined) return kept;
    if (this.#test.size >= MAX_KEPT) this.#test.clear();
    const { columns } = this.catalogue.test;
    const outputs = network.outputs(model.snapshot(view.epoch), columns, model.testScratch).map((one) => one.slice());
    this.#test.set(key, outputs);
    return outputs;
  }

  /** A run's accuracy, or R², at the test points after every recorded epoch; null where they do not test that run or
   *  its network is not loaded. Takes some milliseconds the first time.
   *  @param {Model} model @param {number} run
   *  @returns {LearningCurve | null} */
  learning(model, run) {
    const network = this.catalogue.isOurs(model) ? model.network(run) : null;
    if (this.catalogue.test === null || network === null || !model.isTestedBy(run)) return null;
    const { columns, labels } = this.catalogue.test;
    const curve = this.#learning.get(network) ?? {
      epochs: network.epochs,
      scores: network.epochs.map((_, i) =>
        model.quantity.score(network.outputs(i, columns, model.testScratch), labels),
      ),
    };
    this.#learning.set(network, curve);
    return curve;
  }

  /** @param {URLSearchParams} query */
  async #keep(query) {
    const key = String(query);
    if (this.#kept.has(key) || this.#refused.has(key)) return;
    try {
      const values = await this.service.grid(query);
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
      const nodes = Number(query.get("resolution"));
      const n = nodes * nodes;
      const labels = values.length === 2 * n ? values.subarray(0, n) : null;
      const field = { labels, values: labels === null ? values : values.subarray(n) };
      this.#kept.set(key, nodes === NODES ? field : refined(field));
    } catch (error) {
      if (!isRefusal(error)) throw error; // it may answer the next time
      this.#refused.set(key, `is not shown: ${/** @type {Error} */ (error).message}`);
    }
  }
}

/** A field of FEW_NODES an axis on NODES: between its nodes values are interpolated, and labels are the nearest one's.
 *  @param {Field} field
 *  @returns {Field} */
function refined({ values, labels }) {
  const step = (NODES - 1) / (FEW_NODES - 1);
  /** @param {number} i
   *  @returns {[number, number, number, number]} the column and the row of the node below, the shares of the next */
  const at = (i) => {
    const [x, y] = [(i % NODES) / step, Math.floor(i / NODES) / step];
    const [left, bottom] = [Math.min(FEW_NODES - 2, Math.floor(x)), Math.min(FEW_NODES - 2, Math.floor(y))];
    return [left, bottom, x - left, y - bottom];
  };
  const all = Float32Array.from({ length: NODES * NODES }, (_, i) => {
    const [left, bottom, u, v] = at(i);
    const first = bottom * FEW_NODES + left;
    const [a, b, c, d] = [0, 1, FEW_NODES, FEW_NODES + 1].map((more) => values[first + more]);
    return (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v;
  });
  if (labels === null) return { values: all, labels };
  const nearest = (/** @type {number} */ i) => {
    const [left, bottom, u, v] = at(i);
    return labels[(bottom + Math.round(v)) * FEW_NODES + left + Math.round(u)];
  };
  return { values: all, labels: Float32Array.from(all, (_, i) => nearest(i)) };
}
