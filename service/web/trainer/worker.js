// Trains some of the runs, a few milliseconds of each in turn, and shows each one's map as it goes.

import { NODES, Run } from "./run.js";

/** What is trained: the runs of this worker, each of every network.
 *  @typedef {object} Job
 *  @property {number} id
 *  @property {import("./run.js").NetworkSpec[]} networks
 *  @property {number[]} runs
 *  @property {import("./split.js").Source} source
 *  @property {number} seed
 *  @property {Domain} domain */

/** Take up a job, or train its runs up to an epoch; those that are further stay where they are.
 *  @typedef {{job: Job} | {until: number}} Order */

/** Where a run is; `weights` and `scale` once it has ended.
 *  @typedef {object} Progress
 *  @property {number} job @property {number} network @property {number} run @property {number} epoch
 *  @property {number | null} accuracy
 *  @property {Float32Array[]} field
 *  @property {Float32Array} weights
 *  @property {{mean: number[], sd: number[]}} scale */

/** How long a run is trained before the next has its turn: 30 of them, and each map moves four times a second. */
const TURN_MS = 8;

/** @type {Job | null} */
let job = null;
/** @type {{network: number, number: number, run: Run}[]} */
let runs = [];
/** The epoch up to which is trained. */
let until = 0;
let next = 0;
let isAwake = false;

const channel = new MessageChannel();
channel.port1.onmessage = turn;

addEventListener("message", (event) => {
  /** @type {Order} */
  const order = event.data;
  if ("job" in order) begin(order.job);
  else until = order.until;
  wake();
});

/** @param {Job} started */
function begin(started) {
  job = started;
  until = 0;
  next = 0;
  runs = started.runs.flatMap((number) =>
    started.networks.map((spec, network) => ({
      network,
      number,
      run: new Run(spec, started.source, started.seed, number),
    })),
  );
  for (let i = 0; i < runs.length; i++) show(i);
}

function wake() {
  if (isAwake) return;
  isAwake = true;
  channel.port2.postMessage(null); // another turn once what else was asked is done; a timeout waits 4 ms
}

function turn() {
  isAwake = false;
  for (let looked = 0; looked < runs.length; looked++, next++) {
    const at = next % runs.length;
    const { run } = runs[at];
    if (run.epoch >= until) continue;
    const began = performance.now();
    do run.train();
    while (run.epoch < until && performance.now() - began < TURN_MS);
    show(at);
    next++;
    wake();
    return;
  }
}

/** @param {number} i */
function show(i) {
  if (job === null) return;
  const { network, number, run } = runs[i];
  const field = run.field(job.domain, NODES);
  const weights = run.network.weights.slice();
  const { mean, sd } = run.data;
  /** @type {Progress} */
  const progress = {
    job: job.id,
    network,
    run: number,
    epoch: run.epoch,
    accuracy: run.accuracy(),
    field,
    weights,
    scale: { mean, sd },
  };
  postMessage(progress, { transfer: [...field.map(({ buffer }) => buffer), weights.buffer] });
}
