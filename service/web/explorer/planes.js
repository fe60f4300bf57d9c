// The first layer's units over three features: each parts the space along a plane, where its sum is 0.

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./scene.js").Mesh} Mesh */

const MIN_CORNERS = 3; // corners of a polygon

/** A piece of a plane in the cube from -1 to 1 for each unit whose plane crosses it. There is none where a feature has
 *  categories.
 *  @param {Network} network @param {number} snapshot @param {import("./place.js").Place} place that holds the others
 *  @param {number[]} axes the positions of the features along x, y and z
 *  @param {{scale: number[], translation: number[]}} block what makes the cube of the features' units
 *  @returns {Omit<Mesh, "colour">[]} */
export function planesOf(network, snapshot, place, axes, { scale, translation }) {
  const { encoder } = network;
  const { kernel, bias } = network.at(snapshot)[0];
  const slopes = axes.flatMap((axis) => encoder.slope(axis) ?? []);
  if (slopes.length < axes.length) return [];
  const origin = /** @type {number[]} */ (encoder.encode(place.held.map((value, i) => (axes.includes(i) ? 0 : value))));
  return bias.flatMap((constant, u) => {
    const weights = slopes.map(({ input, factor }, k) => (kernel[input][u] * factor) / scale[k]);
    const atOrigin = origin.reduce((sum, input, k) => sum + input * kernel[k][u], constant);
    const atCentre = weights.reduce((sum, weight, k) => sum - weight * translation[k], atOrigin);
    const corners = polygon(weights, atCentre);
    return corners.length < MIN_CORNERS ? [] : fan(corners, weights, bias.length);
  });
}

/** The corners of the polygon in which the plane w · p + b = 0 cuts the cube, in order.
 *  @param {number[]} w @param {number} b
 *  @returns {number[][]} */
export function polygon(w, b) {
  /** @type {number[][]} */
  const corners = [];
  for (const axis of [0, 1, 2]) {
    for (const [p, q] of [
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ]) {
      const from = [p, q].toSpliced(axis, 0, 0);
      const along = -(b + from.reduce((sum, value, k) => sum + value * w[k], 0)) / w[axis];
      if (Math.abs(along) <= 1) corners.push(from.with(axis, along));
    }
  }
  if (corners.length < MIN_CORNERS) return [];
  const middle = [0, 1, 2].map((k) => corners.reduce((sum, corner) => sum + corner[k], 0) / corners.length);
  // Two directions within the plane, by which the corners are put in order around the middle.
  const least = w.map(Math.abs).indexOf(Math.min(...w.map(Math.abs)));
  const first = cross(w, [0, 0, 0].with(least, 1));
  const second = cross(w, first);
  /** @param {number[]} corner */
  const angle = (corner) => {
    const [x, y] = [first, second].map((side) => side.reduce((sum, one, k) => sum + one * (corner[k] - middle[k]), 0));
    return Math.atan2(y / Math.hypot(...w), x);
  };
  return corners.sort((c, d) => angle(c) - angle(d));
}

/** @param {number[]} a @param {number[]} b */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** @param {number[][]} corners @param {number[]} normal
 *  @param {number} count of the planes: many are fainter */
function fan(corners, normal, count) {
  return {
    positions: Float32Array.from(corners.flat()),
    normals: Float32Array.from(corners.flatMap(() => normal)),
    indices: Uint32Array.from(corners.slice(2).flatMap((_, i) => [0, i + 1, i + 2])),
    scale: [1, 1, 1],
    translation: [0, 0, 0],
    opacity: Math.min(0.22, 1.5 / count),
  };
}
