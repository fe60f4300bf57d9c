// What screen readers say of maps: where their boundaries run, once what is shown has settled.

import { describe, describeValues } from "./boundary-words.js";
import { soon } from "./curve.js";
import { say } from "./dom.js";
import { nodesOf } from "./network.js";
import { sideOf } from "./units.js";
import { classOf } from "./view.js";

const SETTLED_MS = 300;

/** A function that has an iterator's steps done, one at a time as there is time for them, once it has not been called
 *  for a while. Calling it again gives up what is left.
 *  @param {() => Iterator<void>} steps */
export function settled(steps) {
  let waiting = 0;
  let calls = 0;
  return () => {
    clearTimeout(waiting);
    const call = ++calls;
    waiting = setTimeout(() => {
      const all = steps();
      const step = () => {
        if (call === calls && !all.next().done) soon(step);
      };
      soon(step);
    }, SETTLED_MS);
  };
}

/** A model's map in words.
 *  @param {Model} model @param {View} view @param {Field} field */
function mapInWords(model, view, { values, labels }) {
  const { quantity } = model;
  const { statistic } = view;
  const nodes = nodesOf(values);
  if (quantity.isValue || statistic === "std" || statistic === "agreement") return describeValues(values, nodes);
  if (labels !== null) {
    return describe(labels, nodes, { classes: quantity.classes.map((_, c) => quantity.className(c)) });
  }
  const class_ = classOf(quantity, view.class, statistic);
  return describe(values, nodes, {
    ...sideOf(model, class_ === null ? 0 : quantity.classes.indexOf(class_)),
    telling: true,
  });
}

/** Tell every panel's map, and the difference's.
 *  @param {import("./panels.js").ModelPanel[]} panels
 *  @param {import("./difference.js").DifferencePanel | null} difference
 *  @param {View} view @param {(model: Model) => Field | null} drawnOf */
export function* tellPanels(panels, difference, view, drawnOf) {
  for (const { model, shape } of panels) {
    const field = drawnOf(model);
    say(shape, field === null ? "" : mapInWords(model, view, field));
    yield;
  }
  if (difference === null) return;
  const { values } = difference;
  say(difference.shape, `A − B is ${describeValues(values, nodesOf(values))}`);
}
