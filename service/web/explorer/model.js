// One model in the version that answers, with the weights of the runs that were asked for.

import { activationOf } from "./activations.js";
import { Network, Scratch, unpacked } from "./network.js";
import { ownPlace } from "./place.js";
import { Quantity } from "./quantity.js";
import { isRefusal } from "./service.js";

/** @typedef {import("./service.js").Service} Service */

/** The page evaluates networks of so many weights a snapshot: a map takes it 10 ms. */
const MOST_PARAMETERS = 2000;

/** And loads so many numbers a run, 2 MB of JSON. */
const MOST_NUMBERS = 200_000;

/** Points at which a network is held to the service. */
const PROBES = 8;

export class Model {
  /** @type {Map<number, Network>} */
  #networks = new Map();
  /** @type {Map<number, Promise<unknown>>} */
  #loading = new Map();
  #fault = "";
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
    const task = described?.task ?? (described?.output === "value" ? "regression" : "binary");
    const classes = described?.classes ?? (task === "binary" ? ["0", "1"] : []);
    this.quantity = new Quantity(task, classes, this.card?.target ?? "label");
    this.ownPlace = this.features.length < 2 ? null : ownPlace(this.features);
    /** Whether it takes the features that the experiment's models take. */
    this.isOfData = false;
    /** @type {ModelResult | null} the model's row in the comparison */
    this.row = null;
  }

  get isServed() {
    return this.version !== null;
  }

  /** Why the service evaluates it, in a sentence; null where the page does. */
  get askedBecause() {
    if (this.card === null) return "This SavedModel was made elsewhere: it gives its output alone.";
    if (!this.signatures.includes("weights")) {
      const has = this.signatures.includes("activations") ? "activations but not weights" : "its output alone";
      return `This version gives ${has}; retrain to get them.`.replace("alone; retrain to get them", "alone");
    }
    const unknown = this.activations.find((name) => activationOf(name) === null);
    if (unknown !== undefined) return `This page cannot compute ${unknown}: the activations come from the service.`;
    const { parameters, epochs } = this.card;
    if (parameters > MOST_PARAMETERS || parameters * epochs.length > MOST_NUMBERS) {
      return `It has ${parameters} weights, too many for this page: the service computes what is shown.`;
    }
    return this.#fault || null;
  }

  /** Whether the page evaluates it. */
  get isEvaluatedHere() {
    return this.askedBecause === null;
  }

  get hiddenLayers() {
    return this.card?.hidden_layers ?? [];
  }

  /** The hidden layers' activations. */
  get activations() {
    return this.card?.activations ?? this.hiddenLayers.map(() => this.card?.activation ?? "linear");
  }

  /** Whether it has a map. */
  get isMapped() {
    return this.ownPlace !== null;
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
    const layers = this.hiddenLayers;
    const isOfOne = new Set(this.activations).size < 2;
    const named = isOfOne ? layers : layers.map((units, l) => `${units} ${this.activations[l]}`);
    const kind = isOfOne ? `${this.activations[0]} ` : "";
    const noun = String(layers) === "1" ? "unit" : "units";
    const units = layers.length === 0 ? "no hidden layer" : `${named.join(" and ")} ${kind}${noun}`;
    return `${units}, ${this.card.parameters} parameters`;
  }

  /** Why there is nothing to show of a run, said after the model's name; null where there is.
   *  @param {number} run */
  unavailableReason(run) {
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
    return this.isEvaluatedHere ? (this.#networks.get(run) ?? null) : null;
  }

  /** Load a run's weights, once, however many ask for them meanwhile.
   *  @param {Service} service @param {number} run */
  async loadNetwork(service, run) {
    if (!this.isEvaluatedHere || this.unavailableReason(run) !== null || this.#networks.has(run)) return;
    if (!this.#loading.has(run)) {
      this.#loading.set(
        run,
        this.#load(service, run).finally(() => this.#loading.delete(run)),
      );
    }
    await this.#loading.get(run);
  }

  /** @param {Service} service @param {number} run */
  async #load(service, run) {
    const version = `models/${encodeURIComponent(this.name)}/versions/${this.version}`;
    const path = `${version}/weights?replicate=${run}&packed=true`;
    try {
      const weights = unpacked(await service.json(path));
      const { task, classes } = this.quantity;
      const outputs = task === "multiclass" ? classes.length : 1;
      const network = new Network(weights, this.features, { task, outputs });
      if (!this.#isSimple(network)) await this.#check(service, run, network);
      this.#networks.set(run, network);
    } catch (error) {
      if (error instanceof Error && (!("status" in error) || isRefusal(error))) {
        this.leave(error.message);
      } else throw error;
    }
  }

  /** Leave its evaluation to the service from now on.
   *  @param {string} why */
  leave(why) {
    this.#fault = `This page cannot compute it from its weights (${why}): the service does.`;
  }

  /** Whether nothing is between points and network, nor between its last sum and P.
   *  @param {Network} network */
  #isSimple({ encoder }) {
    return encoder.isIdentity && this.quantity.task === "binary";
  }

  /** Hold a network to what the service answers: what is done to inputs and outputs may be more than the page knows.
   *  @param {Service} service @param {number} run @param {Network} network
   *  @throws {Error} they differ */
  async #check(service, run, network) {
    const snapshot = this.epochs.length - 1;
    const points = Array.from({ length: PROBES }, (_, i) => this.features.map((feature, k) => probe(feature, i, k)));
    const right = await this.outputsAt(service, points, run, snapshot);
    const reach = Math.max(...right.flat().map(Math.abs));
    points.forEach((point, i) => {
      const { outputs } = network.trace(snapshot, point);
      const apart = Math.max(...outputs.map((value, c) => Math.abs(value - right[i][c])));
      if (!(apart <= 1e-5 * Math.max(reach, 1e-3))) throw new Error("its numbers differ from the service’s");
    });
  }

  /** A run's outputs at points, [n][k], as the service computes them.
   *  @param {Service} service @param {number[][]} points @param {number} replicate @param {number} snapshot
   *  @returns {Promise<number[][]>} */
  async outputsAt(service, points, replicate, snapshot) {
    if (this.card === null) {
      const { probabilities, values } = await service.json("predict", { model: this.name, points });
      return (probabilities ?? values).map(asList);
    }
    const path = `v1/models/${encodeURIComponent(this.name)}/versions/${this.version}:predict`;
    const body = { signature_name: "at", inputs: { points, replicate, snapshot } };
    const { outputs } = await service.json(path, body);
    return outputs.map(asList);
  }
}

/** @param {number | number[]} output
 *  @returns {number[]} */
const asList = (output) => (Array.isArray(output) ? output : [output]);

/** A value within a feature's domain, another for each point and feature.
 *  @param {Feature} feature @param {number} i @param {number} k */
function probe({ low, high, categories }, i, k) {
  const share = ((i + 1) * 0.618034 + k * 0.414214) % 1;
  return categories ? Math.floor(share * categories.length) : Math.fround(low + share * (high - low));
}
