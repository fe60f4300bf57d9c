// The legend: what colours, lines and marks mean.

import { scaleOf } from "./colours.js";
import { fixed, h } from "./dom.js";
import { isOfP } from "./view.js";

/** A scale's colours between the words or numbers at its ends.
 *  @param {import("./colours.js").Scale} scale @param {string} low @param {string} high */
export function scaleBar(scale, low, high) {
  const bar = h("span", { class: "bar" });
  const stops = Array.from({ length: 9 }, (_, i) => scale.css(scale.low + ((scale.high - scale.low) * i) / 8));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  return h("span", { class: "scale" }, low, bar, high);
}

/** Fill the legend of the small multiples, unless it says this already.
 *  @param {HTMLElement} element @param {Catalogue} catalogue @param {View} view
 *  @param {() => void} onnumbers called when the chosen point's numbers are wanted */
export function legend(element, catalogue, view, onnumbers) {
  const key = `${view.statistic} ${view.colours} ${view.point}`;
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  const scale = scaleOf(view.statistic, view.colours);
  const numbers = (/** @type {Event} */ event) => {
    event.preventDefault();
    onnumbers();
  };
  const { names, x, y } = catalogue.domain;
  /** @param {string} name @param {Interval} interval */
  const range = (name, [low, high]) => `${name} from ${fixed(low, 1)} to ${fixed(high, 1)}`;
  const coordinates = names.map((name, k) => `${name} = ${fixed(view.point[k])}`).join(", ");
  element.replaceChildren(
    h("span", {}, scale.label),
    scaleBar(scale, fixed(scale.low, 1), fixed(scale.high, 1)),
    h("span", {}, marks(catalogue, view)),
    view.statistic === "probability" ? h("span", {}, "Below each map: its test accuracy by epoch") : "",
    h("span", {}, `${range(names[0], x)} across, ${range(names[1], y)} up`),
    h(
      "span",
      {},
      `Cross: the chosen point, ${coordinates}; click a map for another. `,
      h("a", { href: "#point", onclick: numbers }, "Its numbers"),
    ),
  );
}

/** What lines and points mean, in words.
 *  @param {Catalogue} catalogue @param {View} view */
export function marks(catalogue, view) {
  const isKnown = catalogue.models.some(({ card }) => card?.true_boundary);
  const lines = `${isOfP(view) ? " Solid: P = 0.5." : ""}${isKnown ? " Dashed: the true boundary." : ""}`;
  return `Data of run 0: ● class 0, ▲ class 1; outlined: test.${lines}`;
}
