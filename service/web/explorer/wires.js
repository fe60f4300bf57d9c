// The connections between units: as thick as their weights are large, in the colours of their signs.

import { signedScale } from "./colours.js";
import { s } from "./dom.js";

/** The width in pixels of a layer's largest weight. */
export const THICKEST = 6;

/** Where a unit is drawn: its left and right end, and the height of its middle.
 *  @typedef {{start: number, end: number, y: number}} Box */

/** A line for each weight of a network.
 *  @param {{kernel: number[][]}[]} layers @param {Box[][]} boxes of the inputs and of each layer's units
 *  @param {string} colours */
export function wires(layers, boxes, colours) {
  const scale = signedScale(1, colours);
  return layers.flatMap(({ kernel }, l) => {
    const most = Math.max(...kernel.flat().map(Math.abs), 1e-9);
    return kernel.flatMap((weights, from) =>
      weights.map((weight, to) => {
        const [a, b] = [boxes[l][from], boxes[l + 1][to]];
        const middle = (a.end + b.start) / 2;
        return s("path", {
          d: `M${a.end},${a.y}C${middle},${a.y} ${middle},${b.y} ${b.start},${b.y}`,
          stroke: scale.css(weight < 0 ? -0.75 : 0.75),
          "stroke-width": (0.4 + (THICKEST * Math.abs(weight)) / most).toFixed(2),
          "stroke-opacity": (0.25 + (0.65 * Math.abs(weight)) / most).toFixed(2),
        });
      }),
    );
  });
}
