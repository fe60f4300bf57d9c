// How right a network is with the units that are on, beside all of them, and on which data.

import { counted, number } from "./dom.js";
import { Scratch } from "./network.js";
import { offAs } from "./switched.js";

/** @typedef {import("./inside.js").Shown} Shown */

const scratch = new Scratch();

/** Say it in an element; nothing where there is no data of what the model predicts.
 *  @param {HTMLElement} element @param {Shown} shown @param {Catalogue} catalogue */
export function scoreInWords(element, shown, catalogue) {
  const { model, view, network, left, snapshot, off } = shown;
  const { test } = catalogue;
  element.hidden = test === null || network === null || left === null || !catalogue.isOurs(model);
  if (test === null || network === null || left === null || element.hidden) return;
  const { quantity } = model;
  if (!model.isTestedBy(view.run)) {
    const why = `Run ${view.run} may have been trained on them, so they do not test it.`;
    element.textContent = `The test points are run 0’s. ${why}`;
    return;
  }
  const score = number(quantity.score(left.outputs(snapshot.left, test.columns, scratch), test.labels));
  const name = quantity.scoreName === "accuracy" ? "Accuracy " : `${quantity.scoreName} `;
  const whose = view.run === 0 ? "this run’s data" : `run 0’s data, new to run ${view.run}`;
  const where = `, on the ${counted(test.labels.length, "test point")} of ${whose}.`;
  if (offAs(off) === null) return element.replaceChildren(name, score, where);
  const all = number(quantity.score(network.outputs(snapshot.all, test.columns, scratch), test.labels));
  element.replaceChildren(name, score, " with these units, ", all, " with all", where);
}
