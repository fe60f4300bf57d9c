// The derivatives of the activation functions in the explorer's activations.js, by the names that Keras gives them.
// Where a function has a corner, its derivative there is the one that Keras' gradient has.

import { activationOf, tanh } from "../explorer/activations.js";

/** @param {number} z 1 / (1 + e^-z), by the quick tanh */
export const sigmoid = (z) => 0.5 + 0.5 * tanh(0.5 * z);

/** The density of the normal distribution.
 *  @param {number} z */
const density = (z) => 0.3989422804014327 * Math.exp(-0.5 * z * z);

const gelu = /** @type {import("../explorer/activations.js").Activation} */ (activationOf("gelu"));

/** @param {number} z */
const silu = (z) => {
  const s = sigmoid(z);
  return s + z * s * (1 - s);
};

/** @param {number} z */
const elu = (z) => (z > 0 ? 1 : Math.exp(z));

/** @param {number} z */
const hardSigmoid = (z) => (z > -3 && z < 3 ? 1 / 6 : 0);

/** @param {number} z */
const hardSilu = (z) => (z <= -3 ? 0 : z >= 3 ? 1 : (2 * z + 3) / 6);

/** @param {number} z */
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** @type {Readonly<Record<string, (z: number) => number>>} */
const SLOPES = Object.freeze({
  celu: elu,
  elu,
  exponential: (z) => Math.exp(z),
  gelu: (z) => (Math.abs(z) < 1e-6 ? 0.5 : gelu(z) / z) + z * density(z),
  hard_shrink: (z) => (Math.abs(z) > 0.5 ? 1 : 0),
  hard_sigmoid: hardSigmoid,
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  hard_tanh: (z) => (z > -1 && z < 1 ? 1 : 0),
  leaky_relu: (z) => (z > 0 ? 1 : 0.2),
  linear: () => 1,
  log_sigmoid: (z) => sigmoid(-z),
  mish: (z) => {
    const t = tanh(softplus(z));
    return t + z * (1 - t * t) * sigmoid(z);
  },
  relu: (z) => (z > 0 ? 1 : 0),
  relu6: (z) => (z > 0 && z < 6 ? 1 : 0),
  selu: (z) => SELU_SCALE * (z > 0 ? 1 : SELU_ALPHA * Math.exp(z)),
  sigmoid: (z) => sigmoid(z) * sigmoid(-z),
  silu,
  soft_shrink: (z) => (Math.abs(z) > 0.5 ? 1 : 0),
  softplus: sigmoid,
  softsign: (z) => 1 / (1 + Math.abs(z)) ** 2,
  sparse_plus: (z) => (z <= -1 ? 0 : z < 1 ? 0.5 * (z + 1) : 1),
  sparse_sigmoid: (z) => (z > -1 && z < 1 ? 0.5 : 0),
  squareplus: (z) => 0.5 + (0.5 * z) / Math.sqrt(z * z + 4),
  swish: silu,
  tanh: (z) => 1 - tanh(z) ** 2,
  tanh_shrink: (z) => Math.tanh(z) ** 2,
});

/** All activations that can be trained here. */
export const ACTIVATIONS = Object.keys(SLOPES);

/** @param {string} name
 *  @throws {Error} it is none of ACTIVATIONS */
export function slopeOf(name) {
  if (!Object.hasOwn(SLOPES, name)) throw new Error(`${name} cannot be trained in the page`);
  return SLOPES[name];
}
