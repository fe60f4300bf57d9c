// The workers that train: as many as the machine has cores, started once and kept. They are started before there is
// anything to train, so that training needs no service once the page is loaded.

/** @typedef {import("./worker.js").Job} Job */
/** @typedef {import("./worker.js").Progress} Progress */

/** Beyond this more workers bring more maps than a screen is drawn. */
const MAX_WORKERS = 8;

export class Pool {
  /** @type {Worker[]} */
  #workers = [];
  #job = 0;

  /** @param {(progress: Progress) => void} onprogress @param {(words: string) => void} onfailure */
  constructor(onprogress, onfailure) {
    this.onprogress = onprogress;
    this.onfailure = onfailure;
  }

  get size() {
    return Math.max(1, Math.min(MAX_WORKERS, navigator.hardwareConcurrency || 2));
  }

  /** Start the workers that are not there yet. */
  prepare() {
    while (this.#workers.length < this.size) this.#workers.push(this.#make());
  }

  /** Take up runs at their start; what was trained before is given up.
   *  @param {Omit<Job, "id" | "runs">} job @param {number} runs how many */
  start(job, runs) {
    this.#job++;
    this.prepare();
    const all = Array.from({ length: runs }, (_, run) => run);
    this.#workers.forEach((worker, w) => {
      const own = all.filter((run) => run % this.#workers.length === w);
      worker.postMessage({ job: { ...job, id: this.#job, runs: own } });
    });
  }

  /** Train all runs up to this epoch; 0 stops them where they are.
   *  @param {number} until */
  train(until) {
    for (const worker of this.#workers) worker.postMessage({ until });
  }

  #make() {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      if (data.job === this.#job) this.onprogress(data);
    });
    worker.addEventListener("error", (event) => {
      if (!this.#workers.includes(worker)) return; // it was given up with another
      for (const one of this.#workers.splice(0)) one.terminate(); // new ones may do better: the service may be back
      if (this.#job > 0) this.onfailure(event.message || "a worker could not be started");
    });
    return worker;
  }
}
