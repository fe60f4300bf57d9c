// What a map shows: one run's probabilities, or what all runs of a network make of every place.

import { isolated } from "../explorer/bidi.js";
import { classesScale, scaleOf } from "../explorer/colours.js";
import { between, line } from "../explorer/lines.js";
import { NODES } from "./run.js";

/** @typedef {import("./worker.js").Progress} Progress */

/** Runs that have not diverged: the others have no boundary.
 *  @param {Progress[]} runs */
export const sound = (runs) => runs.filter(({ accuracy }) => accuracy !== null);

/** A run's field: of several classes the most probable one's probability.
 *  @param {Float32Array[]} outputs
 *  @returns {Field} */
export function ofRun(outputs) {
  if (outputs.length === 1) return { values: outputs[0], labels: null };
  const labels = labelsOf(outputs);
  return { values: Float32Array.from(labels, (label, i) => outputs[label][i]), labels, outputs };
}

/** The mean of the runs' probabilities.
 *  @param {Progress[]} runs */
export function meanOf(runs) {
  const mean = runs[0].field.map((first) => new Float32Array(first.length));
  for (const { field } of runs) {
    field.forEach((values, k) => {
      for (let i = 0; i < values.length; i++) mean[k][i] += values[i] / runs.length;
    });
  }
  return ofRun(mean);
}

/** The share of the runs that are on the majority's side, at each node.
 *  @param {Progress[]} runs @param {number} classes */
export function agreementOf(runs, classes) {
  const n = runs[0].field[0].length;
  const counts = new Uint16Array(classes * n);
  for (const { field } of runs) {
    const labels = labelsOf(field);
    for (let i = 0; i < n; i++) counts[labels[i] * n + i]++;
  }
  const values = new Float32Array(n);
  for (let c = 0; c < classes; c++) {
    for (let i = 0; i < n; i++) values[i] = Math.max(values[i], counts[c * n + i] / runs.length);
  }
  return { values, labels: null };
}

/** @param {Float32Array[]} outputs */
function labelsOf(outputs) {
  const labels = new Uint8Array(outputs[0].length); // in loops: `from` with a function takes twenty times as long
  for (let i = 0; i < labels.length; i++) {
    let best = outputs.length === 1 ? Number(outputs[0][i] > 0.5) : 0;
    for (let k = 1; k < outputs.length; k++) if (outputs[k][i] > outputs[best][i]) best = k;
    labels[i] = best;
  }
  return labels;
}

/** The colours of probabilities.
 *  @param {number} classes @param {string} second the second class's name */
export const scaleOfRuns = (classes, second) =>
  classes === 2
    ? scaleOf("probability", "orange-blue", `P(${isolated(second)})`)
    : classesScale(classes, "the most probable class");

/** The line between the classes.
 *  @param {Field} field */
export const boundaryOf = (field) => (field.labels === null ? line(field.values, NODES, 0.5) : between(field, NODES));
