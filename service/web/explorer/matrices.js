// 4 × 4 matrices for WebGL, column after column.

/** Turned by yaw around the vertical, z, then tilted by pitch; the eye looks along −z of what comes out.
 *  @param {number} yaw @param {number} pitch radians */
export function rotation(yaw, pitch) {
  const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
  const [d, t] = [Math.cos(pitch), Math.sin(pitch)];
  // Rows: right (c, -s, 0), up (s t, c t, d), towards the eye (-s d, -c d, t).
  return Float32Array.of(c, s * t, -s * d, 0, -s, c * t, -c * d, 0, 0, d, t, 0, 0, 0, 0, 1);
}

/** A matrix, then moved along z.
 *  @param {Float32Array} matrix @param {number} z */
export function placed(matrix, z) {
  const moved = matrix.slice();
  moved[14] += z;
  return moved;
}

/** @param {number} angle of view, of the shorter side, radians @param {number} aspect width by height
 *  @param {number} near @param {number} far */
export function perspective(angle, aspect, near, far) {
  const f = 1 / Math.tan(angle / 2);
  const [x, y] = aspect > 1 ? [f / aspect, f] : [f, f * aspect];
  const depth = near - far;
  return Float32Array.of(x, 0, 0, 0, 0, y, 0, 0, 0, 0, (far + near) / depth, -1, 0, 0, (2 * far * near) / depth, 0);
}

/** a · b.
 *  @param {Float32Array} a @param {Float32Array} b */
export function multiplied(a, b) {
  return Float32Array.from({ length: 16 }, (_, i) => {
    const [row, column] = [i % 4, i >> 2];
    return [0, 1, 2, 3].reduce((sum, k) => sum + a[row + 4 * k] * b[k + 4 * column], 0);
  });
}
