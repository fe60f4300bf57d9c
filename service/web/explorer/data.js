// The data: every point's mark, drawn once for all maps.

import { hueOf, scaleOf } from "./colours.js";
import { DARK, placing } from "./map.js";

/** The marks of more than two classes, in turn; of two they are a circle and a triangle. */
const SHAPES = ["circle", "triangle", "square", "diamond"];

export class Data {
  #key = "";

  /** @param {Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
  }

  /** Show them on panels' maps as a view asks for it, in the pixels of the screen.
   *  @param {View} view @param {import("./panels.js").ModelPanel[]} panels
   *  @param {import("./scales.js").AnyScale} scale of the values, where these are what is predicted */
  draw(view, panels, scale) {
    const plot = panels.find(({ map }) => !map.hidden)?.plot ?? null;
    if (plot === null) return;
    const pixels = Math.round(plot.element.clientWidth * devicePixelRatio);
    const ends = this.catalogue.quantity.isValue ? `${scale.low} ${scale.high}` : "";
    const key = `${view.points} ${view.colours} ${pixels} ${ends} ${view.place.key}`;
    if (this.#key === key || pixels === 0) return;
    this.#key = key;
    const drawn = this.picture(view, pixels, scale);
    for (const panel of panels) panel.plot.scatter(panel.model.isOfData ? drawn : null);
  }

  /** The data alone, on a square of so many pixels; null where none are shown.
   *  @param {View} view @param {number} pixels @param {import("./scales.js").AnyScale} scale */
  picture(view, pixels, scale) {
    const { dataset, quantity, features } = this.catalogue;
    if (dataset === null || dataset.features.length !== features.length || view.points === "none") return null;
    const { classes } = quantity;
    const two = scaleOf("probability", view.colours);
    const hues =
      classes.length === 2 ? [two.css(0.28), two.css(0.72)] : classes.map((_, c) => hueOf(c, classes.length));
    const groups = quantity.isValue ? [null] : classes.map((_, c) => c);
    const picture = new OffscreenCanvas(pixels, pixels);
    const context = picture.getContext("2d");
    if (context === null) return null;
    const near = this.catalogue.near(view.place);
    const place = placing(view.place, pixels);
    const [x, y] = view.place.axes;
    const density = Math.max(0.6, pixels / 300);
    for (const isTest of view.points === "all" ? [false, true] : [true]) {
      const size = (isTest ? 2.4 : 1.4) * density;
      context.globalAlpha = isTest ? 1 : 0.6;
      context.lineWidth = 0.6 * density;
      context.strokeStyle = DARK;
      /** @param {number} i */
      const isShown = (i) => (near === null || near[i]) && (dataset.split[i] === "test") === isTest;
      for (const label of groups) {
        if (label !== null) context.beginPath();
        dataset.points.forEach((point, i) => {
          if (!isShown(i) || (label !== null && dataset.labels[i] !== label)) return;
          if (label === null) context.beginPath();
          mark(context, ...place([point[x], point[y]]), size, SHAPES[(label ?? 0) % SHAPES.length]);
          if (label === null) finish(context, scale.css(dataset.labels[i]), isTest);
        });
        if (label !== null) finish(context, hues[label], isTest);
      }
    }
    return picture;
  }
}

/** @param {OffscreenCanvasRenderingContext2D} context @param {string} colour @param {boolean} isOutlined */
function finish(context, colour, isOutlined) {
  context.fillStyle = colour;
  context.fill();
  if (isOutlined) context.stroke();
}

/** Add a point's mark to the path.
 *  @param {OffscreenCanvasRenderingContext2D} context
 *  @param {number} x @param {number} y @param {number} size @param {string} shape */
function mark(context, x, y, size, shape) {
  const half = size * 1.15;
  if (shape === "circle") {
    context.moveTo(x + size, y);
    context.arc(x, y, size, 0, 2 * Math.PI);
  } else if (shape === "triangle") {
    context.moveTo(x, y - half);
    context.lineTo(x + half, y + half * 0.75);
    context.lineTo(x - half, y + half * 0.75);
    context.closePath();
  } else if (shape === "square") context.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else {
    context.moveTo(x, y - half);
    context.lineTo(x + half, y);
    context.lineTo(x, y + half);
    context.lineTo(x - half, y);
    context.closePath();
  }
}
