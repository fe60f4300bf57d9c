// Colour scales: from numbers to pixels, the same for every map of a kind.

/** Diverging, from P = 0 over 0.5 to P = 1 (ColorBrewer's RdBu and, of its PuOr and RdBu, the orange and the blue half:
 *  they differ in lightness and blueness, which all kinds of colour vision tell apart). */
const PROBABILITY = {
  "orange-blue": ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fee0b6", "#fdb863", "#e08214", "#b35806"],
  "red-blue": ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b"],
};

/** Where runs agree it is light, where they differ dark (ColorBrewer's Purples). */
const UNCERTAINTY = ["#fcfbfd", "#efedf5", "#dadaeb", "#bcbddc", "#9e9ac8", "#807dba", "#6a51a3", "#54278f", "#3f007d"];

/** Sequential, for values (Matplotlib's viridis: evenly lighter, for all kinds of colour vision). */
const VALUES = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

/** A hue for each of up to ten classes (Matplotlib's tab10, as on the service's pictures). */
const HUES = ["1f77b4", "ff7f0e", "2ca02c", "d62728", "9467bd", "8c564b", "e377c2", "7f7f7f", "bcbd22", "17becf"];

/** The strength of a class's hue where it is no more probable than by chance. */
const MIN_STRENGTH = 0.15;

/** @typedef {keyof typeof PROBABILITY} Palette */

export const PALETTES = Object.keys(PROBABILITY);

const STEPS = 512;

/** A scale from `low` to `high`. */
export class Scale {
  /** @param {string[]} anchors @param {number} low @param {number} high @param {string} label */
  constructor(anchors, low, high, label) {
    this.anchors = anchors.map(rgb);
    this.low = low;
    this.high = high;
    this.label = label;
    this.pixels = Uint32Array.from({ length: STEPS }, (_, i) => pixel(mixed(this.anchors, i / (STEPS - 1))));
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

/** One hue a class; its strength is the probability of the most probable class. */
export class ClassScale {
  /** @param {number} count of classes @param {string} label */
  constructor(count, label) {
    this.low = 1 / count;
    this.high = 1;
    this.label = label;
    this.hues = Array.from({ length: count }, (_, c) => hueOf(c, count));
    this.strengths = this.hues.map((hue) => new Scale(["#ffffff", hue], 0, 1, ""));
  }

  /** @param {ImageData} image @param {ArrayLike<number>} values @param {number} n
   *  @param {ArrayLike<number> | null} labels the classes' positions */
  paint(image, values, n, labels) {
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0, i = 0; row < n; row++) {
      let at = (n - 1 - row) * n;
      for (let column = 0; column < n; column++, i++, at++) {
        const share = Math.min(1, Math.max(0, (values[i] - this.low) / (1 - this.low)));
        const { pixels: colours } = this.strengths[labels === null ? 0 : labels[i]] ?? this.strengths[0];
        pixels[at] = colours[Math.round((MIN_STRENGTH + (1 - MIN_STRENGTH) * share) * (STEPS - 1))] || 0;
      }
    }
  }

  /** CSS's colour of a probability: of any class, a grey.
   *  @param {number} value */
  css(value) {
    return greys().css(MIN_STRENGTH + ((1 - MIN_STRENGTH) * (value - this.low)) / (1 - this.low));
  }
}

const greys = memoize(() => new Scale(["#ffffff", "#333333"], 0, 1, ""));

/** A class's colour: one of ten, or as many as are needed around the wheel.
 *  @param {number} c @param {number} count of classes */
export function hueOf(c, count) {
  if (count <= HUES.length) return `#${HUES[c]}`;
  /** @param {number} k */
  const channel = (k) => {
    const at = (k + (6 * c) / count) % 6;
    return Math.round(255 * (1 - 0.85 * Math.max(0, Math.min(at, 4 - at, 1))));
  };
  return `#${[5, 3, 1].map((k) => channel(k).toString(16).padStart(2, "0")).join("")}`;
}

/** A scale of values between two.
 *  @type {(low: number, high: number, label: string) => Scale} */
export const valueScale = memoize(
  (/** @type {number} */ low, /** @type {number} */ high, /** @type {string} */ label) =>
    new Scale(VALUES, low, high, label),
);

/** @param {string} palette */
const anchorsOf = (palette) => PROBABILITY[/** @type {Palette} */ (palette)] ?? PROBABILITY["orange-blue"];

/** The scale of a statistic of probabilities; `what` they are of, as P(y = 1). */
export const scaleOf = memoize(
  (
    /** @type {string} */ statistic,
    /** @type {string} */ palette,
    /** @type {string} */ what = "P(y = 1)",
    /** @type {number} */ most = 0.5,
  ) => {
    if (statistic === "std") return new Scale(UNCERTAINTY, 0, most, `standard deviation of ${what} over the runs`);
    if (statistic === "agreement") {
      return new Scale(UNCERTAINTY.toReversed(), most, 1, "share of the runs on the majority's side");
    }
    return new Scale(anchorsOf(palette), 0, 1, statistic === "mean" ? `mean of ${what} over the runs` : what);
  },
);

/** One class's probability, in its hue. */
export const classScale = memoize(
  (/** @type {number} */ c, /** @type {number} */ count, /** @type {string} */ label) =>
    new Scale(["#ffffff", hueOf(c, count)], 0, 1, label),
);

/** The most probable class's. */
export const classesScale = memoize(
  (/** @type {number} */ count, /** @type {string} */ label) => new ClassScale(count, label),
);

/** The scale of a difference, or of a unit's output: as far to both sides of 0. */
export const signedScale = memoize(
  (/** @type {number} */ reach, /** @type {string} */ palette) => new Scale(anchorsOf(palette), -reach, reach, ""),
);

/** A function that makes each scale once: the colours of one take as long as painting with it.
 *  @template {unknown[]} K
 *  @template T
 *  @param {(...key: K) => T} make
 *  @returns {(...key: K) => T} */
function memoize(make) {
  /** @type {Map<string, T>} */
  const made = new Map();
  return (...key) => {
    const name = JSON.stringify(key);
    if (made.size > 100) made.clear();
    const scale = made.get(name) ?? make(...key);
    made.set(name, scale);
    return scale;
  };
}

/** @param {number[][]} anchors @param {number} at from 0 to 1 */
function mixed(anchors, at) {
  const position = at * (anchors.length - 1);
  const first = Math.min(anchors.length - 2, Math.floor(position));
  const [a, b] = [anchors[first], anchors[first + 1]];
  return a.map((value, channel) => value + (position - first) * (b[channel] - value));
}

/** @param {string} hex */
const rgb = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

/** @param {number[]} colour */
const pixel = ([r, g, b]) => (255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
