// What is inside a model in a view: its units' values with some of them off, and what these come to.

import { nodesOf, Scratch } from "./network.js";
import { deadIn, offAs, offIn, sameIn, without } from "./switched.js";
import { linesOf, outgoing, scalesOf } from "./units.js";
import { placeIn } from "./view.js";

/** Units of the first layer whose lines are drawn. */
const MOST_LINES = 64;

/** @typedef {import("./map.js").Plot} Plot */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {{kernel: number[][], bias: number[]}[]} Weights */

/** What is drawn. `all` are the units' values; `units` are those with some of them `off`, `left` is the network that is
 *  left then, `sums` its weights. `weights` are null where the page does not have them, `outgoing` is the width of each
 *  first-layer unit's line, `lines` is where its sum is 0. `dead` units have one output over the data, of which there
 *  are so many points, or over the map.
 *  @typedef {{view: View, model: Model, place: import("./place.js").Place, all: Layers, units: Layers,
 *  scales: import("./scales.js").AnyScale[][], outgoing: number[], lines: ((plot: Plot, u: number) => string) | null,
 *  off: import("./switched.js").Off, network: Network | null, left: Network | null,
 *  snapshot: {all: number, left: number}, weights: Weights | null, sums: Weights | null,
 *  dead: {values: (number | null)[][], points: number | null}}} Shown */

export class Inside {
  #scratch = new Scratch();
  #dataScratch = new Scratch();
  /** @type {{network: Network, snapshot: number, dead: Shown["dead"]} | null} */
  #dead = null;

  /** @param {Catalogue} catalogue @param {import("./fields.js").Fields} fields */
  constructor(catalogue, fields) {
    this.catalogue = catalogue;
    this.fields = fields;
    const { dataset, features } = catalogue;
    const isKnown = dataset !== null && dataset.features.length === features.length && dataset.points.length > 0;
    this.data = isKnown
      ? features.map((_, axis) => Float64Array.from(dataset.points, (point) => point[axis]))
      : null;
  }

  /** What is to be drawn of a model's run; `all` are its fields by layer and unit.
   *  @param {View} view @param {Model} model @param {Layers} all
   *  @returns {Shown} */
  of(view, model, all) {
    const place = placeIn(model, view).heldOnly;
    const network = model.network(view.run);
    const snapshot = model.snapshot(view.epoch);
    const weights = network?.at(snapshot) ?? null;
    const off = offIn(network === null ? null : view.off, model.hiddenLayers);
    const isWhole = offAs(off) === null;
    const left = network === null || isWhole ? network : without(network, model, snapshot, off);
    const columns = this.fields.columns(place, nodesOf(all[0][0]));
    const at = { all: snapshot, left: isWhole ? snapshot : 0 };
    /** @type {Shown["dead"] | null} */
    let dead = null;
    const findDead = () => (dead ??= this.#deadOf(model, network, snapshot, all));
    return {
      view,
      model,
      place,
      all,
      units: left === null || isWhole ? all : left.evaluate(0, columns, this.#scratch),
      scales: scalesOf(view, model, all, this.catalogue.range),
      outgoing: weights !== null && weights.length > 1 ? outgoing(weights[1].kernel).slice(0, MOST_LINES) : [],
      lines: network === null ? null : linesOf(network, snapshot, place),
      off,
      network,
      left,
      snapshot: at,
      weights,
      sums: left?.at(at.left) ?? null,
      get dead() {
        return findDead(); // which takes as long as a map, and is words: not asked for while the epoch moves
      },
    };
  }

  /** @param {Model} model @param {Network | null} network @param {number} snapshot @param {Layers} all
   *  @returns {Shown["dead"]} */
  #deadOf(model, network, snapshot, all) {
    if (network === null || this.data === null || !model.isOfData) {
      return { values: all.slice(0, -1).map((layer) => layer.map(sameIn)), points: null };
    }
    if (this.#dead?.network !== network || this.#dead.snapshot !== snapshot) {
      const values = deadIn(network, snapshot, this.data, this.#dataScratch);
      this.#dead = { network, snapshot, dead: { values, points: this.data[0].length } };
    }
    return this.#dead.dead;
  }
}
