// What models give for a point: the probability of a class, or a value; in words, and which class is the most probable.

import { isolated } from "./bidi.js";

const PLAIN = ["0", "1"];

export class Quantity {
  /** @param {Task} task @param {string[]} classes names in the order of the outputs, none in a regression
   *  @param {string} target what is predicted */
  constructor(task, classes, target) {
    this.task = task;
    this.classes = classes;
    this.target = target;
    this.isValue = task === "regression";
    this.isMulticlass = task === "multiclass";
    /** Whether the classes have no names but 0 and 1, as the notebook's. */
    this.isPlain = task === "binary" && classes.every((name, i) => name === PLAIN[i]);
    this.key = JSON.stringify([task, classes]);
  }

  /** What is predicted, where it has a name of its own. */
  get subject() {
    if (this.target !== "label" && this.target !== "") return isolated(this.target);
    return this.isValue ? "value" : "y";
  }

  /** What a map shows, in words: of a class, by default y = 1 of two and the most probable one of more.
   *  @param {string | null} class_ */
  name(class_) {
    if (this.isValue) return this.subject;
    if (this.isMulticlass && class_ === null) return `most probable ${this.subject === "y" ? "class" : this.subject}`;
    return `P(${this.subject} = ${isolated(class_ ?? this.classes[1])})`;
  }

  /** What models are compared by. */
  get scoreName() {
    return this.isValue ? "R²" : "accuracy";
  }

  /** A class in words.
   *  @param {number} i its position */
  className(i) {
    const name = this.classes[i];
    return /^-?\d+$/.test(name) ? `class ${name}` : isolated(name);
  }

  /** The label of each point, from outputs by class, or by the one number that two classes have.
   *  @param {ArrayLike<number>[]} outputs */
  labels(outputs) {
    if (outputs.length > 1) return mostProbable(outputs).labels;
    const [p] = outputs;
    const labels = new Float32Array(p.length);
    for (let i = 0; i < labels.length; i++) labels[i] = p[i] >= 0.5 ? 1 : 0;
    return labels;
  }

  /** How good predictions are: the share of right labels; of values R², the share of their variance that is explained.
   *  @param {ArrayLike<number>[]} outputs @param {ArrayLike<number>} truth labels or values */
  score(outputs, truth) {
    if (this.isValue) return explained(outputs[0], truth);
    const labels = this.labels(outputs);
    let right = 0;
    for (let i = 0; i < labels.length; i++) if (labels[i] === truth[i]) right++;
    return right / labels.length;
  }
}

/** The position of the most probable class at each point, and its probability.
 *  @param {ArrayLike<number>[]} outputs by class
 *  @returns {{values: Float32Array, labels: Float32Array}} */
export function mostProbable(outputs) {
  const values = Float32Array.from(outputs[0]);
  const labels = new Float32Array(values.length);
  for (let c = 1; c < outputs.length; c++) {
    const column = outputs[c];
    for (let i = 0; i < values.length; i++) {
      if (column[i] > values[i]) [values[i], labels[i]] = [column[i], c];
    }
  }
  return { values, labels };
}

/** The root of the mean squared error.
 *  @param {ArrayLike<number>} values @param {ArrayLike<number>} truth */
export function rmse(values, truth) {
  return Math.sqrt(squares(truth, (i) => values[i]) / truth.length);
}

/** @param {ArrayLike<number>} values @param {ArrayLike<number>} truth */
function explained(values, truth) {
  const mean = Array.from(truth).reduce((sum, value) => sum + value, 0) / truth.length;
  return 1 - squares(truth, (i) => values[i]) / squares(truth, () => mean);
}

/** @param {ArrayLike<number>} truth @param {(i: number) => number} of */
function squares(truth, of) {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (truth[i] - of(i)) ** 2;
  return sum;
}
