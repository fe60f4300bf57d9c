// Contour lines of a grid by marching squares: each cell of four nodes is crossed by one line, by two, or by none.

/** A line in the grid's own coordinates, in which node i is at i. A closed one does not repeat its first point.
 *  @typedef {{points: Point[], isClosed: boolean}} Line */

/** The lines along which a grid of nx × ny nodes, x running fastest, is at a level. They end at the grid's border and
 *  at cells with a node that is not finite.
 *  @param {ArrayLike<number>} values @param {number} nx @param {number} ny @param {number} level
 *  @returns {Line[]} */
export function contours(values, nx, ny, level) {
  const next = crossings(values, nx, ny, level);
  const entered = new Set(next.values());
  /** @param {number} first an edge */
  const follow = (first) => {
    let edge = first;
    /** @type {Line} */
    const line = { points: [pointOn(values, nx, level, edge)], isClosed: false };
    for (let to = next.get(edge); to !== undefined; to = next.get(edge)) {
      next.delete(edge);
      line.isClosed = to === first;
      if (!line.isClosed) line.points.push(pointOn(values, nx, level, to));
      edge = to;
    }
    return line;
  };
  const open = [...next.keys()].filter((edge) => !entered.has(edge)).map(follow);
  const closed = [];
  for (const edge of next.keys()) closed.push(follow(edge));
  return [...open, ...closed];
}

/** Which edge a line goes to from which, in every cell, with the higher side on its left: so that each edge is left and
 *  entered once at most. The edge from node i to the one right of it is number 2i, to the one above it 2i + 1.
 *  @param {ArrayLike<number>} values @param {number} nx @param {number} ny @param {number} level
 *  @returns {Map<number, number>} */
function crossings(values, nx, ny, level) {
  const next = new Map();
  for (let y = 0; y < ny - 1; y++) {
    let i = y * nx;
    let isLeftLow = values[i] < level && values[i + nx] < level;
    let isLeftHigh = values[i] >= level && values[i + nx] >= level;
    for (const end = i + nx - 1; i < end; i++) {
      // Most cells are on one side: a look at their right end is enough, as the left one is that of the cell before.
      const [b, c] = [values[i + 1], values[i + nx + 1]];
      const [isRightLow, isRightHigh] = [b < level && c < level, b >= level && c >= level];
      if (!((isLeftLow && isRightLow) || (isLeftHigh && isRightHigh))) cross(next, values, nx, level, i);
      [isLeftLow, isLeftHigh] = [isRightLow, isRightHigh];
    }
  }
  return next;
}

/** Add the lines through one cell, whose lower left node is i.
 *  @param {Map<number, number>} next @param {ArrayLike<number>} values @param {number} nx @param {number} level
 *  @param {number} i */
function cross(next, values, nx, level, i) {
  // The corners, and the edge from each to the one after it, counterclockwise from the lower left.
  const [a, b, c, d] = [values[i], values[i + 1], values[i + nx + 1], values[i + nx]];
  if (!Number.isFinite(a + b + c + d)) return;
  const isHigh = [a >= level, b >= level, c >= level, d >= level];
  const high = Number(isHigh[0]) + Number(isHigh[1]) + Number(isHigh[2]) + Number(isHigh[3]);
  const edges = [2 * i, 2 * i + 3, 2 * (i + nx), 2 * i + 1];
  // Two lines may pass a saddle in two ways: one that joins its high corners, or its low ones. Its mean decides.
  const step = high === 2 && (a + b + c + d) / 4 >= level ? 1 : 3;
  for (let from = 0; from < 4; from++) {
    if (!isHigh[from] || isHigh[(from + 1) % 4]) continue;
    let to = (from + step) % 4;
    while (isHigh[to] || !isHigh[(to + 1) % 4]) to = (to + step) % 4;
    next.set(edges[from], edges[to]);
  }
}

/** Where an edge is at the level, between its two nodes.
 *  @param {ArrayLike<number>} values @param {number} nx @param {number} level @param {number} edge
 *  @returns {Point} */
function pointOn(values, nx, level, edge) {
  const i = edge >> 1;
  const isUpward = edge % 2 === 1;
  const from = values[i];
  const share = (level - from) / (values[i + (isUpward ? nx : 1)] - from);
  const [x, y] = [i % nx, Math.floor(i / nx)];
  return isUpward ? [x, y + share] : [x + share, y];
}
