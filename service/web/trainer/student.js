// Student's t and what rests on it: a mean's interval and what two networks' runs tell of their difference. The rules
// are those of verdicts/intervals.py and verdicts/differences.py; a test holds them together.

/** ln Γ(x), by Lanczos' approximation to 1e-13.
 *  @param {number} x
 *  @returns {number} */
function logGamma(x) {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const sum = terms.reduce((total, term, i) => total + term / (x + i), 0.99999999999980993);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
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
function cdf(t, df) {
  const tail = incompleteBeta(df / 2, 0.5, df / (df + t * t)) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The t below which T lies with probability p > 0.5.
 *  @param {number} p @param {number} df */
function quantile(p, df) {
  let [low, high] = [0, 1];
  while (cdf(high, df) < p) [low, high] = [high, 2 * high];
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (cdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** From so many runs on Student's interval holds on real ones, where it stays within the bounds. */
const ENOUGH = 20;

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
  if (n >= ENOUGH && mean - half >= 0 && mean + half <= 1) return [mean - half, mean + half];
  const odds = mean / (1 - mean);
  const step = half / (mean * (1 - mean)); // on the scale of the logit, by its derivative
  return [1 / (1 + Math.exp(Math.min(700, step)) / odds), 1 / (1 + Math.exp(-step) / odds)];
}

/** How two networks' runs differ: the mean difference a - b with its interval, and how probable it is that it is above,
 *  within and below ± rope.
 *  @typedef {{mean: number, ci95: Interval, above: number, within: number, below: number,
 *  verdict: "better" | "equivalent" | "worse" | "undecided"}} Difference */

/** The correlated Bayesian t test (Benavoli et al., 2017) of runs that both have; null with fewer than two.
 *  @param {(number | null)[]} a @param {(number | null)[]} b @param {number} overlap @param {number} rope
 *  @returns {Difference | null} */
export function difference(a, b, overlap, rope) {
  const d = a.flatMap((value, i) => {
    const other = b[i];
    return value === null || other === null ? [] : [value - other];
  });
  const { mean, sd } = moments(d);
  if (sd === null) return null;
  const [error, df] = [sd * Math.sqrt(1 / d.length + overlap), d.length - 1];
  /** @param {number} distance */
  const tail = (distance) => (error === 0 ? Number(distance > 0) : cdf(distance / error, df));
  const [above, below] = [tail(mean - rope), tail(-rope - mean)];
  const within = Math.max(0, 1 - above - below);
  const half = error === 0 ? 0 : quantile(0.975, df) * error;
  const verdict = above >= 0.975 ? "better" : below >= 0.975 ? "worse" : within >= 0.95 ? "equivalent" : "undecided";
  return { mean, ci95: [Math.max(-1, mean - half), Math.min(1, mean + half)], above, within, below, verdict };
}

/** @param {number[]} values */
function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, sd: null };
  const isSame = Math.max(...values) - Math.min(...values) <= 1e-12 * Math.max(...values.map(Math.abs));
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, sd: isSame ? 0 : Math.sqrt(square) };
}
