// The workers that train: as many as the machine has cores, started once and kept.

/** @typedef {import("./worker.js").Job} Job */
/** @typedef {import("./worker.js").Progress} Progress */

/** Beyond this more workers bring more maps than a screen is drawn. */
const MOST = 8;

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
    return Math.max(1, Math.min(MOST, navigator.hardwareConcurrency || 2));
  }

  /** Take up runs at their start; what was trained before is given up.
   *  @param {Omit<Job, "id" | "runs">} job @param {number} runs how many */
  start(job, runs) {
    this.#job++;
    while (this.#workers.length < this.size) this.#workers.push(this.#make());
    const all = Array.from({ length: runs }, (_, run) => run);
    this.#workers.forEach((worker, w) => {
      const own = all.filter((run) => run % this.#workers.length === w);
      worker.postMessage({ kind: "start", job: { ...job, id: this.#job, runs: own } });
    });
  }

  /** @param {"go" | "step" | "stop"} kind */
  tell(kind) {
    for (const worker of this.#workers) worker.postMessage({ kind });
  }

  #make() {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      if (data.job === this.#job) this.onprogress(data);
    });
    worker.addEventListener("error", (event) => {
      if (!this.#workers.includes(worker)) return; // it was given up with another
      for (const one of this.#workers.splice(0)) one.terminate(); // new ones may do better: the service may be back
      this.onfailure(event.message || "a worker could not be started");
    });
    return worker;
  }
}
