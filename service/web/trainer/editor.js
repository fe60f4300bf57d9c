// The points on a map: clicked, painted and taken away, by pointer or keyboard; under them what a network makes of it.

import { hueOf, scaleOf } from "../explorer/colours.js";
import { isolated } from "../explorer/bidi.js";
import { counted, fixed, h } from "../explorer/dom.js";
import { DARK, placing, Plot } from "../explorer/map.js";
import { boundaryOf } from "./fields.js";
import { NODES } from "./run.js";
import { roundedOver } from "./settings.js";

/** While painting, points are so far apart, as a share of the map; as near as this one is taken away. */
const POINT_DISTANCE = 0.025;

const KEYS = new Map([
  ["ArrowLeft", [-1, 0]],
  ["ArrowRight", [1, 0]],
  ["ArrowUp", [0, 1]],
  ["ArrowDown", [0, -1]],
]);

/** @typedef {import("./gallery.js").Points} Points */

/** The colour of a class's points, as on the explorer's maps.
 *  @param {number} c @param {number} count of classes */
export const colourOf = (c, count) =>
  count === 2 ? scaleOf("probability", "orange-blue").css(c === 0 ? 0.28 : 0.72) : hueOf(c, count);

export class Editor {
  /** @type {Point | null} where the last one was painted */
  #last = null;
  /** @type {Point} of the keyboard's cross, as shares of the map */
  #cross = [0.5, 0.5];
  #key = "";

  /** @param {Domain} domain
   *  @param {{onadd(points: Point[], c?: number): void, onerase(point: Point, reach: Point): void,
   *  onbegin(): void}} handlers `onbegin` is called before each stroke */
  constructor(domain, handlers) {
    this.handlers = handlers;
    this.plot = new Plot(domain, NODES);
    this.element = h(
      "div",
      {
        class: "frame editor",
        tabindex: 0,
        role: "application",
        "aria-roledescription": "map of points",
        "aria-describedby": "meaning editor-help",
        onpointerdown: (/** @type {PointerEvent} */ event) => this.#down(event),
        onpointermove: (/** @type {PointerEvent} */ event) => this.#move(event),
        onpointerup: () => (this.#last = null),
        onpointercancel: () => (this.#last = null),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#press(event),
        onblur: () => this.plot.draw("point", ""),
      },
      this.plot.element,
    );
    this.isErasing = false;
  }

  /** @param {Domain} domain @param {Points} points @param {string[]} classes */
  show(domain, points, classes) {
    this.plot.moveTo(domain);
    const counts = classes.map(
      (name, c) => `${points.labels.filter((label) => label === c).length} of class ${isolated(name)}`,
    );
    this.element.setAttribute("aria-label", `${counted(points.x.length, "point")}: ${counts.join(", ")}`);
    this.points = points;
    this.classes = classes;
    this.#key = "";
    this.draw();
  }

  /** Draw the points in the screen's pixels, where they are not drawn so. */
  draw() {
    const pixels = Math.round(this.plot.element.clientWidth * devicePixelRatio);
    const { points, classes } = this;
    if (points === undefined || classes === undefined || pixels === 0 || this.#key === String(pixels)) return;
    this.#key = String(pixels);
    const picture = new OffscreenCanvas(pixels, pixels);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (picture.getContext("2d"));
    const place = placing(this.plot.domain, pixels);
    const size = Math.max(1.2, (points.x.length > 400 ? 2 : 3.2) * Math.max(0.6, pixels / 420));
    context.lineWidth = size / 4;
    context.strokeStyle = DARK;
    classes.forEach((_, c) => {
      context.beginPath();
      points.labels.forEach((label, i) => {
        if (label === c) shape(context, ...place([points.x[i], points.y[i]]), size, c);
      });
      context.fillStyle = colourOf(c, classes.length);
      context.fill();
      context.stroke();
    });
    this.plot.scatter(picture);
  }

  /** Show a field under the points; null takes it away.
   *  @param {Field | null} field @param {import("../explorer/scales.js").AnyScale} scale
   *  @param {boolean} hasBoundary */
  paint(field, scale, hasBoundary) {
    this.plot.colours.hidden = field === null;
    this.plot.draw("boundary", field !== null && hasBoundary ? boundaryOf(field) : "");
    if (field !== null) this.plot.paint(field, scale);
  }

  /** @param {Point} point rounded to a thousandth of the map
   *  @returns {Point} */
  #rounded([x, y]) {
    const { domain } = this.plot;
    return [roundedOver(x, domain.x), roundedOver(y, domain.y)];
  }

  /** How far apart is near, along each axis.
   *  @returns {Point} */
  get #reach() {
    const { x, y } = this.plot.domain;
    return [POINT_DISTANCE * (x[1] - x[0]), POINT_DISTANCE * (y[1] - y[0])];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.handlers.onbegin();
    this.element.setPointerCapture(event.pointerId);
    this.#at(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#last === null) return;
    const [x, y] = this.plot.pointAt(event);
    const [dx, dy] = this.#reach;
    if (Math.hypot((x - this.#last[0]) / dx, (y - this.#last[1]) / dy) >= 1) this.#at(event);
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const point = this.plot.pointAt(event);
    this.#last = point;
    if (this.isErasing) this.handlers.onerase(point, this.#reach);
    else this.handlers.onadd([this.#rounded(point)]);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = KEYS.get(event.key);
    const c = Number(event.key) - 1;
    const isClass = this.classes !== undefined && c >= 0 && c < this.classes.length;
    const isErasing = ["Delete", "Backspace"].includes(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step === undefined && !isClass && !isErasing && event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    const far = event.shiftKey ? 0.1 : 0.02;
    if (step !== undefined) {
      /** @param {number} k */
      const moved = (k) => Math.min(1, Math.max(0, this.#cross[k] + far * step[k]));
      this.#cross = [moved(0), moved(1)];
    }
    const { x, y } = this.plot.domain;
    const point = this.#rounded([x[0] + this.#cross[0] * (x[1] - x[0]), y[0] + this.#cross[1] * (y[1] - y[0])]);
    this.plot.draw("point", this.plot.cross(point));
    this.element.setAttribute("aria-valuetext", `${fixed(point[0])}, ${fixed(point[1])}`);
    if (step !== undefined) return;
    this.handlers.onbegin();
    if (isErasing || (!isClass && this.isErasing)) this.handlers.onerase(point, this.#reach);
    else this.handlers.onadd([point], isClass ? c : undefined);
  }
}

/** Add a point's mark to the path: a circle, a triangle, a square, a diamond by its class.
 *  @param {OffscreenCanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} size
 *  @param {number} c */
function shape(context, x, y, size, c) {
  if (c === 0) {
    context.moveTo(x + size, y);
    context.arc(x, y, size, 0, 2 * Math.PI);
    return;
  }
  const corners = [
    [],
    [0, -1.3, 1.2, 0.9, -1.2, 0.9],
    [-0.95, -0.95, 0.95, -0.95, 0.95, 0.95, -0.95, 0.95],
    [0, -1.35, 1.35, 0, 0, 1.35, -1.35, 0],
  ][c];
  for (let i = 0; i < corners.length; i += 2) {
    const [across, down] = [x + corners[i] * size, y + corners[i + 1] * size];
    if (i === 0) context.moveTo(across, down);
    else context.lineTo(across, down);
  }
  context.closePath();
}
