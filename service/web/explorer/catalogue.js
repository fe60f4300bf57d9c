// What the service has: its models with their cards, what the experiment found, its data. Loaded whole or not at all.

import { activationOf } from "./activations.js";
import { Network, Scratch } from "./network.js";
import { ServiceError } from "./service.js";

/** @typedef {import("./service.js").Service} Service */

/** One model in the version that answers, with the weights of the runs that were asked for. */
export class Model {
  /** @type {Map<number, Network>} */
  #networks = new Map();
  /** @type {Map<number, Promise<unknown>>} */
  #loading = new Map();
  scratch = new Scratch();
  testScratch = new Scratch();

  /** @param {string} name
   *  @param {VersionState[]} states the model's versions with their states, newest first
   *  @param {DescribedVersion | null} described the answer of GET /models/<name>/versions/<v>, or null where no version
   *  can be served */
  constructor(name, states, described) {
    this.name = name;
    this.states = states;
    this.version = described?.version ?? null;
    this.signatures = described?.signatures ?? [];
    this.card = described?.card ?? null;
    this.features = described?.features ?? [];
    this.givesProbabilities = described?.output !== "value";
    /** @type {ModelResult | null} the model's row in the comparison */
    this.row = null;
  }

  get isServed() {
    return this.version !== null;
  }

  /** Why the service evaluates it, in a sentence; null where the page does. */
  get askedBecause() {
    if (this.card === null) return "This SavedModel was made elsewhere: it exposes its answer alone.";
    if (!this.signatures.includes("weights")) {
      return "This version exposes activations but not weights; retrain to get them.";
    }
    return activationOf(this.card.activation) === null
      ? `This page cannot compute ${this.card.activation}: the activations come from the service.`
      : null;
  }

  /** Whether the page evaluates it. */
  get isEvaluatedHere() {
    return this.askedBecause === null;
  }

  get hiddenLayers() {
    return this.card?.hidden_layers ?? [];
  }

  get isPlane() {
    return this.features.length === 2;
  }

  get runs() {
    return this.card?.replicates ?? 1;
  }

  get epochs() {
    return this.card?.epochs ?? [];
  }

  /** The position of the last recorded epoch that is not after one.
   *  @param {number | null} epoch */
  snapshot(epoch) {
    const last = this.epochs.findLastIndex((recorded) => epoch === null || recorded <= epoch);
    return Math.max(0, last);
  }

  /** What it is made of, in words. */
  get description() {
    const newest = this.states[0];
    const trouble =
      this.isServed && newest.state === "FAILED" ? `; version ${newest.version} failed, ${this.version} is shown` : "";
    return `${this.#madeOf}${trouble}`;
  }

  get #madeOf() {
    if (!this.isServed) return "not served";
    if (this.card === null) return "a SavedModel from elsewhere";
    const { activation, parameters } = this.card;
    const layers = this.hiddenLayers;
    const units = layers.length === 0 ? "no hidden layer" : `${layers.join(" and ")} ${activation} units`;
    return `${units}, ${parameters} parameters`;
  }

  /** Why there is nothing to show of a run, said after the model's name; null where there is.
   *  @param {number} run */
  unavailableReason(run) {
    if (!this.givesProbabilities) return "gives values, not probabilities: this page does not draw them";
    if (run >= this.runs) return `has only ${this.runs === 1 ? "one training run" : `${this.runs} training runs`}`;
    if (this.card === null) return null;
    return this.card.diverged.includes(run) ? `run ${run} diverged: its weights are no longer finite` : null;
  }

  /** Whether the test points are new to a run: they are run 0's, and each other run drew or split its own.
   *  @param {number} run */
  isTestedBy(run) {
    return run === 0 || this.card?.replication === "redrawn";
  }

  /** The network of a run, once it is loaded.
   *  @param {number} run */
  network(run) {
    return this.#networks.get(run) ?? null;
  }

  /** Load a run's weights, once, however many ask for them meanwhile.
   *  @param {Service} service @param {number} run */
  async loadNetwork(service, run) {
    if (!this.isEvaluatedHere || this.unavailableReason(run) !== null || this.#networks.has(run)) return;
    if (!this.#loading.has(run)) {
      const path = `models/${encodeURIComponent(this.name)}/versions/${this.version}/weights?replicate=${run}`;
      const loading = service
        .json(path)
        .then((weights) => this.#networks.set(run, new Network(weights)))
        .finally(() => this.#loading.delete(run));
      this.#loading.set(run, loading);
    }
    await this.#loading.get(run);
  }
}

/** All of what is shown. */
export class Catalogue {
  /** What the service listed when it was loaded, to know whether that has changed. */
  stamp = "";

  /** @param {string | null} experiment @param {string[]} experiments those there are to choose from
   *  @param {Model[]} models @param {ComparisonDocument | null} comparison @param {Dataset | null} dataset */
  constructor(experiment, experiments, models, comparison, dataset) {
    this.experiment = experiment;
    this.experiments = experiments;
    this.models = models;
    this.comparison = comparison;
    this.dataset = dataset;
    this.epochs = [...new Set(models.flatMap((model) => model.epochs))].sort((a, b) => a - b);
    this.runs = Math.max(1, ...models.map((model) => model.runs));
    this.domain = domainOf(models);
    this.test = testPoints(dataset);
  }

  /** @param {string | null} name */
  model(name) {
    return this.models.find((model) => model.name === name) ?? null;
  }

  /** The recorded epoch that is shown for a wanted one, null for the last.
   *  @param {number | null} wanted */
  epoch(wanted) {
    const last = this.epochs.at(-1) ?? null;
    return wanted === null ? last : (this.epochs.findLast((epoch) => epoch <= wanted) ?? this.epochs[0] ?? null);
  }
}

/** Load everything; return `before` itself where nothing has changed since.
 *  @param {Service} service @param {Catalogue | null} before
 *  @param {string | null} wanted an experiment's name
 *  @param {number} run whose weights are drawn first */
export async function load(service, before, wanted, run) {
  /** @type {ModelList} */
  const listed = await service.json("models");
  const stamp = JSON.stringify([listed, wanted]);
  if (before?.stamp === stamp) return before;
  /** @type {(DescribedVersion | null)[]} */
  const described = await Promise.all(
    listed.models.map(({ name, versions }) => {
      const served = versions.find(({ state }) => state === "AVAILABLE");
      return served ? service.json(`models/${encodeURIComponent(name)}/versions/${served.version}`) : null;
    }),
  );
  const experiments = experimentsOf(listed, described);
  const experiment = experiments.find((name) => name === wanted) ?? experiments[0] ?? null;
  const models = listed.models
    .map(({ name, versions }, i) => new Model(name, versions, described[i]))
    .filter(({ card }) => card === null || card.experiment === experiment);
  // They load while the rest does. Drawing asks for them again, and reports a failure.
  for (const model of models) model.loadNetwork(service, run).catch(() => {});
  /** @type {[ComparisonDocument | null, Dataset | null]} */
  const [comparison, dataset] = await Promise.all([
    resultOf(service, "comparison", experiment),
    resultOf(service, "dataset", experiment),
  ]);
  const rows = comparison?.models ?? [];
  for (const model of models) model.row = rows.find((row) => row.model === model.name) ?? null;
  /** @param {Model} model */
  const position = ({ row }) => (row === null ? rows.length : rows.indexOf(row));
  models.sort((a, b) => position(a) - position(b));
  const catalogue = new Catalogue(experiment, experiments, models, comparison, dataset);
  catalogue.stamp = stamp;
  return catalogue;
}

/** What an experiment left, or null where it left none: its models came here without it.
 *  @param {Service} service @param {string} what @param {string | null} experiment */
async function resultOf(service, what, experiment) {
  if (experiment === null) return null;
  try {
    return await service.json(`${what}?experiment=${encodeURIComponent(experiment)}`);
  } catch (error) {
    if (error instanceof ServiceError && error.status === 404) return null;
    throw error;
  }
}

/** The experiments that models come from, that of the default model first.
 *  @param {ModelList} listed @param {(DescribedVersion | null)[]} described */
function experimentsOf(listed, described) {
  const cards = described.flatMap((version) => version?.card ?? []);
  const first = cards.filter((card) => card.name === listed.default_model);
  return [...new Set([...first, ...cards].map((card) => card.experiment))];
}

/** One domain for all maps: what the widest of them is drawn over.
 *  @param {Model[]} models
 *  @returns {Domain} */
function domainOf(models) {
  const planes = models.filter((model) => model.isPlane);
  const trained = planes.filter(({ card }) => card !== null);
  const features = (trained.length > 0 ? trained : planes).map((model) => model.features);
  if (features.length === 0) return { x: [-1.5, 1.5], y: [-1.5, 1.5], names: ["x1", "x2"] };
  /** @param {number} axis
   *  @returns {Interval} */
  const span = (axis) => [
    Math.min(...features.map((pair) => pair[axis].low)),
    Math.max(...features.map((pair) => pair[axis].high)),
  ];
  return { x: span(0), y: span(1), names: features[0].map(({ name }) => name) };
}

/** @param {Dataset | null} dataset
 *  @returns {TestPoints | null} */
function testPoints(dataset) {
  if (dataset === null || dataset.features.length !== 2) return null;
  const chosen = dataset.points.map((_, i) => i).filter((i) => dataset.split[i] === "test");
  const points = chosen.map((i) => dataset.points[i]);
  const columns = [0, 1].map((axis) => Float64Array.from(points, (point) => point[axis]));
  return { points, columns, labels: chosen.map((i) => dataset.labels[i]) };
}
