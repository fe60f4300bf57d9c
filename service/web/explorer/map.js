// One map: a field as colours, the data, and lines over it; on the page, and the same on a picture.

import { h, s } from "./dom.js";
import { SIDE } from "./lines.js";
import { nodesOf, thinned } from "./network.js";

export const DARK = "#111827";
const LIGHT = "#ffffff";

/** How each kind of line is drawn, halo first; widths are in pixels.
 *  @type {Record<string, {stroke: string, width: number, dash?: number[]}[]>} */
const STROKES = {
  boundary: [
    { stroke: LIGHT, width: 4.5 },
    { stroke: DARK, width: 2 },
  ],
  other: [
    { stroke: LIGHT, width: 4.5 },
    { stroke: DARK, width: 2, dash: [1.5, 3.5] },
  ],
  truth: [
    { stroke: LIGHT, width: 3 },
    { stroke: DARK, width: 1.2, dash: [6, 4] },
  ],
  point: [
    { stroke: LIGHT, width: 4.5 },
    { stroke: DARK, width: 1.8 },
  ],
  disagreement: [{ stroke: "#b5179e", width: 1.6 }],
  unit: [
    { stroke: LIGHT, width: 2.5 },
    { stroke: DARK, width: 0 },
  ],
  zero: [
    { stroke: LIGHT, width: 5 },
    { stroke: "#b5179e", width: 2.4 },
  ],
  against: [
    { stroke: LIGHT, width: 2.5 },
    { stroke: DARK, width: 0, dash: [6, 5] },
  ],
  level: [
    { stroke: DARK, width: 1.4 },
    { stroke: LIGHT, width: 0.9 },
  ],
  between: [{ stroke: DARK, width: 1.3 }],
};

/** @typedef {import("./lines.js").Label} Label */

export class Plot {
  /** @type {Map<string, SVGPathElement[]>} by name */
  #drawn = new Map();
  /** @type {Map<string, string>} what is drawn, by name */
  #keys = new Map();

  /** @param {Domain} domain
   *  @param {number} nodes that are painted, an axis: of more a small map has no use, and there may be fewer */
  constructor(domain, nodes) {
    this.domain = domain;
    this.nodes = nodes;
    this.place = placing(domain, SIDE);
    /** @type {Label[]} */
    this.labels = [];
    this.numbers = h("div", { class: "numbers", "aria-hidden": "true" });
    this.colours = h("canvas", { class: "colours" });
    this.dots = h("canvas", { class: "dots", width: 0, height: 0 });
    this.lines = s("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.element = h("div", { class: "plot" }, this.colours, this.dots, this.lines, this.numbers);
    this.image = this.#imageOf(nodes);
  }

  /** A picture of so many nodes an axis. They lie on the edges: it reaches half a pixel over each.
   *  @param {number} nodes */
  #imageOf(nodes) {
    this.colours.width = this.colours.height = nodes;
    this.element.style.setProperty("--pixel", `${100 / (nodes - 1)}%`);
    return new ImageData(nodes, nodes);
  }

  /** Draw over another domain from now on.
   *  @param {Domain} domain */
  moveTo(domain) {
    if (this.domain === domain) return;
    this.domain = domain;
    this.place = placing(domain, SIDE);
  }

  /** @param {Field} field @param {import("./scales.js").AnyScale} scale */
  paint({ values, labels }, scale) {
    const nodes = Math.min(this.nodes, nodesOf(values));
    if (this.image.width !== nodes) this.image = this.#imageOf(nodes);
    scale.paint(this.image, thinned(values, nodes), nodes, labels && thinned(labels, nodes));
    contextOf(this.colours).putImageData(this.image, 0, 0);
  }

  /** Show a line; an empty path takes it away. There may be several of a kind, as `unit:1` and `unit:2`; `more` is
   *  added to their width.
   *  @param {string} name @param {string} path */
  draw(name, path, more = 0) {
    const key = `${path} ${more}`;
    if (this.#keys.get(name) === key) return;
    this.#keys.set(name, key);
    let drawn = this.#drawn.get(name);
    if (drawn === undefined) {
      drawn = STROKES[kindOf(name)].map(({ stroke, dash }) =>
        s("path", { fill: "none", stroke, "stroke-dasharray": dash?.join(" "), "vector-effect": "non-scaling-stroke" }),
      );
      this.#drawn.set(name, drawn);
      // What a boundary is made of lies below it, whichever was drawn first.
      if (["unit", "against"].includes(kindOf(name))) this.lines.prepend(...drawn);
      else this.lines.append(...drawn);
    }
    drawn.forEach((element, i) => {
      element.setAttribute("d", path);
      element.setAttribute("stroke-width", `${STROKES[kindOf(name)][i].width + more}`);
    });
  }

  /** Show numbers on lines.
   *  @param {Label[]} labels */
  number(labels) {
    if (labels.length === 0 && this.labels.length === 0) return;
    this.labels = labels;
    const spans = labels.map(({ text, x, y }) => {
      const span = h("span", {}, text);
      [span.style.left, span.style.top] = [`${Math.min(92, Math.max(8, x))}%`, `${Math.min(96, Math.max(4, y))}%`];
      return span;
    });
    this.numbers.replaceChildren(...spans);
  }

  /** Take away the lines of a kind from number `first` on.
   *  @param {string} kind @param {number} first */
  clear(kind, first) {
    for (const name of this.#drawn.keys()) {
      if (kindOf(name) === kind && Number(name.split(":")[1]) >= first) this.draw(name, "");
    }
  }

  /** The line w · x + b = 0, far enough to cross the map: reckoned from its middle, in shares of its sides, as features
   *  may be far from 0 and their units of any size.
   *  @param {Point} w @param {number} b */
  straight([w1, w2], b) {
    const {
      x: [left, right],
      y: [bottom, top],
    } = this.domain;
    const [u, v] = [w1 * (right - left), w2 * (top - bottom)];
    const square = u * u + v * v;
    if (square === 0) return "";
    const middle = b + (w1 * (left + right)) / 2 + (w2 * (bottom + top)) / 2;
    const [x, y] = [(-middle * u) / square, (-middle * v) / square];
    const [along, up] = [v / Math.sqrt(square), -u / Math.sqrt(square)];
    /** @param {number} far */
    const end = (far) => [SIDE * (0.5 + x + far * along), SIDE * (0.5 - y - far * up)];
    return Math.hypot(x, y) > 1 ? "" : `M${end(-4)}L${end(4)}`;
  }

  /** The part of a sphere that lies in a place: a circle around it, or nothing.
   *  @param {Sphere} sphere @param {import("./place.js").Place} place */
  sphere({ center, radius }, place) {
    if (center.length !== place.features.length || place.isAverage) return "";
    const apart = place.others.reduce((sum, i) => sum + (place.held[i] - center[i]) ** 2, 0);
    if (apart >= radius ** 2) return "";
    return this.#circle([center[place.axes[0]], center[place.axes[1]]], Math.sqrt(radius ** 2 - apart));
  }

  /** @param {Point} center @param {number} radius */
  #circle(center, radius) {
    const [x, y] = this.place(center);
    const [rx, ry] = [radius / (this.domain.x[1] - this.domain.x[0]), radius / (this.domain.y[1] - this.domain.y[0])];
    return ellipse(x, y, rx * SIDE, ry * SIDE);
  }

  /** A ring around each of some points.
   *  @param {Point[]} points */
  rings(points) {
    return points.map((point) => ellipse(...this.place(point), 1.6, 1.6)).join("");
  }

  /** @param {Point} point */
  cross(point) {
    const [x, y] = this.place(point);
    return `M${x - 4},${y}H${x + 4}M${x},${y - 4}V${y + 4}`;
  }

  /** The point under a pointer.
   *  @param {MouseEvent} event
   *  @returns {Point} */
  pointAt({ clientX, clientY }) {
    const box = this.element.getBoundingClientRect();
    /** @param {Interval} interval @param {number} share */
    const along = ([low, high], share) => low + Math.min(1, Math.max(0, share)) * (high - low);
    return [
      along(this.domain.x, (clientX - box.left) / box.width),
      along(this.domain.y, (box.bottom - clientY) / box.height),
    ];
  }

  /** Show the data as they are on a picture of the same size: drawn once for all maps.
   *  @param {OffscreenCanvas | null} picture */
  scatter(picture) {
    [this.dots.width, this.dots.height] = [picture?.width ?? 0, picture?.height ?? 0];
    if (picture) contextOf(this.dots).drawImage(picture, 0, 0);
  }

  /** Draw all of it on a picture, as a square of `side` pixels.
   *  @param {CanvasRenderingContext2D} context @param {number} left @param {number} top @param {number} side
   *  @param {OffscreenCanvas | null} dots the data */
  drawOn(context, left, top, side, dots) {
    context.save();
    context.translate(left, top);
    context.beginPath();
    context.rect(0, 0, side, side);
    context.clip();
    context.imageSmoothingEnabled = true;
    context.drawImage(this.colours, 0.5, 0.5, this.image.width - 1, this.image.width - 1, 0, 0, side, side);
    if (dots) context.drawImage(dots, 0, 0, side, side);
    const density = side / 300;
    const scaled = new DOMMatrix().scale(side / SIDE);
    for (const [name, elements] of this.#drawn) {
      const path = new Path2D();
      path.addPath(new Path2D(elements[0].getAttribute("d") ?? ""), scaled);
      STROKES[kindOf(name)].forEach(({ stroke, dash }, i) => {
        context.strokeStyle = stroke;
        context.lineWidth = Number(elements[i].getAttribute("stroke-width")) * density;
        context.setLineDash((dash ?? []).map((length) => length * density));
        context.stroke(path);
      });
    }
    context.font = `${11 * density}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.setLineDash([]);
    for (const { text, x, y } of this.labels) {
      const at = /** @type {Point} */ ([(x * side) / SIDE, (y * side) / SIDE + 4 * density]);
      [context.strokeStyle, context.fillStyle, context.lineWidth] = [DARK, LIGHT, 3 * density];
      context.strokeText(text, ...at);
      context.fillText(text, ...at);
    }
    context.restore();
  }
}

/** Where points lie on a square of this side, its y counted from above.
 *  @param {Domain} domain @param {number} side
 *  @returns {(point: Point) => Point} */
export function placing({ x: [left, right], y: [bottom, top] }, side) {
  return ([x, y]) => [((x - left) / (right - left)) * side, ((top - y) / (top - bottom)) * side];
}

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser cannot draw on another canvas");
  return context;
}

/** @param {string} name */
const kindOf = (name) => name.split(":")[0];

/** @param {number} x @param {number} y @param {number} rx @param {number} ry */
function ellipse(x, y, rx, ry) {
  return `M${x - rx},${y}a${rx},${ry} 0 1 0 ${2 * rx},0a${rx},${ry} 0 1 0 ${-2 * rx},0Z`;
}
