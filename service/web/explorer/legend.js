// The legend: what colours, lines and marks mean.

import { scaleOf } from "./colours.js";
import { fixed, h } from "./dom.js";
import { isOfP } from "./view.js";

/** A scale's colours between the words or numbers at its ends. */
export function scaleBar(scale, low, high) {
  const bar = h("span", { class: "bar" });
  const stops = Array.from({ length: 9 }, (_, i) => scale.css(scale.low + ((scale.high - scale.low) * i) / 8));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  return h("span", { class: "scale" }, low, bar, high);
}

/** Fill the legend of the small multiples, unless it says this already.
 *  @param {() => void} onnumbers called when the chosen point's numbers are wanted */
export function legend(element, catalogue, view, onnumbers) {
  const key = `${view.statistic} ${view.colours} ${view.point}`;
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  const scale = scaleOf(view.statistic, view.colours);
  const numbers = (event) => {
    event.preventDefault();
    onnumbers();
  };
  const { names, x, y } = catalogue.domain;
  element.replaceChildren(
    h("span", {}, scale.label),
    scaleBar(scale, fixed(scale.low, 1), fixed(scale.high, 1)),
    h("span", {}, marks(catalogue, view)),
    view.statistic === "probability" ? h("span", {}, "Below each map: its test accuracy by epoch") : "",
    h("span", {}, `${names[0]} from ${fixed(x[0], 1)} to ${fixed(x[1], 1)} across, ${names[1]} from ${fixed(y[0], 1)} to ${fixed(y[1], 1)} up`),
    h("span", {}, `Cross: the chosen point, ${names.map((name, k) => `${name} = ${fixed(view.point[k])}`).join(", ")}; click for another. `,
      h("a", { href: "#point", onclick: numbers }, "Its numbers")),
  );
}

/** What lines and points mean, in words. */
export function marks(catalogue, view) {
  const isKnown = catalogue.models.some(({ card }) => card?.true_boundary);
  return `Data of run 0: ● class 0, ▲ class 1; outlined: test.${isOfP(view) ? " Solid: P = 0.5." : ""}${isKnown ? " Dashed: the true boundary." : ""}`;
}
