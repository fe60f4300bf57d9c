// The training that is going on: which runs, how far each is, whether it goes on.

import { Pool } from "./pool.js";
import { lacking } from "./split.js";

/** @typedef {import("./worker.js").Progress} Progress */
/** @typedef {import("./settings.js").Settings} Settings */

/** "fresh": nothing is trained; "stopped": at an epoch between; "done": at the last. */
/** @typedef {"fresh" | "running" | "stopped" | "done"} Phase */

export class Training {
  /** @type {Phase} */
  phase = "fresh";
  /** @type {Progress[][]} by network and run */
  runs = [];
  /** @type {Settings | null} what is trained */
  settings = null;
  /** Test points over training points where the runs split the same points, else 0. */
  overlap = 0;
  /** Milliseconds from the press to the last run's end; null where it was stopped between.
   *  @type {number | null} */
  took = null;
  #began = 0;
  #isStraight = true;
  #epochs = 0;
  /** The epoch up to which was last stepped. Each step names its epoch to all workers: one that has not begun yet ends
   *  there too, however many steps were asked of it meanwhile. */
  #stepped = 0;

  /** @param {(changed: Progress | null) => void} onchange @param {(words: string) => void} onfailure */
  constructor(onchange, onfailure) {
    this.onchange = onchange;
    this.pool = new Pool(
      (progress) => this.#take(progress),
      (words) => {
        this.reset();
        onfailure(`Training cannot go on: ${words}.`);
      },
    );
  }

  /** Forget what was trained. */
  reset() {
    if (this.phase === "running") this.pool.train(0);
    this.phase = "fresh";
    this.runs = [];
    this.settings = null;
    this.onchange(null);
  }

  /** Take up all runs at their starting weights.
   *  @param {Settings} settings
   *  @throws {Error} there are too few points */
  begin(settings) {
    const source = sourceOf(settings);
    this.settings = settings;
    this.overlap = overlapOf(settings);
    this.phase = "stopped";
    this.#isStraight = true;
    this.runs = settings.networks.map(() => []);
    this.#epochs = settings.epochs;
    this.#stepped = 0;
    const { networks, seed, domain, runs } = settings;
    this.pool.start({ networks, source, seed, domain }, runs);
    this.onchange(null);
  }

  go() {
    this.phase = "running";
    this.#began = performance.now();
    this.pool.train(this.#epochs);
    this.onchange(null);
  }

  stop() {
    this.phase = "stopped";
    this.#isStraight = false;
    this.pool.train(0);
    this.onchange(null);
  }

  step() {
    this.#isStraight = false;
    this.#stepped = Math.min(this.#epochs, Math.max(this.#stepped, this.epochs[1]) + 1);
    this.pool.train(this.#stepped);
  }

  /** All runs of a network, once there are all.
   *  @param {number} network */
  of(network) {
    const runs = this.runs[network] ?? [];
    return Object.values(runs).length === this.settings?.runs ? runs : [];
  }

  /** The epochs that the runs are at, the first and the last; a run that has not told yet is at its start. */
  get epochs() {
    const told = this.runs.flatMap((runs) => Object.values(runs).map(({ epoch }) => epoch));
    const areAllThere = told.length > 0 && told.length === this.runs.length * (this.settings?.runs ?? 0);
    return [areAllThere ? Math.min(...told) : 0, Math.max(0, ...told)];
  }

  /** @param {Progress} progress */
  #take(progress) {
    if (this.settings === null) return; // it was reset, and the worker had not heard
    this.runs[progress.network][progress.run] = progress;
    if (this.epochs[0] === this.#epochs && this.phase !== "done") {
      this.took = this.#isStraight ? performance.now() - this.#began : null;
      this.phase = "done";
    }
    this.onchange(progress);
  }
}

/** Where the runs' data come from.
 *  @param {Settings} settings
 *  @returns {import("./split.js").Source}
 *  @throws {Error} there are too few points */
function sourceOf({ set, points, classes }) {
  if (set !== null) return { set, points: null, classes: set.classes };
  if (points === null) throw new Error("There are no points.");
  const words = lacking(points, classes);
  if (words !== null) throw new Error(words);
  return { set: null, points, classes: classes.length };
}

/** Test points over training points where runs split the same points: 0.3 of them over 0.56.
 *  @param {Settings} settings */
const overlapOf = ({ set }) => (set === null ? 0.3 / (0.7 * 0.8) : 0);
