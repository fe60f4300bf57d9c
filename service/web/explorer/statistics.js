// Statistics over all runs of a model, where there is no service to ask for them: every run is evaluated here, as
// GET /boundary does it (service/dataplane/grid_functions.py).

import { Model } from "./model.js";
import { grid, linspace } from "./network.js";
import { placeOf } from "./place.js";
import { mostProbable } from "./quantity.js";

/** Milliseconds for which the page may stand still. */
const TURN_MS = 12;

/** Outputs of a run at all nodes, by class.
 *  @typedef {ArrayLike<number>[]} Outputs */

export class Statistics {
  /** @type {Map<string, Promise<Model>>} with the networks of all its runs, by the version's path */
  #models = new Map();

  /** @param {Pick<import("./service.js").Service, "json">} service */
  constructor(service) {
    this.service = /** @type {import("./service.js").Service} */ (service);
  }

  /** What GET /boundary gives for a query, by rows of y; of labels these first. Null where that is not one of a
   *  statistic over runs, or cannot be computed from weights.
   *  @param {string} path @param {URLSearchParams} query
   *  @returns {Promise<Float32Array | null>} */
  async grid(path, query) {
    const statistic = query.get("statistic") ?? "";
    if (path !== "boundary" || !(statistic in STATISTICS) || query.has("average")) return null;
    const version = `models/${query.get("model")}/versions/${query.get("version")}`;
    if (!this.#models.has(version)) this.#models.set(version, this.#load(version));
    const model = await /** @type {Promise<Model>} */ (this.#models.get(version)).catch((error) => {
      this.#models.delete(version);
      throw error;
    });
    const snapshot = model.epochs.indexOf(Number(query.get("epoch") ?? model.epochs.at(-1)));
    const class_ = query.get("class");
    const chosen = !model.quantity.isMulticlass ? 0 : class_ === null ? null : model.quantity.classes.indexOf(class_);
    const networks = runsOf(model).map((run) => model.network(run));
    if (snapshot < 0 || networks.includes(null)) return null;
    const columns = columnsOf(model.features, query);
    const found = new STATISTICS[/** @type {keyof typeof STATISTICS} */ (statistic)](chosen);
    for (const network of networks) {
      if (network !== null) found.add(network.outputs(snapshot, columns, model.scratch));
      await aTurn();
    }
    return found.values;
  }

  /** @param {string} version its path */
  async #load(version) {
    const described = await this.service.json(`${version}?history=false`);
    const model = new Model(described.model, [], described);
    await Promise.all(runsOf(model).map((run) => model.loadNetwork(this.service, run)));
    return model;
  }
}

/** The runs that did not diverge.
 *  @param {Model} model */
const runsOf = (model) =>
  Array.from({ length: model.runs }, (_, run) => run).filter((run) => model.unavailableReason(run) === null);

/** All features at the nodes that a query asks for.
 *  @param {Feature[]} features @param {URLSearchParams} query */
function columnsOf(features, query) {
  const place = placeOf(features, {
    across: query.get("x"),
    up: query.get("y"),
    hold: query.get("hold"),
    average: null,
  });
  const n = Number(query.get("resolution"));
  const [x, y] = [place.x, place.y].map(([low, high], axis) => {
    const name = "xy"[axis];
    return linspace(Number(query.get(`${name}_min`) ?? low), Number(query.get(`${name}_max`) ?? high), n);
  });
  return place.with(grid(x, y));
}

let turn = 0;

/** Let the page do what else it has to do, where it has waited for long. */
async function aTurn() {
  if (performance.now() - turn < TURN_MS) return;
  await new Promise((resolve) => setTimeout(resolve));
  turn = performance.now();
}

/** The mean over runs: of a class or a value, or of each class, of which the most probable one is taken. */
class Mean {
  /** @type {Float64Array[]} */
  sums = [];
  count = 0;

  /** @param {number | null} chosen an output's position, null for the most probable class */
  constructor(chosen) {
    this.chosen = chosen;
  }

  /** @param {Outputs} outputs */
  add(outputs) {
    this.count++;
    const taken = this.chosen === null ? outputs : [outputs[this.chosen]];
    taken.forEach((values, c) => {
      const sum = (this.sums[c] ??= new Float64Array(values.length));
      for (let i = 0; i < sum.length; i++) sum[i] += values[i];
    });
  }

  get values() {
    const means = this.sums.map((sum) => Float32Array.from(sum, (value) => value / this.count));
    if (this.chosen !== null) return means[0];
    const { labels, values } = mostProbable(means);
    return Float32Array.of(...labels, ...values);
  }
}

/** The sample standard deviation of one output, by Welford's steps. */
class Spread {
  /** @type {Float64Array | null} */
  mean = null;
  squares = new Float64Array(0);
  count = 0;

  /** @param {number | null} chosen */
  constructor(chosen) {
    this.chosen = chosen ?? 0;
  }

  /** @param {Outputs} outputs */
  add(outputs) {
    const values = outputs[this.chosen];
    const n = values.length;
    const mean = (this.mean ??= new Float64Array(n));
    if (this.count === 0) this.squares = new Float64Array(n);
    this.count++;
    for (let i = 0; i < n; i++) {
      const apart = values[i] - mean[i];
      mean[i] += apart / this.count;
      this.squares[i] += apart * (values[i] - mean[i]);
    }
  }

  get values() {
    return Float32Array.from(this.squares, (sum) => Math.sqrt(sum / (this.count - 1)));
  }
}

/** The share of runs that give the label that most of them give. */
class Agreement {
  /** @type {Float64Array[]} */
  counts = [];
  count = 0;

  /** @param {Outputs} outputs */
  add(outputs) {
    const n = outputs[0].length;
    if (this.count === 0) this.counts = Array.from({ length: Math.max(2, outputs.length) }, () => new Float64Array(n));
    this.count++;
    if (outputs.length > 1) {
      const { labels } = mostProbable(outputs);
      for (let i = 0; i < n; i++) this.counts[labels[i]][i]++;
    } else for (let i = 0; i < n; i++) this.counts[Math.fround(outputs[0][i]) >= 0.5 ? 1 : 0][i]++;
  }

  get values() {
    return Float32Array.from(this.counts[0], (_, i) => Math.max(...this.counts.map((own) => own[i])) / this.count);
  }
}

const STATISTICS = { mean: Mean, std: Spread, agreement: Agreement };
