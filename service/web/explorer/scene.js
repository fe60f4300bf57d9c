// Shaded surfaces in a cube, seen from a point that goes around it: WebGL2, drawn only when something has changed.

import { multiplied, perspective, placed, rotation } from "./matrices.js";

/** What is drawn: triangles whose positions `scale` and `translation` bring into the cube from -1 to 1.
 *  @typedef {{positions: Float32Array, normals: Float32Array, indices: Uint32Array, scale: number[],
 *  translation: number[], colour: number[], opacity?: number}} Mesh those that one can look through come last */

const VERTEX = `#version 300 es
uniform mat4 view, projection;
uniform vec3 scale, translation;
in vec3 position, normal;
out vec3 facing, seen;
void main() {
  vec4 at = view * vec4(position * scale + translation, 1.0);
  facing = mat3(view) * (normal / scale);
  seen = at.xyz;
  gl_Position = projection * at;
}`;

/** Both sides of a surface are lit, by a lamp beside the eye. */
const FRAGMENT = `#version 300 es
precision highp float;
uniform vec4 colour;
uniform bool isLit;
in vec3 facing, seen;
out vec4 pixel;
void main() {
  if (!isLit) { pixel = colour; return; }
  vec3 eye = normalize(-seen);
  vec3 n = normalize(facing);
  n = dot(n, eye) < 0.0 ? -n : n;
  vec3 lamp = normalize(vec3(-0.5, 0.7, 1.0));
  float diffuse = 0.35 + 0.65 * max(dot(n, lamp), 0.0);
  float gloss = 0.25 * pow(max(dot(n, normalize(lamp + eye)), 0.0), 24.0);
  pixel = vec4((colour.rgb * diffuse + gloss) * colour.a, colour.a);
}`;

/** The cube's twelve edges. */
const EDGES = Float32Array.from(
  [0, 1, 2].flatMap((axis) =>
    [0, 1, 2, 3].flatMap((corner) => {
      const sides = [(corner & 1) * 2 - 1, (corner >> 1) * 2 - 1];
      return [-1, 1].flatMap((end) => sides.toSpliced(axis, 0, end));
    }),
  ),
);

const DISTANCE = 7;
const FIELD_OF_VIEW = 0.55; // radians
/** @type {Readonly<{yaw: number, pitch: number, zoom: number}>} */
const START = Object.freeze({ yaw: 0.7, pitch: 0.45, zoom: 1 });
const IDENTITY = { scale: [1, 1, 1], translation: [0, 0, 0] };

export class Scene {
  /** @type {{mesh: Mesh, array: WebGLVertexArrayObject, count: number}[]} */
  #meshes = [];
  #frame = 0;
  /** Radians around the vertical axis, and above the horizon; how large the cube is. */
  turn = START;
  /** Called after each drawing with where a point of the cube is, in shares of the canvas from its left and top.
   *  @type {(at: (point: number[]) => [number, number]) => void} */
  ondraw = () => {};

  /** @param {HTMLCanvasElement} canvas
   *  @throws {Error} the browser has no WebGL2 */
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: true });
    if (gl === null) throw new Error("there is no WebGL2");
    this.canvas = canvas;
    this.gl = gl;
    this.program = programOf(gl);
    this.edges = this.#array(EDGES, EDGES, null);
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  /** @param {Mesh[]} meshes */
  show(meshes) {
    for (const { array } of this.#meshes) this.gl.deleteVertexArray(array);
    this.#meshes = meshes.map((mesh) => ({
      mesh,
      array: this.#array(mesh.positions, mesh.normals, mesh.indices),
      count: mesh.indices.length,
    }));
    this.redraw();
  }

  /** Turn by so much, or zoom by a factor.
   *  @param {number} yaw @param {number} pitch */
  by(yaw, pitch, zoom = 1) {
    this.turn = {
      yaw: this.turn.yaw + yaw,
      pitch: Math.max(-1.5, Math.min(1.5, this.turn.pitch + pitch)),
      zoom: Math.max(0.5, Math.min(4, this.turn.zoom * zoom)),
    };
    this.redraw();
  }

  /** Turn back to where it was at first. */
  reset() {
    this.turn = START;
    this.redraw();
  }

  /** Draw in the next frame. */
  redraw() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { gl, canvas, program } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.round(side * devicePixelRatio),
    );
    if (width === 0 || height === 0 || gl.isContextLost()) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const { yaw, pitch, zoom } = this.turn;
    const view = placed(rotation(yaw, pitch), -DISTANCE / zoom);
    const projection = perspective(FIELD_OF_VIEW, width / height, 0.05, 50);
    gl.viewport(0, 0, width, height);
    gl.enable(gl.DEPTH_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(program);
    gl.uniformMatrix4fv(gl.getUniformLocation(program, "view"), false, view);
    gl.uniformMatrix4fv(gl.getUniformLocation(program, "projection"), false, projection);
    this.#prepare(IDENTITY, [0.5, 0.5, 0.5, 1], false);
    gl.bindVertexArray(this.edges);
    gl.drawArrays(gl.LINES, 0, EDGES.length / 3);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const { mesh, array, count } of this.#meshes) {
      const { opacity = 1 } = mesh;
      gl[opacity < 1 ? "enable" : "disable"](gl.BLEND);
      gl.depthMask(opacity === 1);
      this.#prepare(mesh, [...mesh.colour, opacity], true);
      gl.bindVertexArray(array);
      gl.drawElements(gl.TRIANGLES, count, gl.UNSIGNED_INT, 0);
    }
    gl.depthMask(true);
    const all = multiplied(projection, view);
    this.ondraw(([x, y, z]) => {
      const [u, v, , w] = [0, 1, 2, 3].map((row) => all[row] * x + all[row + 4] * y + all[row + 8] * z + all[row + 12]);
      return [0.5 + u / w / 2, 0.5 - v / w / 2];
    });
  }

  /** @param {{scale: number[], translation: number[]}} mesh @param {number[]} colour @param {boolean} isLit */
  #prepare({ scale, translation }, colour, isLit) {
    const { gl, program } = this;
    gl.uniform3fv(gl.getUniformLocation(program, "scale"), scale);
    gl.uniform3fv(gl.getUniformLocation(program, "translation"), translation);
    gl.uniform4fv(gl.getUniformLocation(program, "colour"), colour);
    gl.uniform1i(gl.getUniformLocation(program, "isLit"), Number(isLit));
  }

  /** @param {Float32Array} positions @param {Float32Array} normals @param {Uint32Array | null} indices */
  #array(positions, normals, indices) {
    const { gl, program } = this;
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    for (const [name, content] of /** @type {[string, Float32Array][]} */ ([
      ["position", positions],
      ["normal", normals],
    ])) {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, content, gl.STATIC_DRAW);
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
    }
    if (indices !== null) {
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    }
    gl.bindVertexArray(null);
    return array;
  }
}

/** @param {WebGL2RenderingContext} gl */
function programOf(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(program) ?? "WebGL2 does not take the program");
  }
  return program;
}
