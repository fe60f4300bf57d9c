// What steps share of words and numbers. Each number comes from the served models and their comparison.

import { fixed, interval, number } from "../explorer/dom.js";
import { scoreOf } from "../explorer/panels.js";
import { unshown } from "./drawing.js";
import { term } from "./glossary.js";

/** @typedef {import("./drawing.js").Desk} Desk */
/** @typedef {import("./prediction.js").Question} Question */

/** A step as it is told with the models that are there: `idea` may have words of the glossary in brackets, `note` says
 *  what is missing or other than in the notebook; without a picture nothing can be shown. `look` leads to more of it.
 *  @typedef {{title: string, idea: string, note: string | null, question: Question | null,
 *  picture: import("./player.js").Picture | null, look: {href: string, text: string}, end?: HTMLElement}} Told */

/** @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A step that needs what is not served.
 *  @param {string} title @param {string} idea @param {string} what @param {Told["look"]} look
 *  @returns {Told} */
export const missing = (title, idea, what, look) => ({
  title,
  idea,
  note:
    `This step needs ${what}, trained to tell classes apart, which this service does not have. ` +
    "To train the notebook’s networks: python -m training train",
  question: null,
  picture: null,
  look,
});

/** Which of some models have no picture, and why; null where all have one.
 *  @param {Desk} desk @param {Model[]} models */
export function undrawn(desk, models) {
  const sentences = models.map((model) => {
    const reason = unshown(desk, model);
    return reason === null ? [] : `${model.name} has no picture here (${reason}).`;
  });
  return sentences.flat().join(" ") || null;
}

/** @param {Desk} desk */
export const isCircle = ({ catalogue }) => catalogue.models.some(({ card }) => card?.true_boundary);

/** What is said of a model's runs: their mean, with its interval.
 *  @param {Model} model */
export function ofRuns(model) {
  const score = scoreOf(model.row);
  if (score === null || model.row === null) return [];
  const runs = model.row.replicates;
  const mean = [runs > 1 ? ` The mean accuracy of ${runs} runs is ` : " Its accuracy is ", number(score.mean)];
  return score.ci95
    ? [...mean, ", its ", term("interval", "95% interval"), ` ${interval(score.ci95)}.`]
    : [...mean, "."];
}

/** The accuracy of run 0, as it is served.
 *  @param {Model} model @param {Desk} desk */
export function ofRunZero(model, desk) {
  const accuracy = desk.accuracy(model, desk.view());
  return accuracy === null
    ? []
    : [term("run 0", "Run 0"), " gets ", number(accuracy), " of its test points right."];
}

/** How many points are wrong, in hundredths.
 *  @param {number} accuracy */
export const wrong = (accuracy) => `${fixed(100 * (1 - accuracy), 1)}%`;

/** Whether fewer points are wrong than with another network, and how many fewer.
 *  @param {Model} before @param {Model} after @param {string} question @param {string} more of what was measured
 *  @returns {Question | null} */
export function fewerWrong(before, after, question, more = "") {
  const [first, second] = [before, after].map(({ row }) => scoreOf(row)?.mean ?? null);
  if (first === null || second === null) return null;
  return {
    question: `${question} ${wrong(first)} of the [test points] were wrong on average. And now?`,
    choices: ["No fewer", "Fewer, but more than half of that", "Less than half of that"],
    measured: () => {
      const share = (1 - second) / (1 - first);
      return {
        right: share >= 1 ? 0 : share >= 0.5 ? 1 : 2,
        words: [`Now ${wrong(second)} are wrong.`, ...ofRuns(after), more && ` ${more}`],
      };
    },
  };
}
