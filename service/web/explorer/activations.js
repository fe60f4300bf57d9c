// The activation functions of hidden layers, by the names that Keras gives them.

/** @typedef {(z: number) => number} Activation */

/** @param {number} z */
export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Make probabilities of each class's logits, in place: less the largest at a point, nothing overflows.
 *  @param {Float64Array[]} units by class, [n] */
export function softmax(units) {
  for (let i = 0; i < units[0].length; i++) {
    let most = -Infinity;
    for (const unit of units) most = Math.max(most, unit[i]);
    let sum = 0;
    for (const unit of units) sum += unit[i] = Math.exp(unit[i] - most);
    for (const unit of units) unit[i] /= sum;
  }
}

/** @param {number} z */
export const relu = (z) => (z < 0 ? 0 : z);

/** @param {number} z */
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** @param {number} z @param {number} low @param {number} high */
const clip = (z, low, high) => (z < low ? low : z > high ? high : z);

/** @param {number} z */
const elu = (z) => (z > 0 ? z : Math.expm1(z));

/** @param {number} z */
const silu = (z) => z * sigmoid(z);

/** @param {number} z */
const hardSigmoid = (z) => clip(z + 3, 0, 6) / 6;

/** @param {number} z */
const hardSilu = (z) => z * hardSigmoid(z);

/** tanh to 3e-7, in a fifth of the time of Math.tanh: the rational approximation of Eigen's `generic_fast_tanh_float`.
 *  @param {number} z */
export function tanh(z) {
  const x = clip(z, -7.905, 7.905);
  const q = x * x;
  let p = -2.76076847742355e-16 * q + 2.00018790482477e-13;
  p = p * q - 8.60467152213735e-11;
  p = p * q + 5.12229709037114e-8;
  p = p * q + 1.48572235717979e-5;
  p = p * q + 6.37261928875436e-4;
  p = p * q + 4.89352455891786e-3;
  return (
    (x * p) / (((1.19825839466702e-6 * q + 1.18534705686654e-4) * q + 2.268434632439e-3) * q + 4.89352518554385e-3)
  );
}

/** The error function to 1.5e-7: formula 7.1.26 of Abramowitz and Stegun.
 *  @param {number} z */
function erf(z) {
  const x = Math.abs(z);
  const t = 1 / (1 + 0.3275911 * x);
  const p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(z) * (1 - p * Math.exp(-x * x));
}

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** Each with Keras' default arguments. Those that look at a whole layer, as softmax does, are not here.
 *  @type {Readonly<Record<string, Activation>>} */
const ACTIVATIONS = Object.freeze({
  celu: elu,
  elu,
  exponential: (z) => Math.fround(Math.exp(z)), // infinite where float32 is
  gelu: (z) => 0.5 * z * (1 + erf(z * Math.SQRT1_2)),
  hard_shrink: (z) => (Math.abs(z) > 0.5 ? z : 0),
  hard_sigmoid: hardSigmoid,
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  hard_tanh: (z) => clip(z, -1, 1),
  leaky_relu: (z) => (z > 0 ? z : 0.2 * z),
  linear: (z) => z,
  log_sigmoid: (z) => -softplus(-z),
  mish: (z) => z * tanh(softplus(z)),
  relu,
  relu6: (z) => clip(z, 0, 6),
  selu: (z) => SELU_SCALE * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
  sigmoid,
  silu,
  soft_shrink: (z) => z - clip(z, -0.5, 0.5),
  softplus,
  softsign: (z) => z / (1 + Math.abs(z)),
  sparse_plus: (z) => (z < -1 ? 0 : z < 1 ? 0.25 * (z + 1) ** 2 : z),
  sparse_sigmoid: (z) => clip(0.5 * (z + 1), 0, 1),
  squareplus: (z) => 0.5 * (z + Math.sqrt(z * z + 4)),
  swish: silu,
  tanh,
  tanh_shrink: (z) => z - Math.tanh(z),
});

/** The function of a name, or null where this page does not have it: drawing a model with another would be wrong.
 *  @param {string | null} name null for a network without hidden layers, where it is never applied
 *  @returns {Activation | null} */
export function activationOf(name) {
  if (name === null) return ACTIVATIONS.linear;
  return Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : null;
}
