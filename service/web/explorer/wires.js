// The connections between units: as thick as their weights are large, in the colours of their signs.

import { signedScale } from "./colours.js";
import { s } from "./dom.js";

/** The width in pixels of a layer's largest weight. */
export const MAX_CONNECTION_WIDTH = 6;

/** Connections of a layer that are drawn, the largest: more would be one stain. */
const MAX_DRAWN_CONNECTIONS = 400;

/** Where a unit is drawn: its left and right end, and the height of its middle.
 *  @typedef {{start: number, end: number, y: number}} Box */

/** Draw a line for each weight of a network between units that are drawn. Those that are there are changed, as this is
 *  done with every frame.
 *  @param {SVGElement} edges @param {{kernel: number[][]}[]} layers
 *  @param {Box[][]} boxes of the inputs and of each layer's units
 *  @param {string} colours @param {import("./switched.js").Off} off the hidden units from which there are none */
export function wire(edges, layers, boxes, colours, off) {
  const scale = signedScale(1, colours);
  const [cold, warm] = [-0.75, 0.75].map((value) => scale.css(value));
  const all = layers.flatMap(({ kernel }, l) => {
    const [before, after] = [boxes[l], boxes[l + 1]];
    const shown = kernel.slice(0, before.length).map((weights) => weights.slice(0, after.length));
    const sizes = shown.flat().map(Math.abs);
    const most = Math.max(...sizes, 1e-9);
    const least = sizes.length > MAX_DRAWN_CONNECTIONS ? sizes.sort((a, b) => b - a)[MAX_DRAWN_CONNECTIONS] : -1;
    return shown.flatMap((weights, from) =>
      weights.flatMap((weight, to) => {
        if (Math.abs(weight) <= least || (l > 0 && off[l - 1][from])) return [];
        const [a, b] = [before[from], after[to]];
        const middle = (a.end + b.start) / 2;
        return {
          d: `M${a.end},${a.y}C${middle},${a.y} ${middle},${b.y} ${b.start},${b.y}`,
          stroke: weight < 0 ? cold : warm,
          "stroke-width": (0.4 + (MAX_CONNECTION_WIDTH * Math.abs(weight)) / most).toFixed(2),
          "stroke-opacity": (0.25 + (0.65 * Math.abs(weight)) / most).toFixed(2),
        };
      }),
    );
  });
  all.forEach((attributes, i) => {
    const path = edges.children[i] ?? edges.appendChild(s("path"));
    for (const [name, value] of Object.entries(attributes)) {
      if (path.getAttribute(name) !== value) path.setAttribute(name, value);
    }
  });
  for (let i = edges.children.length; i > all.length; i--) edges.lastElementChild?.remove();
}

/** Where elements stand within another.
 *  @param {Element} within @param {HTMLElement[][]} elements
 *  @returns {Box[][]} */
export function boxesIn(within, elements) {
  const { left, top } = within.getBoundingClientRect();
  return elements.map((layer) =>
    layer.map((element) => {
      const box = element.getBoundingClientRect();
      return { start: box.left - left, end: box.right - left, y: (box.top + box.bottom) / 2 - top };
    }),
  );
}
