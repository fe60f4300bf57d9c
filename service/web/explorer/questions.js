// Questions to start from, answered in a sentence from the data, each a link to the view that shows it.

import { fixed, h, nonBreaking } from "./dom.js";
import { scoreOf } from "./panels.js";
import { isSplit } from "./remarks.js";
import { addressOf, DEFAULTS } from "./state.js";
import { pairOf, sentence } from "./verdicts.js";

/** @typedef {import("./state.js").State} State */

/** The questions that these models can answer, as list items.
 *  @param {Catalogue} catalogue @param {State} state
 *  @returns {HTMLElement[]} */
export function questions(catalogue, state) {
  const { models, comparison } = catalogue;
  const shown = models.filter(({ card, isMapped }) => card !== null && isMapped);
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
      unitsInWords(name, hiddenLayers[0], catalogue.quantity.isValue),
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
  if (pair) ask("What did a second layer change?", sentence(pair, comparison), "difference", twins);
  const rows = (comparison?.models ?? []).filter((row) => row.replicates > 1 && scoreOf(row) !== null);
  if (rows.length > 0) {
    /** @param {ModelResult} row */
    const ends = (row) => scoreOf(row) ?? { min: 0, max: 0 };
    const widest = rows.reduce((most, row) =>
      ends(row).max - ends(row).min > ends(most).max - ends(most).min ? row : most,
    );
    const { min, max } = ends(widest);
    ask(
      "How much is luck?",
      `${widest.model} scores from ${fixed(min, 2)} to ${fixed(max, 2)} in runs of the same recipe${mostOf(widest)}.`,
      isSplit(widest) ? "luck" : "boundaries",
      isSplit(widest) ? {} : { statistic: "std" },
    );
  }
  return items;
}

/** What one unit does, and what a network of one layer makes of its units.
 *  @param {string} name @param {number} units @param {boolean} isValue */
export function unitsInWords(name, units, isValue) {
  const one = isValue ? "It bends along one straight line" : "It draws one straight line";
  if (units === 1) return `${one}; ${name} has only that one${isValue ? "" : ", so its boundary is straight"}.`;
  return `${one}; ${name} ${isValue ? `adds ${units} of them up` : `combines ${units} of them into its boundary`}.`;
}

/** Where most of the luck comes from, where that is certain: that source's interval lies above the others'.
 *  @param {ModelResult} row */
function mostOf({ variance }) {
  const measured = Object.entries(variance?.ci95 ?? {}).sort(([, a], [, b]) => b[0] - a[0]);
  if (measured.length === 0) return "";
  const [[first, [low]], ...others] = measured;
  const isMost = others.every(([, ends]) => ends[1] < low) && (variance?.test_set ?? 0) < low;
  return isMost && first in SOURCES ? `, mostly from ${SOURCES[first]}` : "";
}

/** @type {Record<string, string>} */
const SOURCES = { data: "the draw of the data", weights: "the initial weights", batches: "the order of the batches" };

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
