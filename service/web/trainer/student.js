// Student's t, and a mean's interval, which rests on it. The rules are those of verdicts/student.py and
// verdicts/intervals.py; a test holds them together.

/** ln Γ(x), by Lanczos' approximation to 1e-13.
 *  @param {number} x
 *  @returns {number} */
function logGamma(x) {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const series = terms.reduce((total, term, i) => total + term / (x + i), 0.99999999999980993);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** The regularized incomplete beta function I_x(a, b), on the side on which its continued fraction converges fast
 *  (Press et al., 6.4).
 *  @param {number} a @param {number} b @param {number} x */
function incompleteBeta(a, b, x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return x < (a + 1) / (a + b + 2) ? byFraction(a, b, x) : 1 - byFraction(b, a, 1 - x);
}

/** @param {number} a @param {number} b @param {number} x */
function byFraction(a, b, x) {
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let [c, d] = [1, 1 / (1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  for (let m = 1; m < 1000; m++) {
    for (const top of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / (1 + top * d);
      c = 1 + top / c;
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** P(T ≤ t) for so many degrees of freedom.
 *  @param {number} t @param {number} df */
export function cdf(t, df) {
  const tail = incompleteBeta(df / 2, 0.5, df / (df + t * t)) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** @type {Map<string, number>} */
const QUANTILES = new Map();

/** The t below which T lies with probability p > 0.5: by Newton's steps, by bisection where one leaves the bracket.
 *  @param {number} p @param {number} df */
export function quantile(p, df) {
  const key = `${p} ${df}`;
  const known = QUANTILES.get(key);
  if (known !== undefined) return known;
  let [low, high] = [0, 1];
  while (cdf(high, df) < p) [low, high] = [high, 2 * high];
  const constant = logGamma((df + 1) / 2) - logGamma(df / 2) - Math.log(df * Math.PI) / 2;
  let t = (low + high) / 2;
  for (let i = 0; i < 100; i++) {
    const excess = p - cdf(t, df);
    if (excess > 0) low = t;
    else high = t;
    const step = t + excess / Math.exp(constant - ((df + 1) / 2) * Math.log1p((t * t) / df));
    const next = low <= step && step <= high ? step : (low + high) / 2;
    const isThere = Math.abs(next - t) <= 1e-13 * next;
    t = next;
    if (isThere) break;
  }
  QUANTILES.set(key, t);
  return t;
}

/** From so many runs on Student's interval holds on real ones, where it stays within the bounds. */
const STUDENT_MIN_RUNS = 20;

/** What runs' accuracies sum up to; null where no run has one.
 *  @typedef {{mean: number, sd: number | null, min: number, max: number, ci95: Interval | null, runs: number,
 *  diverged: number}} Spread */

/** @param {(number | null)[]} values one a run, null where it diverged
 *  @param {number} overlap test points over training points where runs split the same points, else 0
 *  @returns {Spread | null} */
export function spreadOf(values, overlap) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const { mean, sd } = moments(known);
  return {
    mean,
    sd,
    min: Math.min(...known),
    max: Math.max(...known),
    ci95: sd === null ? null : meanInterval(mean, sd, known.length, overlap),
    runs: known.length,
    diverged: values.length - known.length,
  };
}

/** The 95% interval of a mean share, which never leaves 0 and 1.
 *  @param {number} mean @param {number} sd @param {number} n @param {number} overlap
 *  @returns {Interval} */
function meanInterval(mean, sd, n, overlap) {
  if (sd === 0) return [mean, mean];
  const half = quantile(0.975, n - 1) * sd * Math.sqrt(1 / n + overlap);
  if (n >= STUDENT_MIN_RUNS && mean - half >= 0 && mean + half <= 1) return [mean - half, mean + half];
  const odds = mean / (1 - mean);
  const step = half / (mean * (1 - mean)); // on the scale of the logit, by its derivative
  return [1 / (1 + Math.exp(Math.min(700, step)) / odds), 1 / (1 + Math.exp(-step) / odds)];
}

/** The sum as NumPy has it, to the last digit: in eight parts, or in halves where there are many.
 *  @param {number[]} values
 *  @returns {number} */
export function sum(values) {
  const n = values.length;
  if (n > 128) {
    const half = Math.floor(n / 16) * 8;
    return sum(values.slice(0, half)) + sum(values.slice(half));
  }
  const rest = n < 8 ? 0 : n - (n % 8);
  const parts = values.slice(0, Math.min(8, rest));
  for (let i = 8; i < rest; i++) parts[i % 8] += values[i];
  const [a, b, c, d, e, f, g, h] = parts;
  const first = rest === 0 ? 0 : a + b + (c + d) + (e + f + (g + h));
  return values.slice(rest).reduce((total, value) => total + value, first);
}

/** @param {number[]} values */
export function moments(values) {
  const mean = sum(values) / values.length;
  if (values.length < 2) return { mean, sd: null };
  const isSame = Math.max(...values) - Math.min(...values) <= 1e-12 * Math.max(...values.map(Math.abs));
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, sd: isSame ? 0 : Math.sqrt(square) };
}
