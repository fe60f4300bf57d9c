// A network, evaluated here: from the weights that the service gives to every unit's value at many points or at one.
// Pure: no page, no requests. Numbers agree with GET /boundary to 1e-6 (the service computes in float32).

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

const ACTIVATIONS = { tanh: Math.tanh, relu: (z) => (z > 0 ? z : 0) };

/** The coordinates of n nodes from low to high, both included, rounded to float32 as the service does. */
export function linspace(low, high, n) {
  return Float64Array.from({ length: n }, (_, i) => Math.fround(low + ((high - low) * i) / (n - 1)));
}

/** The nodes of the grid x × y, x running fastest, as two columns [ny · nx]. */
export function grid(x, y) {
  const columns = [new Float64Array(x.length * y.length), new Float64Array(x.length * y.length)];
  for (let row = 0, i = 0; row < y.length; row++) {
    for (let column = 0; column < x.length; column++, i++) {
      columns[0][i] = x[column];
      columns[1][i] = y[row];
    }
  }
  return columns;
}

/** One training run of a model: its weights after every recorded epoch. */
export class Network {
  /** @param {{epochs: number[], activation: ?string, layers: {kernel: number[][][], bias: number[][]}[]}} weights
   *  the answer of GET /models/<name>/versions/<v>/weights */
  constructor({ epochs, activation, layers }) {
    this.epochs = epochs;
    this.activation = activation;
    this.layers = layers;
  }

  /** The layers' kernels [inputs][units] and biases [units] after the recorded epoch number `snapshot`. */
  at(snapshot) {
    return this.layers.map(({ kernel, bias }) => ({ kernel: kernel[snapshot], bias: bias[snapshot] }));
  }

  /** Evaluate every unit at n points.
   *  @param {Float64Array[]} columns the points, an array [n] a feature
   *  @param {Scratch} scratch whose arrays are filled and returned, so the next call with it overwrites them
   *  @returns {Float64Array[][]} by layer and unit, [n]; the last layer's one unit is P(y = 1) */
  evaluate(snapshot, columns, scratch) {
    let inputs = columns;
    return this.at(snapshot).map(({ kernel, bias }, depth) => {
      const activation = depth === this.layers.length - 1 ? "sigmoid" : this.activation;
      const units = bias.map((constant, unit) => {
        const values = scratch.take(depth, unit, columns[0].length).fill(constant);
        inputs.forEach((input, k) => addScaled(values, input, kernel[k][unit]));
        return activate(values, activation);
      });
      inputs = units;
      return units;
    });
  }

  /** Every number on the way of one point through the network.
   *  @returns {{layers: {sums: number[], activations: number[]}[], contributions: number[], bias: number,
   *  logit: number, probability: number}} `layers` are the hidden ones; `contributions` is what each unit of the last
   *  of them (without any, each input) adds to the logit */
  through(snapshot, point) {
    const layers = this.at(snapshot);
    const output = layers.pop();
    const activation = ACTIVATIONS[this.activation];
    let inputs = point;
    const hidden = layers.map(({ kernel, bias }) => {
      const sums = bias.map((constant, unit) => inputs.reduce((sum, v, k) => sum + v * kernel[k][unit], constant));
      inputs = sums.map(activation);
      return { sums, activations: inputs };
    });
    const contributions = inputs.map((value, k) => value * output.kernel[k][0]);
    const bias = output.bias[0];
    const logit = contributions.reduce((sum, value) => sum + value, bias);
    return { layers: hidden, contributions, bias, logit, probability: sigmoid(logit) };
  }
}

/** Arrays that are used again for each evaluation. */
export class Scratch {
  #arrays = [];

  take(depth, unit, n) {
    const layer = (this.#arrays[depth] ??= []);
    if (layer[unit]?.length !== n) layer[unit] = new Float64Array(n);
    return layer[unit];
  }
}

function addScaled(sum, values, weight) {
  for (let i = 0; i < sum.length; i++) sum[i] += weight * values[i];
}

// The loops are written out: a call for each number costs as much as the number.
function activate(values, activation) {
  if (activation === "tanh") for (let i = 0; i < values.length; i++) values[i] = Math.tanh(values[i]);
  else if (activation === "relu") for (let i = 0; i < values.length; i++) values[i] = values[i] > 0 ? values[i] : 0;
  else for (let i = 0; i < values.length; i++) values[i] = 1 / (1 + Math.exp(-values[i]));
  return values;
}
