// Data sets that are drawn: those of training/gallery.py, by their names and with their meanings; other numbers.

import { Random, STREAM } from "./random.js";

/** Points in two features, and the position of each one's class.
 *  @typedef {{x: Float32Array, y: Float32Array, labels: Uint8Array}} Points */

/** `noise` is a standard deviation; of Gaussian quantiles it is that of the whole.
 *  @typedef {{name: string, n: number, noise: number, classes: number}} GallerySet */

/** Draws the point i of n, of a class.
 *  @typedef {(random: Random, set: GallerySet, label: number, at: number) => Point} Draw */

/** @typedef {object} Kind
 *  @property {string} title
 *  @property {number} n how many points training draws
 *  @property {number} noise
 *  @property {[number, number]} classes fewest and most
 *  @property {boolean} scale whether training standardizes it
 *  @property {Draw} draw */

/** @type {Readonly<Record<string, Kind>>} */
export const GALLERY = Object.freeze({
  gaussian_quantiles: {
    title: "The notebook’s disc",
    n: 2000,
    noise: Math.sqrt(0.1),
    classes: [2, 4],
    scale: false,
    draw: (random, { noise }) => [random.normal(noise), random.normal(noise)],
  },
  moons: {
    title: "Two moons",
    n: 1000,
    noise: 0.2,
    classes: [2, 2],
    scale: true,
    draw: (random, { noise }, label, at) => {
      const angle = Math.PI * at;
      const [x, y] = label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
      return [x + random.normal(noise), y + random.normal(noise)];
    },
  },
  circles: {
    title: "Two circles",
    n: 1000,
    noise: 0.1,
    classes: [2, 2],
    scale: true,
    draw: (random, { noise }, label, at) => {
      const [radius, angle] = [label === 0 ? 1 : 0.5, 2 * Math.PI * at];
      return [radius * Math.cos(angle) + random.normal(noise), radius * Math.sin(angle) + random.normal(noise)];
    },
  },
  xor: {
    title: "Opposite corners (XOR)",
    n: 1000,
    noise: 0.1,
    classes: [2, 2],
    scale: true,
    draw: (random) => [random.uniform(-1, 1), random.uniform(-1, 1)],
  },
  spiral: {
    title: "Spirals",
    n: 1000,
    noise: 0.02,
    classes: [2, 4],
    scale: true,
    draw: (random, { noise, classes }, label) => {
      const radius = Math.sqrt(random.uniform());
      const angle = 2 * Math.PI * (1.5 * radius + label / classes);
      return [radius * Math.cos(angle) + random.normal(noise), radius * Math.sin(angle) + random.normal(noise)];
    },
  },
  blobs: {
    title: "Clouds",
    n: 1000,
    noise: 2,
    classes: [2, 4],
    scale: true,
    draw: (random, { noise }) => [random.normal(noise), random.normal(noise)],
  },
});

/** Draw a set, as run 0 has it or as another one does.
 *  @param {GallerySet} set @param {number} seed @param {number} run
 *  @returns {Points} */
export function draw(set, seed, run) {
  const random = new Random(seed, run, STREAM.data);
  const { draw: drawOne } = GALLERY[set.name];
  const { n, classes } = set;
  const [x, y, labels] = [new Float32Array(n), new Float32Array(n), new Uint8Array(n)];
  for (let i = 0; i < n; i++) {
    labels[i] = i % classes;
    const ofClass = Math.ceil((n - labels[i]) / classes);
    [x[i], y[i]] = drawOne(random, set, labels[i], Math.floor(i / classes) / Math.max(1, ofClass));
  }
  if (set.name === "gaussian_quantiles") labels.set(shells(x, y, classes));
  else if (set.name === "xor") blur(random, set.noise, x, y, labels);
  else if (set.name === "blobs") spread(new Random(seed, STREAM.centres), x, y, labels, classes);
  return { x, y, labels };
}

/** As many points a class, from the middle outwards.
 *  @param {Float32Array} x @param {Float32Array} y @param {number} classes */
function shells(x, y, classes) {
  const n = x.length;
  const radius = Float64Array.from(x, (value, i) => Math.hypot(value, y[i]));
  const outwards = Uint32Array.from(x, (_, i) => i).sort((a, b) => radius[a] - radius[b]);
  const labels = new Uint8Array(n);
  outwards.forEach((i, rank) => (labels[i] = Math.min(classes - 1, Math.floor(rank / Math.floor(n / classes)))));
  return labels;
}

/** Label by the quadrant, then move the points.
 *  @param {Random} random @param {number} noise @param {Float32Array} x @param {Float32Array} y
 *  @param {Uint8Array} labels */
function blur(random, noise, x, y, labels) {
  for (let i = 0; i < x.length; i++) {
    labels[i] = Number(x[i] * y[i] < 0);
    x[i] += random.normal(noise);
    y[i] += random.normal(noise);
  }
}

/** Move each class to its centre, which is that of all runs.
 *  @param {Random} random @param {Float32Array} x @param {Float32Array} y @param {Uint8Array} labels
 *  @param {number} classes */
function spread(random, x, y, labels, classes) {
  const centres = Array.from({ length: classes }, () => [random.uniform(-10, 10), random.uniform(-10, 10)]);
  for (let i = 0; i < x.length; i++) {
    x[i] += centres[labels[i]][0];
    y[i] += centres[labels[i]][1];
  }
}
