// Colour scales: from numbers to pixels, the same for every map of a kind.

/** Diverging, from P = 0 over 0.5 to P = 1 (ColorBrewer's RdBu and, of its PuOr and RdBu, the orange and the blue half:
 *  they differ in lightness and blueness, which all kinds of colour vision tell apart). */
const PROBABILITY = {
  "orange-blue": ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fee0b6", "#fdb863", "#e08214", "#b35806"],
  "red-blue": ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b"],
};

/** Where runs agree it is light, where they differ dark (ColorBrewer's Purples). */
const UNCERTAINTY = ["#fcfbfd", "#efedf5", "#dadaeb", "#bcbddc", "#9e9ac8", "#807dba", "#6a51a3", "#54278f", "#3f007d"];

/** @typedef {keyof typeof PROBABILITY} Palette */

export const PALETTES = Object.keys(PROBABILITY);

const STEPS = 512;

/** A scale from `low` to `high`. */
export class Scale {
  /** @param {string[]} anchors @param {number} low @param {number} high @param {string} label */
  constructor(anchors, low, high, label) {
    this.anchors = anchors;
    this.low = low;
    this.high = high;
    this.label = label;
    this.pixels = Uint32Array.from({ length: STEPS }, (_, i) => pixel(mixed(anchors, i / (STEPS - 1))));
  }

  /** Fill an image [n × n pixels] with values [n · n] whose first row is the lowest.
   *  @param {ImageData} image @param {ArrayLike<number>} values @param {number} n */
  paint(image, values, n) {
    const pixels = new Uint32Array(image.data.buffer);
    const factor = (STEPS - 1) / (this.high - this.low);
    for (let row = 0, i = 0; row < n; row++) {
      let at = (n - 1 - row) * n;
      for (let column = 0; column < n; column++, i++, at++) {
        const step = (values[i] - this.low) * factor + 0.5;
        pixels[at] = this.pixels[step < 0 ? 0 : step >= STEPS ? STEPS - 1 : step | 0];
      }
    }
  }

  /** CSS's colour of a value.
   *  @param {number} value */
  css(value) {
    const at = Math.min(1, Math.max(0, (value - this.low) / (this.high - this.low)));
    return `rgb(${mixed(this.anchors, at).map(Math.round).join(" ")})`;
  }
}

/** @param {string} palette */
const anchorsOf = (palette) => PROBABILITY[/** @type {Palette} */ (palette)] ?? PROBABILITY["orange-blue"];

/** The scale of a statistic. */
export const scaleOf = memoize((/** @type {string} */ statistic, /** @type {string} */ palette) => {
  if (statistic === "std") return new Scale(UNCERTAINTY, 0, 0.5, "standard deviation of P(y = 1) over the runs");
  if (statistic === "agreement") {
    return new Scale(UNCERTAINTY.toReversed(), 0.5, 1, "share of the runs on the majority's side");
  }
  return new Scale(anchorsOf(palette), 0, 1, statistic === "mean" ? "mean of P(y = 1) over the runs" : "P(y = 1)");
});

/** The scale of a difference, or of a unit's output: as far to both sides of 0. */
export const signedScale = memoize(
  (/** @type {number} */ reach, /** @type {string} */ palette) => new Scale(anchorsOf(palette), -reach, reach, ""),
);

/** A function that makes each scale once: the colours of one take as long as painting with it.
 *  @template {(string | number)[]} K
 *  @param {(...key: K) => Scale} make
 *  @returns {(...key: K) => Scale} */
function memoize(make) {
  /** @type {Map<string, Scale>} */
  const made = new Map();
  return (...key) => {
    const name = key.join(" ");
    if (made.size > 100) made.clear();
    const scale = made.get(name) ?? make(...key);
    made.set(name, scale);
    return scale;
  };
}

/** @param {string[]} anchors @param {number} at from 0 to 1 */
function mixed(anchors, at) {
  const position = at * (anchors.length - 1);
  const first = Math.min(anchors.length - 2, Math.floor(position));
  const [a, b] = [rgb(anchors[first]), rgb(anchors[first + 1])];
  return a.map((value, channel) => value + (position - first) * (b[channel] - value));
}

/** @param {string} hex */
const rgb = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

/** @param {number[]} colour */
const pixel = ([r, g, b]) => (255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
