// Fields: what a map shows, a number at each node of the grid of its place. Evaluated from weights where the page can,
// which takes a millisecond; else asked of the service and kept.

import { finer, grid, linspace, Scratch } from "./network.js";
import { mostProbable } from "./quantity.js";
import { isRefusal } from "./service.js";
import { classOf, isOfP, placeIn } from "./view.js";

/** Nodes an axis. A panel is some 300 pixels wide; the line P = 0.5 is interpolated between nodes and no finer grid
 *  moves it by a pixel. */
export const NODES = 81;

/** The same for an average over the data, where each node costs the service as many evaluations as there are rows, and
 *  while the slider moves. Every other one of NODES. */
export const FEW_NODES = 41;

/** And while it moves on a machine that is too slow for these. */
export const FEWEST_NODES = 21;

/** Fields that are kept: all of a run of a dozen models, 26 kB each, and roughly a quarter of that. */
const MAX_KEPT = 2000;

/** Units of a layer that are asked for. */
const MOST_UNITS = 64;

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./encoder.js").Column} Column */

/** What was made of a field, by name.
 *  @type {WeakMap<Field, Map<string, any>>} */
const made = new WeakMap();

/** What is made of a field, once for each name: a line takes as long as the rest of a map.
 *  @template T
 *  @param {Field} field that stays as it is @param {string} name @param {() => T} make
 *  @returns {T} */
export function once(field, name, make) {
  const all = made.get(field) ?? new Map();
  made.set(field, all);
  if (!all.has(name)) all.set(name, make());
  return all.get(name);
}

export class Fields {
  /** @type {Map<string, Field>} by query, or by model, run, snapshot, place and class */
  #kept = new Map();
  /** @type {Map<string, string>} by query, why the service does not answer it */
  #refused = new Map();
  /** @type {Map<string, Float64Array[]>} by model, run and snapshot */
  #test = new Map();
  /** @type {WeakMap<Model, {network: Network, snapshot: number, place: Place, layers: Layers}>} */
  #last = new WeakMap();
  /** @type {WeakMap<Network, LearningCurve>} */
  #learning = new WeakMap();
  /** @type {WeakMap<Place, Map<number, Column[]>>} */
  #columns = new WeakMap();
  #scratch = new Scratch();
  #unitsScratch = new Scratch();

  /** @param {import("./service.js").Service} service @param {Catalogue} catalogue */
  constructor(service, catalogue) {
    this.service = service;
    this.catalogue = catalogue;
  }

  /** All features at the nodes of a place.
   *  @param {Place} place */
  columns(place, nodes = NODES) {
    const all = this.#columns.get(place) ?? new Map();
    this.#columns.set(place, all);
    const columns = all.get(nodes) ?? place.with(grid(linspace(...place.x, nodes), linspace(...place.y, nodes)));
    all.set(nodes, columns);
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

  /** The field of a model in a view, [NODES · NODES], or null where it is not loaded.
   *  @param {Model} model @param {View} view
   *  @param {number} nodes an axis, where the page evaluates it: half as many are evaluated, painted and looked through
   *  for lines in a quarter of the time
   *  @returns {Field | null} */
  of(model, view, nodes = NODES) {
    const network = this.#isEvaluated(model, view) ? model.network(view.run) : null;
    if (network === null) return this.#kept.get(String(this.query(model, view))) ?? null;
    const class_ = classOf(model.quantity, view.class, view.statistic);
    const place = placeIn(model, view);
    const snapshot = model.snapshot(view.epoch);
    const key = JSON.stringify([model.name, model.version, view.run, snapshot, place.key, class_, nodes]);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const outputs =
      nodes === NODES
        ? this.#evaluated(model, network, view)[network.layers.length - 1]
        : network.outputs(snapshot, this.columns(place, nodes), this.#scratch);
    const field = this.#fieldOf(model, outputs, class_);
    this.#add(key, field);
    return field;
  }

  /** @param {Model} model @param {ArrayLike<number>[]} outputs which are used again @param {string | null} class_
   *  @returns {Field} */
  #fieldOf({ quantity: { classes, isMulticlass } }, outputs, class_) {
    if (!isMulticlass || class_ !== null) {
      return { values: Float32Array.from(outputs[class_ === null ? 0 : classes.indexOf(class_)]), labels: null };
    }
    return { ...mostProbable(outputs), outputs: outputs.map((one) => Float32Array.from(one)) };
  }

  /** @param {string} key @param {Field} field */
  #add(key, field) {
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, field);
  }

  /** Load what a model's field needs.
   *  @param {Model} model @param {View} view */
  async load(model, view) {
    if (this.unavailableReason(model, view) !== null) return;
    if (this.#isEvaluated(model, view)) await model.loadNetwork(this.service, view.run);
    if (!this.#isEvaluated(model, view)) await this.#keep(this.query(model, view));
  }

  /** The output of every unit of a run, by layer and unit, [nodes · nodes] each, the outputs last, with the other
   *  features held; null where they are not loaded. Valid until the model's next.
   *  @param {Model} model @param {View} view @param {number} nodes as above
   *  @returns {Layers | null} */
  units(model, view, nodes = NODES) {
    const network = model.network(view.run);
    if (network !== null && nodes === NODES) return this.#evaluated(model, network, view);
    if (network !== null) {
      const columns = this.columns(placeIn(model, view).heldOnly, nodes);
      return network.evaluate(model.snapshot(view.epoch), columns, this.#unitsScratch);
    }
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
      const nodes = Number(query.get("resolution"));
      const n = nodes * nodes;
      const labels = values.length === 2 * n ? values.subarray(0, n) : null;
      const own = values.subarray(values.length - n);
      const few = () => ({ labels: labels && finer(labels, nodes, 1), values: finer(own, nodes) });
      this.#add(key, nodes === NODES ? { labels, values: own } : few());
    } catch (error) {
      if (!isRefusal(error)) throw error; // it may answer the next time
      this.#refused.set(key, `is not shown: ${/** @type {Error} */ (error).message}`);
    }
  }
}
