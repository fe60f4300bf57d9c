// What the service has: its models with their cards, what the experiment found, its data. Loaded whole or not at all.

import { Model } from "./model.js";
import { nearest, placeOf } from "./place.js";
import { Quantity } from "./quantity.js";
import { rangeOf } from "./scales.js";
import { isRefusal, ServiceError } from "./service.js";

/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./service.js").Service} Service */

/** All of what is shown. */
export class Catalogue {
  /** What the service listed when it was loaded, to know whether that has changed. */
  stamp = "";
  /** @type {Place | null} the last one that was asked for */
  #place = null;
  /** @type {{place: Place, rows: boolean[]} | null} */
  #near = null;

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
    this.features = featuresOf(models);
    this.quantity = quantityOf(models, comparison);
    for (const model of models) model.isOfData = isOf(this.features, model);
    this.hasNotebook = comparison?.models.some((row) => row.notebook_accuracy) ?? false;
    this.test = testPoints(dataset, this.features);
    /** What values reach over, where they are drawn and known.
     *  @type {Interval | null} */
    this.range = this.quantity.isValue && dataset !== null ? rangeOf(dataset.labels) : null;
  }

  /** The place that an address asks for; the same object as long as it is the same.
   *  @param {Values} values */
  place(values) {
    const place = placeOf(this.features, values);
    if (place.key !== this.#place?.key) this.#place = place;
    return this.#place ?? place;
  }

  /** Which rows of the data are near a place: the quarter whose other features are nearest to where they are held; null
   *  for all of them, where there are no others, or they are averaged over.
   *  @param {Place} place
   *  @returns {boolean[] | null} */
  near(place) {
    if (this.dataset === null || place.isWhole || place.isAverage) return null;
    if (this.#near?.place !== place) this.#near = { place, rows: nearest(this.dataset.points, place) };
    return this.#near.rows;
  }

  /** Whether a model predicts what the experiment's models do, from the same features.
   *  @param {Model} model */
  isOurs(model) {
    return model.isOfData && model.quantity.key === this.quantity.key;
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
 *  @param {number | null} run whose weights are drawn first; null where none are wanted yet */
export async function load(service, before, wanted, run) {
  /** @type {ModelList} */
  const listed = await service.json("models");
  const stamp = JSON.stringify([listed, wanted]);
  if (before?.stamp === stamp) return before;
  /** @type {(DescribedVersion | string | null)[]} */
  const answers = await Promise.all(
    listed.models.map(({ name, versions }) => {
      const served = versions.find(({ state }) => state === "AVAILABLE");
      const path = `models/${encodeURIComponent(name)}/versions/${served?.version}?history=false`;
      return served ? service.json(path).catch(faultOf) : null;
    }),
  );
  const described = answers.map((answer) => (typeof answer === "string" ? null : answer));
  const experiments = experimentsOf(listed, described);
  const experiment = experiments.find((name) => name === wanted) ?? experiments[0] ?? null;
  const models = listed.models
    .map(({ name, versions }, i) => {
      const fault = answers[i];
      const states = typeof fault === "string" ? [{ ...versions[0], reason: fault }] : versions;
      return new Model(name, states, described[i]);
    })
    .filter(({ card }) => card === null || card.experiment === experiment);
  // They load while the rest does. Drawing asks for them again, and reports a failure.
  if (run !== null) for (const model of models) model.loadNetwork(service, run).catch(() => {});
  /** @type {[ComparisonDocument | null, Dataset | null]} */
  const [comparison, dataset] = await Promise.all([
    resultOf(service, "comparison", experiment, "&values=false"),
    resultOf(service, "dataset", experiment).then(dataOf),
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

/** Why a version is not described: one model's fault costs no other.
 *  @param {unknown} error
 *  @throws {unknown} it may be, the next time */
function faultOf(error) {
  if (!isRefusal(error)) throw error;
  return `is not described: ${/** @type {Error} */ (error).message}`;
}

/** What an experiment left, or null where it left none: its models came here without it.
 *  @param {Service} service @param {string} what @param {string | null} experiment @param {string} more of the query */
async function resultOf(service, what, experiment, more = "") {
  if (experiment === null) return null;
  try {
    return await service.json(`${what}?experiment=${encodeURIComponent(experiment)}${more}`);
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

/** The features of what is shown, each over the widest domain of a model: of those with a card, else of those with as
 *  many features as the first.
 *  @param {Model[]} models
 *  @returns {Feature[]} */
function featuresOf(models) {
  const mapped = models.filter((model) => model.isMapped);
  const trained = mapped.filter(({ card }) => card !== null);
  const [first, ...others] = trained.length > 0 ? trained : mapped;
  if (first === undefined) return ["x1", "x2"].map((name) => ({ name, low: -1.5, high: 1.5 }));
  const alike = others.filter((model) => isOf(first.features, model));
  return first.features.map((feature, i) => ({
    ...feature,
    low: Math.min(feature.low, ...alike.map(({ features }) => features[i].low)),
    high: Math.max(feature.high, ...alike.map(({ features }) => features[i].high)),
  }));
}

/** Whether a model takes these features.
 *  @param {Feature[]} features @param {Model} model */
const isOf = (features, model) =>
  model.features.length === features.length && model.features.every(({ name }, i) => name === features[i].name);

/** What the experiment's models give; without any, what the first model does.
 *  @param {Model[]} models @param {ComparisonDocument | null} comparison */
function quantityOf(models, comparison) {
  const first = models.find(({ card }) => card !== null) ?? models.find((model) => model.isMapped);
  if (first !== undefined) return first.quantity;
  const { task = "binary", classes = ["0", "1"], target = "label" } = comparison?.dataset ?? {};
  return new Quantity(task, classes, target);
}

/** @param {Dataset | null} dataset @param {Feature[]} features
 *  @returns {TestPoints | null} */
function testPoints(dataset, features) {
  if (dataset === null || dataset.features.length !== features.length) return null;
  const chosen = dataset.points.map((_, i) => i).filter((i) => dataset.split[i] === "test");
  const points = chosen.map((i) => dataset.points[i]);
  const columns = features.map((_, axis) => Float64Array.from(points, (point) => point[axis]));
  return { rows: chosen, points, columns, labels: chosen.map((i) => dataset.labels[i]) };
}

/** The data, with labels as positions among the classes, and NaN where a value is missing.
 *  @param {any} dataset the answer of GET /dataset, or null
 *  @returns {Dataset | null} */
function dataOf(dataset) {
  if (dataset === null) return null;
  const { features, points, labels, classes, split } = dataset;
  return {
    features,
    split,
    points: points.map((/** @type {(number | null)[]} */ point) => point.map((value) => value ?? NaN)),
    labels: classes ? labels.map((/** @type {string} */ name) => classes.indexOf(name)) : labels,
  };
}
