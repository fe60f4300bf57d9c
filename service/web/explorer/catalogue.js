// What the service has: its models with their cards, what the experiment found, its data. Loaded whole or not at all.

import { activationOf } from "./activations.js";
import { Network, Scratch } from "./network.js";

/** One model in the version that answers, with the weights of the runs that were asked for. */
export class Model {
  #networks = new Map();
  #loading = new Map();
  scratch = new Scratch();
  testScratch = new Scratch();

  /** @param described the answer of GET /models/<name>/versions/<v>, or null where no version can be served
   *  @param states the model's versions with their states, newest first */
  constructor(name, states, described) {
    this.name = name;
    this.states = states;
    this.version = described?.version ?? null;
    this.signatures = described?.signatures ?? [];
    this.card = described?.card ?? null;
    this.row = null; // of the comparison
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
    return this.card === null || this.card.features.length === 2;
  }

  get features() {
    return this.card?.features ?? [];
  }

  get runs() {
    return this.card?.replicates ?? 1;
  }

  /** The last recorded epoch that is not after one, as its position. */
  snapshot(epoch) {
    return Math.max(0, this.card.epochs.findLastIndex((recorded) => epoch === null || recorded <= epoch));
  }

  /** Say in words what it is made of. */
  get description() {
    const newest = this.states[0];
    const trouble = this.isServed && newest.state === "FAILED" ? `; version ${newest.version} failed, ${this.version} is shown` : "";
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

  /** Say why there is nothing to show of a run, or null. */
  lacks(run) {
    if (this.card === null) return run === 0 ? null : "has one training run only";
    if (run >= this.runs) return `has ${this.runs} training runs only`;
    return this.card.diverged.includes(run) ? `run ${run} diverged: its weights are no longer finite` : null;
  }

  /** Whether the test points are new to a run: they are run 0's, and each other run drew or split its own. */
  isTestedBy(run) {
    return run === 0 || this.card?.replication === "redrawn";
  }

  /** The network of a run, once it was loaded. */
  network(run) {
    return this.#networks.get(run) ?? null;
  }

  /** Ask for a run's weights, once, however many ask for them meanwhile. */
  async loadNetwork(service, run) {
    if (!this.isEvaluatedHere || this.lacks(run) !== null || this.#networks.has(run)) return;
    if (!this.#loading.has(run)) {
      const path = `/models/${encodeURIComponent(this.name)}/versions/${this.version}/weights?replicate=${run}`;
      const loading = service.json(path).then((weights) => this.#networks.set(run, new Network(weights)));
      this.#loading.set(run, loading.finally(() => this.#loading.delete(run)));
    }
    await this.#loading.get(run);
  }
}

/** All of what is shown. */
export class Catalogue {
  constructor(experiment, experiments, models, comparison, dataset) {
    this.experiment = experiment;
    this.experiments = experiments;
    this.models = models;
    this.comparison = comparison;
    this.dataset = dataset;
    this.epochs = [...new Set(models.flatMap((model) => model.card?.epochs ?? []))].sort((a, b) => a - b);
    this.runs = Math.max(1, ...models.map((model) => model.runs));
    this.domain = domainOf(models);
    this.test = testPoints(dataset);
  }

  model(name) {
    return this.models.find((model) => model.name === name) ?? null;
  }

  /** The recorded epoch that is shown for one that is asked for. */
  epoch(asked) {
    const last = this.epochs.at(-1) ?? null;
    return asked === null ? last : (this.epochs.findLast((epoch) => epoch <= asked) ?? this.epochs[0] ?? null);
  }
}

/** Ask for everything; return `before` itself where nothing has changed since.
 *  @param asked the experiment that is asked for, or null
 *  @param run whose weights are drawn first */
export async function load(service, before, asked, run) {
  const listed = await service.json("/models");
  const stamp = JSON.stringify([listed, asked]);
  if (before?.stamp === stamp) return before;
  const described = await Promise.all(
    listed.models.map(({ name, versions }) => {
      const served = versions.find(({ state }) => state === "AVAILABLE");
      return served ? service.json(`/models/${encodeURIComponent(name)}/versions/${served.version}`) : null;
    }),
  );
  const experiments = experimentsOf(listed, described);
  const experiment = experiments.includes(asked) ? asked : (experiments[0] ?? null);
  const models = listed.models
    .map(({ name, versions }, i) => new Model(name, versions, described[i]))
    .filter(({ card }) => card === null || card.experiment === experiment);
  // Under way while the rest is asked for. Whoever draws them asks again, and hears of it if that fails.
  for (const model of models) model.loadNetwork(service, run).catch(() => {});
  const [comparison, dataset] = await Promise.all(
    ["comparison", "dataset"].map((what) => found(service, what, experiment)),
  );
  const rows = comparison?.models ?? [];
  for (const model of models) model.row = rows.find((row) => row.model === model.name) ?? null;
  const position = ({ row }) => (row === null ? rows.length : rows.indexOf(row));
  models.sort((a, b) => position(a) - position(b));
  const catalogue = new Catalogue(experiment, experiments, models, comparison, dataset);
  catalogue.stamp = stamp;
  return catalogue;
}

/** What an experiment left, or null where it left none (its models came here without it). */
async function found(service, what, experiment) {
  if (experiment === null) return null;
  try {
    return await service.json(`/${what}?experiment=${encodeURIComponent(experiment)}`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/** The experiments that models come from, that of the default model first. */
function experimentsOf(listed, described) {
  const cards = described.map((version) => version?.card).filter(Boolean);
  const first = cards.find((card) => card.name === listed.default_model)?.experiment;
  return [...new Set([first, ...cards.map((card) => card.experiment)])].filter(Boolean);
}

/** One domain for all maps: what the widest of them is drawn over. */
function domainOf(models) {
  const features = models.filter((model) => model.card !== null && model.isPlane).map((model) => model.features);
  if (features.length === 0) return { x: [-1.5, 1.5], y: [-1.5, 1.5], names: ["x1", "x2"] };
  const span = (axis) => [
    Math.min(...features.map((pair) => pair[axis].low)),
    Math.max(...features.map((pair) => pair[axis].high)),
  ];
  return { x: span(0), y: span(1), names: features[0].map(({ name }) => name) };
}

function testPoints(dataset) {
  if (dataset === null || dataset.features.length !== 2) return null;
  const chosen = dataset.points.map((_, i) => i).filter((i) => dataset.split[i] === "test");
  const points = chosen.map((i) => dataset.points[i]);
  const columns = [0, 1].map((axis) => Float64Array.from(points, (point) => point[axis]));
  return { points, columns, labels: chosen.map((i) => dataset.labels[i]) };
}
