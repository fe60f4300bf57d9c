// Questions to start from, answered in a sentence from the data, each a link to the view that shows it.

import { pairOf, verdict } from "./comparison.js";
import { fixed, h, nonBreaking } from "./dom.js";
import { addressOf, DEFAULTS } from "./state.js";

/** @typedef {import("./state.js").State} State */

/** The questions that these models can answer, as list items.
 *  @param {Catalogue} catalogue @param {State} state
 *  @returns {HTMLElement[]} */
export function questions(catalogue, state) {
  const { models, comparison } = catalogue;
  const shown = models.filter(({ card, isPlane }) => card !== null && isPlane);
  /** @param {Model} model */
  const units = (model) => model.hiddenLayers.reduce((sum, n) => sum + n, 0);
  const shallow = shown.filter((model) => model.hiddenLayers.length === 1).sort((a, b) => units(a) - units(b));
  const deep = shown.filter((model) => model.hiddenLayers.length > 1).sort((a, b) => units(b) - units(a));
  /** @type {HTMLElement[]} */
  const items = [];
  /** @param {string} question @param {string} answer @param {string} target @param {Partial<Values>} view */
  const ask = (question, answer, target, view) => items.push(item(state, question, answer, target, view));
  if (shallow.length > 0) {
    const { name, hiddenLayers } = shallow[0];
    ask(
      "What does a hidden unit do?",
      `It draws one straight line; ${name} combines ${hiddenLayers[0]} of them into its boundary.`,
      "inside",
      { inside: name },
    );
  }
  if (deep.length > 0) {
    ask(
      "How do layers combine?",
      `Second-layer units bend the first layer’s lines into curves: look inside ${deep[0].name}.`,
      "inside",
      { inside: deep[0].name, unit: "2.1" },
    );
  }
  const twins = deep.flatMap((a) =>
    shallow
      .filter((b) => b.card?.activation === a.card?.activation && b.hiddenLayers[0] === a.hiddenLayers[0])
      .map((b) => ({ a: a.name, b: b.name })),
  )[0];
  const pair = twins && pairOf(comparison, twins.a, twins.b);
  if (pair) ask("When does depth help?", `${verdict(pair)}.`, "difference", twins);
  const rows = (comparison?.models ?? []).filter(({ replicates }) => replicates > 1);
  if (rows.length > 0) {
    const widest = rows.reduce((most, row) =>
      row.accuracy.max - row.accuracy.min > most.accuracy.max - most.accuracy.min ? row : most,
    );
    const { min, max } = widest.accuracy;
    ask(
      "How much is luck?",
      `${widest.model} scores from ${fixed(min, 2)} to ${fixed(max, 2)} in runs of the same recipe.`,
      "boundaries",
      { statistic: "std" },
    );
  }
  return items;
}

/** @param {State} state @param {string} question @param {string} answer
 *  @param {string} target the id of the part of the page that shows it @param {Partial<Values>} changes to the view */
function item(state, question, answer, target, changes) {
  const view = {
    ...DEFAULTS,
    colours: state.values.colours,
    theme: state.values.theme,
    experiment: state.values.experiment,
    ...changes,
  };
  const go = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    state.go(view, target);
  };
  return h(
    "li",
    {},
    h("a", { href: `${addressOf(view)}#${target}`, onclick: go }, question),
    h("span", {}, nonBreaking(answer)),
  );
}
