// Where a map's boundary runs, in words, for whoever does not see it. Pure: no page, no requests.

import { contours } from "./contours.js";
import { inWords, listed } from "./dom.js";

/** @typedef {import("./contours.js").Line} Line */
/** @typedef {ArrayLike<number>} Grid one number a node, [side · side]: x runs fastest, the first row is the lowest */

/** How far a line may be from straight, and how small it may be beside others, in shares of a map's side. */
const STRAIGHT_TOLERANCE = 0.02;
const MIN_LINE_SIZE = 0.03;

/** The share of a map that a region has at least, to be spoken of. */
const MIN_REGION_SHARE = 0.003;

/** Lines of which each is described; of more it is said how many there are. */
const FEW_LINES = 2;

/** Regions of which each is described. */
const FEW_REGIONS = 6;

/** Where the boundary of a map runs: "a straight line from the left edge to the top", "a closed curve around the
 *  centre", "no boundary: y = 1 everywhere". With `classes` the grid is of labels, positions among these names:
 *  "three regions: setosa at the left, …".
 *  @param {Grid} values @param {number} side nodes an axis
 *  @param {{level?: number, low?: string, high?: string, telling?: boolean, classes?: string[] | null}} options the
 *  level, which is on the high side; what both sides are called; whether to say, too, where the high side is
 *  @returns {string} */
export function describe(values, side, options = {}) {
  const { level = 0.5, low = "y = 0", high = "y = 1", telling = false, classes = null } = options;
  if (classes !== null) return regionsInWords(values, side, classes);
  const all = contours(values, side, side, level);
  const lines = all.some((line) => sizeOf(line, side) >= MIN_LINE_SIZE)
    ? all.filter((line) => sizeOf(line, side) >= MIN_LINE_SIZE)
    : all;
  const share = shareOver(values, level);
  if (Number.isNaN(share)) return "no boundary: there are no numbers";
  if (lines.length === 0) return `no boundary: ${share >= 0.5 ? high : low} everywhere`;
  const words = linesInWords(lines, side);
  return telling ? `${words}, ${sideInWords(lines, values, side, level, share, { low, high })}` : words;
}

/** Where a map of values is lowest and highest: "lowest at the bottom left, highest at the right".
 *  @param {Grid} values @param {number} side nodes an axis */
export function describeValues(values, side) {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > most) most = values[i];
  }
  if (!(least <= most)) return "there are no numbers";
  if (most - least <= 1e-6 * Math.max(1, Math.abs(least), Math.abs(most))) return "the same everywhere";
  const near = (most - least) / 20;
  const low = placesOf(values, side, (value) => value <= least + near);
  const high = placesOf(values, side, (value) => value >= most - near);
  return `lowest ${low}, highest ${high}`;
}

/** Where such nodes are, by their regions.
 *  @param {Grid} values @param {number} side @param {(value: number) => boolean} isWanted */
function placesOf(values, side, isWanted) {
  const { of, sizes } = regionsOf(Float32Array.from(values, (value) => (isWanted(value) ? 0 : NaN)), side);
  const most = Math.max(...sizes.map(({ nodes }) => nodes));
  const large = sizes.flatMap(({ nodes }, number) => (nodes >= most / 4 ? [number] : []));
  if (large.length > FEW_LINES) return "in several places";
  return listed([...new Set(large.map((number) => placeOf(of, side, (one) => one === number)))]);
}

/** @param {Line[]} lines @param {number} side */
function linesInWords(lines, side) {
  const closed = lines.filter(({ isClosed }) => isClosed);
  const straight = lines.filter((line) => isStraight(line, side));
  const curved = lines.filter((line) => !line.isClosed && !isStraight(line, side));
  const isFew = lines.length <= FEW_LINES;
  return listed([
    ...grouped(straight, "straight line", "straight lines", isFew, (line) => wayOf(line, side)),
    ...grouped(curved, "curve", "curves", isFew, (line) => wayOf(line, side)),
    ...grouped(closed, "closed curve", "closed curves", isFew || closed.length === 1, (line) => siteOf(line, side)),
  ]);
}

/** Lines of one kind, in words, as one part of a list or none.
 *  @param {Line[]} lines @param {string} one @param {string} many @param {boolean} isTold whether to say where they are
 *  @param {(line: Line) => string} where */
function grouped(lines, one, many, isTold, where) {
  if (lines.length === 0) return [];
  if (lines.length === 1) {
    return [`a ${isWinding(lines[0]) ? "winding " : ""}${one}${isTold ? ` ${where(lines[0])}` : ""}`.trimEnd()];
  }
  const words = `${inWords(lines.length)} ${many}`;
  if (!isTold) return [words];
  const [first, ...others] = lines.map(where);
  const isAlike = others.every((other) => other === first);
  return [isAlike ? `${words} ${first}`.trimEnd() : `${words}: ${first}, and ${others}`];
}

/** Which edges a line goes between.
 *  @param {Line} line @param {number} side */
function wayOf({ points }, side) {
  const ends = [points[0], points[points.length - 1]].map((point) => edgeOf(point, side)).sort((a, b) => a - b);
  if (ends.includes(EDGES.length)) return "";
  const [from, to] = ends.map((edge) => EDGES[edge]);
  return from === to ? `from ${from} back to it` : `from ${from} to ${to}`;
}

const EDGES = ["the left edge", "the bottom", "the top", "the right edge"];

/** The position among EDGES of that on which a line ends; their number where it ends within, at what is no number.
 *  @param {Point} point @param {number} side */
function edgeOf([x, y], side) {
  const last = side - 1;
  const on = [x === 0, y === 0, y === last, x === last].indexOf(true);
  return on < 0 ? EDGES.length : on;
}

/** Where a closed line is.
 *  @param {Line} line @param {number} side */
function siteOf(line, side) {
  const last = side - 1;
  if (isAround(line, [last / 2, last / 2])) return "around the centre";
  const { left, right, bottom, top } = boxOf(line);
  return at((left + right) / 2 / last, (bottom + top) / 2 / last);
}

/** A ninth of the map, by shares of its sides.
 *  @param {number} x @param {number} y */
function at(x, y) {
  const across = x < 1 / 3 ? "left" : x > 2 / 3 ? "right" : "";
  const up = y < 1 / 3 ? "bottom" : y > 2 / 3 ? "top" : "";
  return across || up ? `at the ${[up, across].filter(Boolean).join(" ")}` : "in the centre";
}

/** Whether a closed line goes around a point: whether a ray from it crosses the line an odd number of times.
 *  @param {Line} line @param {Point} point */
function isAround({ points, isClosed }, [x, y]) {
  let isInside = false;
  points.forEach(([x1, y1], i) => {
    const [x2, y2] = points[(i + 1) % points.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) isInside = !isInside;
  });
  return isClosed && isInside;
}

/** @param {Line} line */
function boxOf({ points }) {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [bottom, top] = [Math.min(bottom, y), Math.max(top, y)];
  }
  return { left, right, bottom, top };
}

/** The longer side of what a line reaches over, as a share of the map's.
 *  @param {Line} line @param {number} side */
function sizeOf(line, side) {
  const { left, right, bottom, top } = boxOf(line);
  return Math.max(right - left, top - bottom) / (side - 1);
}

/** Whether all of an open line is next to the straight way between its ends.
 *  @param {Line} line @param {number} side */
function isStraight({ points, isClosed }, side) {
  const [x1, y1] = points[0];
  const [x2, y2] = points[points.length - 1];
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (isClosed || length === 0) return false;
  const far = STRAIGHT_TOLERANCE * (side - 1) * length;
  return points.every(([x, y]) => Math.abs((x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)) <= far);
}

/** Whether a line is longer by half than it would be if it never turned back.
 *  @param {Line} line */
function isWinding(line) {
  const { points, isClosed } = line;
  const { left, right, bottom, top } = boxOf(line);
  const ends = isClosed ? [...points, points[0]] : points;
  const length = ends.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - ends[i][0], y - ends[i][1]), 0);
  return length > 1.5 * (isClosed ? 2 : 1) * (right - left + top - bottom);
}

/** The share of the numbers that are on the high side.
 *  @param {Grid} values @param {number} level */
function shareOver(values, level) {
  let [high, all] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    all++;
    if (values[i] >= level) high++;
  }
  return high / all;
}

/** Where the high side is: inside or outside of a closed line, on which side of an open one; else its share.
 *  @param {Line[]} lines @param {Grid} values @param {number} side @param {number} level @param {number} share
 *  @param {{low: string, high: string}} names */
function sideInWords(lines, values, side, level, share, { low, high }) {
  if (lines.length > 1) return `${high} on ${Math.round(100 * share)}% of the map`;
  const [line] = lines;
  if (line.isClosed) return `${areaOf(line) > 0 ? high : low} inside`; // the high side is on a line's left
  const [up, down] = [meanOf(values, side, (value) => value >= level), meanOf(values, side, (value) => value < level)];
  const [x, y] = [up.x - down.x, up.y - down.y];
  if (Math.abs(y) >= Math.abs(x)) return `${high} ${y > 0 ? "above" : "below"} it`;
  return `${high} to its ${x > 0 ? "right" : "left"}`;
}

/** Twice the area that a closed line goes around, positive where it does so counterclockwise.
 *  @param {Line} line */
const areaOf = ({ points }) =>
  points.reduce((sum, [x, y], i) => {
    const [x2, y2] = points[(i + 1) % points.length];
    return sum + x * y2 - x2 * y;
  }, 0);

/** The mean position of the nodes whose values are wanted, in shares of the sides.
 *  @param {Grid} values @param {number} side @param {(value: number) => boolean} isWanted */
function meanOf(values, side, isWanted) {
  let [x, y, count] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!isWanted(values[i])) continue;
    x += i % side;
    y += Math.floor(i / side);
    count++;
  }
  const scale = count * (side - 1);
  return { x: x / scale, y: y / scale, count };
}

/** Where such nodes are: at their middle, or around the centre where that is none of them.
 *  @param {Grid} values @param {number} side @param {(value: number) => boolean} isWanted */
function placeOf(values, side, isWanted) {
  const { x, y } = meanOf(values, side, isWanted);
  const middle = Math.round(y * (side - 1)) * side + Math.round(x * (side - 1));
  const words = at(x, y);
  return words === "in the centre" && !isWanted(values[middle]) ? "around the centre" : words;
}

/** The regions of a map of labels: "three regions: setosa at the left, …".
 *  @param {Grid} labels @param {number} side @param {string[]} classes */
function regionsInWords(labels, side, classes) {
  const all = regionsOf(labels, side);
  const regions = all.sizes
    .map(({ label, nodes }, number) => ({ label, nodes, number }))
    .filter(({ nodes }) => nodes >= MIN_REGION_SHARE * labels.length);
  if (regions.length === 0) return "no boundary: there are no numbers";
  if (regions.length === 1) return `no boundary: ${classes[regions[0].label]} everywhere`;
  const present = classes
    .map((name, label) => ({ name, own: regions.filter((region) => region.label === label) }))
    .filter(({ own }) => own.length > 0);
  /** @param {{number: number}} region */
  const where = ({ number }) => placeOf(all.of, side, (one) => one === number);
  const parts = present.map(({ name, own }) =>
    regions.length <= FEW_REGIONS
      ? `${name} ${listed([...new Set(own.map(where))])}`
      : `${name} in ${own.length === 1 ? "one piece" : `${inWords(own.length)} pieces`}`,
  );
  return `${inWords(regions.length)} regions: ${parts.join(", ")}`;
}

/** The regions of one label each, whose nodes are each other's neighbours along x or y: of which each node is, and what
 *  they are of.
 *  @param {Grid} labels @param {number} side */
function regionsOf(labels, side) {
  const of = new Int32Array(labels.length).fill(-1);
  /** @type {{label: number, nodes: number}[]} */
  const sizes = [];
  for (let first = 0; first < labels.length; first++) {
    if (of[first] >= 0 || !(labels[first] >= 0)) continue;
    const [number, label] = [sizes.length, labels[first]];
    const waiting = [first];
    of[first] = number;
    let nodes = 0;
    for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
      nodes++;
      const column = i % side;
      const around = [column > 0 ? i - 1 : -1, column < side - 1 ? i + 1 : -1, i - side, i + side];
      for (const next of around) {
        if (labels[next] !== label || of[next] >= 0) continue; // what lies beyond the map has no label
        of[next] = number;
        waiting.push(next);
      }
    }
    sizes.push({ label, nodes });
  }
  return { of, sizes };
}
