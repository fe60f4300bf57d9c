// The colours of a measure: from the least to the most that any cell of the study has.

import { valueScale } from "../explorer/colours.js";
import { rangeOf } from "../explorer/scales.js";
import { isLogarithmic } from "./measures.js";

export class Heat {
  /** @param {string} measure @param {number[]} means of all cells */
  constructor(measure, means) {
    const known = means.filter(Number.isFinite);
    this.measure = measure;
    this.isLog = isLogarithmic(measure, known);
    const positive = known.filter((value) => value > 0);
    this.ends = rangeOf(this.isLog ? positive : known);
    const [low, high] = this.ends.map((end) => this.#at(end));
    this.scale = valueScale(low, high, measure);
    this.hasAny = known.length > 0;
  }

  /** @param {number} value */
  #at(value) {
    return this.isLog ? Math.log10(Math.max(value, this.ends[0])) : value;
  }

  /** The colour of a value, and that of what is written on it.
   *  @param {number} value
   *  @returns {[string, string]} */
  css(value) {
    const colour = this.scale.css(this.#at(value));
    return [colour, luminance(colour) > 0.179 ? "#000000" : "#ffffff"];
  }

  /** Colours from the least to the most, as CSS has them. */
  get gradient() {
    const { low, high } = this.scale;
    const stops = Array.from({ length: 9 }, (_, i) => this.scale.css(low + ((high - low) * i) / 8));
    return `linear-gradient(to right, ${stops.join(", ")})`;
  }
}

/** WCAG's relative luminance: above 0.179 black is read better than white.
 *  @param {string} css as `rgb(1 2 3)` */
function luminance(css) {
  const [r, g, b] = (css.match(/\d+/g) ?? []).map((text) => {
    const share = Number(text) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
