// Boundaries: what the runs of each cell make of a plane, as colours.

import { ClassScale, scaleOf, valueScale } from "../explorer/colours.js";
import { h } from "../explorer/dom.js";
import { between, levelLines, line, SIDE } from "../explorer/lines.js";
import { contextOf, DARK } from "../explorer/map.js";
import { levels } from "../explorer/scales.js";
import { parseNpyBytes } from "../explorer/service.js";

/** The share of runs in the second plane is in steps of this, and this is where there is none. */
const [AGREEMENT_STEPS, NO_AGREEMENT] = [254, 255];

/** Bytes are red, green, blue and opacity, the lowest first. */
const DARK_PIXEL = [1, 3, 5].reduce((sum, at, i) => sum | (parseInt(DARK.slice(at, at + 2), 16) << (8 * i)), 255 << 24);

/** @typedef {{values: Uint8Array, agreement: Uint8Array, of: StudyMap}} BoundaryMap rows from below */

export class Maps {
  #small = h("canvas");
  #image;

  /** @param {ArrayBuffer | null} buffer [cells, 2, n, n] as the service sends it; null until it is there
   *  @param {import("./study.js").Study} study */
  constructor(buffer, study) {
    this.isLoaded = buffer !== null;
    this.bytes = buffer === null ? new Uint8Array(0) : parseNpyBytes(buffer);
    this.nodes = study.resolution;
    this.#image = new ImageData(this.nodes, this.nodes);
    this.study = study;
    this.isValue = study.facts.task === "regression";
    const ends = study.maps.map(({ scale }) => scale);
    this.span = /** @type {Interval} */ ([
      Math.min(...ends.map(([low]) => low)),
      Math.max(...ends.map(([, high]) => high)),
    ]);
    const count = Math.max(2, ...study.maps.map(({ classes }) => classes?.length ?? 2));
    this.isMulticlass = study.facts.task === "multiclass";
    /** @type {import("../explorer/scales.js").AnyScale} */
    this.scale = this.isMulticlass
      ? new ClassScale(count, "share of the runs that give the most frequent class")
      : this.isValue
        ? valueScale(...this.span, "mean of the runs’ values")
        : scaleOf("mean", "orange-blue");
    this.agreementScale = scaleOf("agreement", "orange-blue", "", this.isMulticlass ? 0 : 0.5);
    this.colours = study.maps.map(({ scale }) => this.#colours(scale));
  }

  /** @param {StudyCell} cell
   *  @returns {BoundaryMap | null} */
  of(cell) {
    const position = this.study.positions.get(cell.digest);
    const size = this.nodes ** 2;
    if (cell.map === null || position === undefined || this.bytes.length < 2 * size * (position + 1)) return null;
    const at = 2 * size * position;
    return {
      values: this.bytes.subarray(at, at + size),
      agreement: this.bytes.subarray(at + size, at + 2 * size),
      of: this.study.maps[cell.map],
    };
  }

  /** The colour of each of 256 steps.
   *  @param {Interval} scale what the first and the last are */
  #colours([low, high]) {
    const { scale } = this;
    if (scale instanceof ClassScale) return new Uint32Array(0);
    return Uint32Array.from({ length: 256 }, (_, step) => {
      const share = (low + ((high - low) * step) / 255 - scale.low) / (scale.high - scale.low || 1);
      return scale.pixels[Math.round(Math.min(1, Math.max(0, share)) * (scale.pixels.length - 1))];
    });
  }

  /** Draw a map where there is room for its line, as a picture of so many pixels.
   *  @param {HTMLCanvasElement} canvas @param {number} pixels @param {StudyCell} cell */
  paintLarge(canvas, pixels, cell) {
    const map = this.of(cell);
    if (map === null) return;
    const n = this.nodes;
    if (this.#small.width !== n) [this.#small.width, this.#small.height] = [n, n];
    this.#colour(this.#small, map, cell);
    [canvas.width, canvas.height] = [pixels, pixels];
    const context = contextOf(canvas);
    context.drawImage(this.#small, 0.5, 0.5, n - 1, n - 1, 0, 0, pixels, pixels); // nodes lie on the edges
    const { lines } = this.drawn(map);
    const scaled = new Path2D();
    for (const [, path] of lines) scaled.addPath(new Path2D(path), new DOMMatrix().scale(pixels / SIDE));
    [context.strokeStyle, context.lineWidth] = [DARK, pixels / 75];
    context.stroke(scaled);
  }

  /** Draw a map as small as its nodes are many; of two classes the boundary as dark pixels.
   *  @param {HTMLCanvasElement} canvas @param {StudyCell} cell */
  paintSmall(canvas, cell) {
    const map = this.of(cell);
    if (map === null) return;
    [canvas.width, canvas.height] = [this.nodes, this.nodes];
    this.#colour(canvas, map, cell, !this.isValue);
  }

  /** @param {HTMLCanvasElement} canvas @param {BoundaryMap} map @param {StudyCell} cell */
  #colour(canvas, map, cell, isOutlined = false) {
    const [n, image] = [this.nodes, this.#image];
    if (this.scale instanceof ClassScale) {
      this.scale.paint(image, shares(map), n, map.values);
    } else {
      const pixels = new Uint32Array(image.data.buffer);
      const colours = this.colours[cell.map ?? 0];
      for (let i = 0, row = n - 1; row >= 0; row--) {
        for (let at = row * n, end = at + n; at < end; at++, i++) pixels[i] = colours[map.values[at]];
      }
      if (isOutlined) outline(pixels, map.values, n);
    }
    contextOf(canvas).putImageData(image, 0, 0);
  }

  /** A map and its lines for a plot.
   *  @param {BoundaryMap} map
   *  @returns {{field: Field, lines: [string, string][], labels: import("../explorer/lines.js").Label[]}} */
  drawn({ values, agreement, of }) {
    const n = this.nodes;
    if (this.isMulticlass) {
      const field = { values: shares({ values, agreement, of }), labels: values };
      return { field, lines: [["between", between(field, n)]], labels: [] };
    }
    const [low, high] = of.scale;
    const numbers = Float32Array.from(values, (value) => low + ((high - low) * value) / 255);
    const field = { values: numbers, labels: null };
    if (!this.isValue) return { field, lines: [["boundary", line(numbers, n, 0.5)]], labels: [] };
    const { path, labels } = levelLines(numbers, n, levels(this.span));
    return { field, lines: [["level", path]], labels };
  }

  /** How many runs agree, for a plot; null where runs have no labels.
   *  @param {BoundaryMap} map
   *  @returns {Field | null} */
  agreed(map) {
    return map.agreement.every((share) => share === NO_AGREEMENT) ? null : { values: shares(map), labels: null };
  }
}

/** @param {BoundaryMap} map */
const shares = ({ agreement }) =>
  Float32Array.from(agreement, (share) => (share === NO_AGREEMENT ? 0 : share / AGREEMENT_STEPS));

/** Darken the pixels on the upper side of P = 0.5.
 *  @param {Uint32Array} pixels rows from above @param {Uint8Array} values rows from below @param {number} n */
function outline(pixels, values, n) {
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const at = row * n + column;
      const isHigh = values[at] > 127;
      if (!isHigh) continue;
      const isEdge =
        (column > 0 && values[at - 1] <= 127) ||
        (column < n - 1 && values[at + 1] <= 127) ||
        (row > 0 && values[at - n] <= 127) ||
        (row < n - 1 && values[at + n] <= 127);
      if (isEdge) pixels[(n - 1 - row) * n + column] = DARK_PIXEL;
    }
  }
}
