// The legend: what colours, lines and marks mean.

import { ClassScale } from "./colours.js";
import { isolated } from "./bidi.js";
import { h, within } from "./dom.js";
import { isOfP } from "./view.js";

/** A scale's colours between the words or numbers at its ends.
 *  @param {import("./scales.js").AnyScale} scale @param {string} low @param {string} high */
export function scaleBar(scale, low, high) {
  const bar = h("span", { class: "bar" });
  const stops = Array.from({ length: 9 }, (_, i) => scale.css(scale.low + ((scale.high - scale.low) * i) / 8));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  return h("span", { class: "scale" }, low, bar, high);
}

/** Fill the legend of the small multiples, and what is said below them, unless it says this already.
 *  @param {HTMLElement} element @param {HTMLElement} reading @param {Catalogue} catalogue @param {View} view
 *  @param {import("./scales.js").AnyScale} scale that the maps share
 *  @param {() => void} onnumbers called when the chosen point's numbers are wanted */
export function legend(element, reading, catalogue, view, scale, onnumbers) {
  const { statistic, colours, point, place } = view;
  const key = [statistic, colours, point, place.key, view.points, scale.label, scale.low, scale.high].join(" ");
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  const numbers = (/** @type {Event} */ event) => {
    event.preventDefault();
    onnumbers();
  };
  const span = /** @type {Interval} */ ([scale.low, scale.high]);
  /** @param {string} name @param {Interval} interval */
  const range = (name, interval) => `${name} from ${within(interval[0], interval)} to ${within(interval[1], interval)}`;
  const { titles, x, y } = place;
  const coordinates = titles.map((name, k) => `${name} = ${within(point[k], [x, y][k], 2)}`).join(", ");
  element.replaceChildren(
    h("span", {}, scale.label),
    scaleBar(scale, within(scale.low, span), within(scale.high, span)),
    scale instanceof ClassScale ? hues(scale, catalogue.quantity.classes) : "",
    h("span", {}, marks(catalogue, view)),
  );
  reading.replaceChildren(
    statistic === "probability"
      ? h("span", {}, `Below each map: its test ${catalogue.quantity.scoreName} by epoch.`)
      : "",
    h("span", {}, `${range(titles[0], x)} across, ${range(titles[1], y)} up.`),
    h(
      "span",
      {},
      `Cross: the chosen point, ${coordinates}; click a map for another. `,
      h("a", { href: "#point", onclick: numbers }, "Its numbers"),
    ),
  );
}

/** The classes' names beside their hues.
 *  @param {ClassScale} scale @param {string[]} classes */
export function hues(scale, classes) {
  const items = classes.map((name, c) => {
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = scale.hues[c];
    return h("span", { class: "class" }, swatch, name);
  });
  return h("span", { class: "hues" }, items);
}

/** What lines and points mean, in words.
 *  @param {Catalogue} catalogue @param {View} view */
export function marks(catalogue, view) {
  const { quantity, dataset } = catalogue;
  const isKnown = catalogue.models.some(({ card }) => card?.true_boundary);
  const isOfLabels = quantity.isMulticlass && view.class === null;
  const line = quantity.isValue
    ? " Lines: where it has the value written on them."
    : isOfLabels
      ? " Solid: between classes."
      : " Solid: P = 0.5.";
  const lines = `${isOfP(view) ? line : ""}${isKnown ? " Dashed: the true boundary." : ""}`;
  if (dataset === null && !quantity.isPlain) return lines.trim();
  return `${dots(catalogue, view)}${lines}`;
}

/** @param {Catalogue} catalogue @param {View} view */
function dots({ quantity }, { place }) {
  const of = quantity.isPlain
    ? "● class 0, ▲ class 1; outlined: test."
    : quantity.isValue
      ? `coloured by ${quantity.subject}; outlined: test.`
      : quantity.classes.length === 2
        ? `● ${isolated(quantity.classes[0])}, ▲ ${isolated(quantity.classes[1])}; outlined: test.`
        : "in the colours of their classes; outlined: test.";
  const isNear = !place.isWhole && !place.isAverage;
  return `Data of run 0${isNear ? ", the quarter nearest to this slice" : ""}: ${of}`;
}
