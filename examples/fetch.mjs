// JavaScript's own fetch, in Node 18 or later and in any browser: predictions as JSON, a boundary as a NumPy file that
// becomes a Float32Array. Pages of other origins need access by SERVICE_CORS_ORIGINS.

const url = globalThis.process?.env.BOUNDARY_URL ?? globalThis.location?.origin ?? "http://127.0.0.1:8000";

async function ask(path, options) {
  const response = await fetch(url + path, options);
  if (!response.ok) {
    throw new Error((await response.json()).detail);
  }
  return response;
}

/** Returns {model, version, probabilities, labels}. */
export async function predict(points, model) {
  const headers = { "Content-Type": "application/json" };
  return (await ask("/predict", { method: "POST", headers, body: JSON.stringify({ points, model }) })).json();
}

/** Returns P(y = 1) on a grid, row by row: {shape: [ny, nx], values: Float32Array}, and the x and y of its nodes. */
export async function boundary(query) {
  const response = await ask(`/boundary?${new URLSearchParams(query)}`, { headers: { Accept: "application/x-npy" } });
  const { x, y } = JSON.parse(response.headers.get("Boundary-Grid"));
  return { ...parseNpy(await response.arrayBuffer()), x: nodes(x), y: nodes(y) };
}

/** Reads a .npy file of little-endian float32 in C order; numpy.lib.format describes these files. */
export function parseNpy(buffer) {
  const start = new DataView(buffer);
  if (start.getUint32(0) !== 0x934e554d || start.getUint16(4) !== 0x5059) {
    throw new Error("not a NumPy file");
  }
  const long = start.getUint8(6) > 1; // from version 2 of the format on, the header's length has four bytes
  const headerAt = long ? 12 : 10;
  const dataAt = headerAt + (long ? start.getUint32(8, true) : start.getUint16(8, true));
  const header = new TextDecoder().decode(new Uint8Array(buffer, headerAt, dataAt - headerAt));
  if (!header.includes("'descr': '<f4'") || !header.includes("'fortran_order': False")) {
    throw new Error(`only little-endian float32 in C order is read here, not ${header.trim()}`);
  }
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((text) => text.trim()).map(Number);
  return { shape, values: new Float32Array(buffer, dataAt) };
}

function nodes({ min, max, nodes: count }) {
  return Float64Array.from({ length: count }, (_, i) => min + (i * (max - min)) / (count - 1));
}

const { model, version, probabilities, labels } = await predict([[0.1, 0.2], [0.9, -0.4]]);
console.log(`${model} version ${version}: P(y = 1) = ${probabilities.join(", ")}, so ${labels.join(", ")}`);

const grid = await boundary({ model: "tanh-10-10", resolution: 101 });
const middle = Math.floor(grid.y.length / 2); // y = 0
const crossings = Array.from(grid.x.keys()).filter((column) => {
  const at = middle * grid.shape[1] + column;
  return column > 0 && grid.values[at] < 0.5 !== grid.values[at - 1] < 0.5;
});
console.log(`${grid.shape.join(" × ")} nodes; along y = 0 the label changes at x =`,
  crossings.map((column) => ((grid.x[column - 1] + grid.x[column]) / 2).toFixed(3)).join(", "));
