// The data: every point's mark, drawn once for all maps.

import { scaleOf } from "./colours.js";
import { DARK, placing } from "./map.js";

export class Data {
  #key = "";

  /** @param {Catalogue} catalogue */
  constructor({ dataset, domain }) {
    this.dataset = dataset;
    this.domain = domain;
  }

  /** Show them on panels' maps as a view asks for it, in the pixels of the screen.
   *  @param {View} view @param {import("./panels.js").ModelPanel[]} panels */
  draw(view, panels) {
    const plot = panels.find(({ map }) => !map.hidden)?.plot ?? null;
    if (plot === null) return;
    const pixels = Math.round(plot.element.clientWidth * devicePixelRatio);
    const key = `${view.points} ${view.colours} ${pixels}`;
    if (this.#key === key || pixels === 0) return;
    this.#key = key;
    const drawn = this.picture(view, pixels);
    for (const panel of panels) panel.plot.scatter(panel.model.isPlane ? drawn : null);
  }

  /** The data alone, on a square of so many pixels; null where none are shown.
   *  @param {View} view @param {number} pixels */
  picture({ points, colours }, pixels) {
    const scale = scaleOf("probability", colours);
    return scatter(this.dataset, this.domain, pixels, points, [scale.css(0.28), scale.css(0.72)]);
  }
}

/** Draw the data on a picture of `pixels` a side: class 0 as circles, class 1 as triangles; test points with an
 *  outline, those that were trained or validated on small and faint.
 *  @param {Dataset | null} dataset @param {Domain} domain @param {number} pixels
 *  @param {string} which all, test or none @param {string[]} colours of the two classes */
function scatter(dataset, domain, pixels, which, [low, high]) {
  if (dataset === null || dataset.features.length !== 2 || which === "none") return null;
  const picture = new OffscreenCanvas(pixels, pixels);
  const context = picture.getContext("2d");
  if (context === null) return null;
  const place = placing(domain, pixels);
  const density = Math.max(0.6, pixels / 300);
  for (const isTest of which === "all" ? [false, true] : [true]) {
    const size = (isTest ? 2.4 : 1.4) * density;
    context.globalAlpha = isTest ? 1 : 0.6;
    context.lineWidth = 0.6 * density;
    context.strokeStyle = DARK;
    for (const label of [0, 1]) {
      context.beginPath();
      dataset.points.forEach((point, i) => {
        if (dataset.labels[i] !== label || (dataset.split[i] === "test") !== isTest) return;
        mark(context, ...place(point), size, label);
      });
      context.fillStyle = label === 0 ? low : high;
      context.fill();
      if (isTest) context.stroke();
    }
  }
  return picture;
}

/** Add a point's mark to the path: a circle for class 0, a triangle for class 1.
 *  @param {OffscreenCanvasRenderingContext2D} context
 *  @param {number} x @param {number} y @param {number} size @param {number} label */
function mark(context, x, y, size, label) {
  if (label === 0) {
    context.moveTo(x + size, y);
    context.arc(x, y, size, 0, 2 * Math.PI);
  } else {
    const half = size * 1.15;
    context.moveTo(x, y - half);
    context.lineTo(x + half, y + half * 0.75);
    context.lineTo(x - half, y + half * 0.75);
    context.closePath();
  }
}
