// Which of two models is better, by how much, how sure that is, and how many runs would tell: the rules of
// verdicts/pairs.py, differences.py, power.py and intervals.py. Pure: no page, no requests. A test holds them together.

import { cdf, moments, quantile, sum } from "./student.js";
import { FEW_RUNS, recipeOfAll, recipesOf, sentence } from "./words.js";

/** A difference of at most half a point is no difference, if nothing else is asked for. */
export const ROPE = 0.005;

/** How probable it has to be that one is better, and that both are equivalent. */
const [BETTER, EQUIVALENT] = [0.975, 0.95];

/** The normal distribution's quantile of 0.975. */
const Z = 1.959963984540054;

/** Of runs that would tell, how often they would; and beyond how many a need is no advice. */
const [POWER, MOST_RUNS] = [0.8, 100_000];

/** A model's scores, one a run, null where there is none.
 *  @typedef {{name: string, values: (number | null)[]}} Scores */

/** How models are compared: `overlap` is the test set's size over the training set's where runs split the same data,
 *  else 0; `recipes` say by name how models were trained; `unit` is "points" of scores that are shares.
 *  @typedef {{overlap: number, rope: number, higherIsBetter: boolean, recipes: Record<string, string>, unit: string,
 *  mcnemar: (a: string, b: string) => number | null}} Rules */

/** @type {Rules} */
const RULES = { overlap: 0, rope: ROPE, higherIsBetter: true, recipes: {}, unit: "points", mcnemar: () => null };

/** What the runs of two tell: of what both have a score.
 *  @typedef {{d: number[], mean: number, sd: number | null, error: number, df: number, leftOut: number}} Difference */

/** Compare every two models run by run; each has a score of some run.
 *  @param {Scores[]} scores @param {Partial<Rules>} [asked]
 *  @returns {(Pair & {p_value: number | null, mcnemar_p: number | null, runs_needed: number | null, wins: number,
 *  ties: number, losses: number})[]} every pair once, in the order of the models */
export function compareAll(scores, asked = {}) {
  const rules = { ...RULES, ...asked };
  const { overlap, rope, unit } = rules;
  const twos = scores.flatMap((a, i) => scores.slice(i + 1).map((b) => /** @type {const} */ ([a, b])));
  const found = twos.map(([a, b]) => differenceOf(a.values, b.values, overlap));
  const p = found.map(pValue);
  const adjusted = holm(p);
  return twos.map(([a, b], i) => {
    const difference = found[i];
    const { d, mean, sd } = difference;
    const sign = rules.higherIsBetter ? 1 : -1;
    const [wins, losses] = [1, -1].map((side) => d.filter((value) => side * sign * value > 0).length);
    const where = posterior(sign * mean, difference, rope);
    const verdict = verdictOf(where);
    const needed = verdict === "undecided" && sd !== null ? runsNeeded(Math.abs(mean), sd, overlap, rope) : null;
    const pair = {
      a: a.name,
      b: b.name,
      mean_difference: mean,
      ci95: interval(difference, 1, unit),
      simultaneous_ci95: interval(difference, twos.length, unit),
      probability_a_better: d.length > 0 ? (wins + (d.length - wins - losses) / 2) / d.length : ahead(a, b, sign),
      wins,
      ties: d.length - wins - losses,
      losses,
      wins_ci95: wilson(wins, d.length),
      mcnemar_p: rules.mcnemar(a.name, b.name),
      p_value: p[i],
      p_value_holm: adjusted[i],
      probability_better: where?.above ?? null,
      probability_equivalent: where?.within ?? null,
      probability_worse: where?.below ?? null,
      rope,
      verdict,
      runs_needed: needed,
    };
    return { ...pair, words: sentence(pair, rules.recipes, unit, difference.leftOut) };
  });
}

/** What two networks' accuracies amount to, in a sentence.
 *  @param {Scores} a @param {Scores} b @param {number} overlap */
export function verdictOn(a, b, overlap) {
  const lost = [a, b].find(({ values }) => values.every((value) => value === null));
  if (lost !== undefined) return `${a.name} and ${b.name} are undecided: all runs of ${lost.name} diverged`;
  return compareAll([a, b], { overlap })[0].words ?? "";
}

/** The scores that are told as they are, and of which less is better. */
const LESS_IS_BETTER = ["log_loss", "brier", "ece", "rmse", "mae"];
const NO_SHARE = ["r2", ...LESS_IS_BETTER];

/** A comparison with its pairs compared by another score or rope (verdicts/comparison.py).
 *  @param {ComparisonDocument} comparison @param {string | null} score @param {number} rope
 *  @returns {ComparisonDocument}
 *  @throws {Error} not all models have this score, or the rope is none */
export function recomputed(comparison, score, rope) {
  if (!(rope >= 0 && rope < Infinity)) throw new Error("rope: it must be a number from 0");
  const { dataset, models } = comparison;
  const name = score ?? (dataset.task === "regression" ? "r2" : "accuracy");
  const scores = models.map((row) => ({ name: row.model, values: summaryOf(row, name)?.values ?? [] }));
  if (scores.some(({ values }) => values.every((value) => value === null))) throw new Error(`no score ${name}`);
  const { train = 0, test = 0 } = dataset.sizes ?? {};
  const recipes = recipesOf(comparison);
  const pairs = compareAll(scores, {
    overlap: dataset.replication === "redrawn" || train === 0 ? 0 : test / train,
    rope,
    higherIsBetter: !LESS_IS_BETTER.includes(name),
    recipes,
    unit: NO_SHARE.includes(name) ? "" : "points",
    mcnemar: (a, b) => comparison.pairs.find((pair) => pair.a === a && pair.b === b)?.mcnemar_p ?? null,
  });
  return { ...comparison, pairs, recipe: recipeOfAll(recipes) };
}

/** @param {ModelResult} row @param {string} name
 *  @returns {Summary | null} */
function summaryOf(row, name) {
  if (name === "accuracy") return row.accuracy;
  if (name === "own_accuracy") return row.own_accuracy ?? null;
  if (name === "population_accuracy") return row.population_accuracy;
  return row.metrics?.[name] ?? null;
}

/** @param {(number | null)[]} a @param {(number | null)[]} b @param {number} overlap
 *  @returns {Difference} */
function differenceOf(a, b, overlap) {
  const runs = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i] ?? null, b[i] ?? null]);
  const apart = runs.map(([x, y]) => (x === null || y === null ? null : x - y));
  const d = apart.filter((value) => value !== null);
  const leftOut = runs.filter(([x, y]) => (x === null) !== (y === null)).length;
  const mean = d.length > 0 ? sum(apart.map((value) => value ?? 0)) / d.length : meanOf(a) - meanOf(b);
  const { sd: its } = moments(d);
  const sd = its === 0 && d.length < FEW_RUNS ? null : its; // the same in a few runs, by chance
  const error = sd === null ? NaN : sd * Math.sqrt(1 / d.length + overlap);
  return { d, mean, sd, error, df: d.length - 1, leftOut };
}

/** @param {(number | null)[]} values */
const meanOf = (values) => moments(values.filter((value) => value !== null)).mean;

/** How often a run of one is ahead of any of the other's; a tie counts half.
 *  @param {Scores} a @param {Scores} b @param {number} sign */
function ahead(a, b, sign) {
  const [ours, theirs] = [a, b].map(({ values }) => values.filter((value) => value !== null));
  const signs = ours.flatMap((x) => theirs.map((y) => Math.sign(sign * (x - y))));
  return signs.reduce((sum, one) => sum + (one + 1) / 2, 0) / signs.length;
}

/** That of the two-sided t test: any difference at all.
 *  @param {Difference} difference */
function pValue({ mean, error, df }) {
  if (Number.isNaN(error)) return null;
  if (error === 0) return mean === 0 ? 1 : 0;
  return 2 * cdf(-Math.abs(mean) / error, df);
}

/** Adjusted for all of them (Holm, 1979).
 *  @param {(number | null)[]} p */
function holm(p) {
  const known = p.flatMap((value, i) => (value === null ? [] : [{ value, i }])).sort((x, y) => x.value - y.value);
  /** @type {(number | null)[]} */
  const adjusted = p.map(() => null);
  let least = 0;
  known.forEach(({ value, i }, k) => {
    least = Math.max(least, value * (known.length - k));
    adjusted[i] = Math.min(1, least);
  });
  return adjusted;
}

/** How probable it is that the difference lies above, within and below ± rope (Benavoli et al., 2017).
 *  @param {number} mean @param {Difference} difference @param {number} rope */
function posterior(mean, { error, df }, rope) {
  if (Number.isNaN(error)) return null;
  /** @param {number} distance */
  const tail = (distance) => (error === 0 ? Number(distance > 0) : cdf(distance / error, df));
  const [above, below] = [tail(mean - rope), tail(-rope - mean)];
  return { above, within: Math.max(0, 1 - above - below), below };
}

/** @param {ReturnType<typeof posterior>} where
 *  @returns {"better" | "equivalent" | "worse" | "undecided"} */
function verdictOf(where) {
  if (where === null) return "undecided";
  const { above, within, below } = where;
  return above >= BETTER ? "better" : below >= BETTER ? "worse" : within >= EQUIVALENT ? "equivalent" : "undecided";
}

/** The 95% interval of the mean difference; of so many pairs, which are to hold all at once (Bonferroni).
 *  @param {Difference} difference @param {number} of @param {string} unit
 *  @returns {Interval | null} */
function interval({ mean, error, df }, of, unit) {
  if (Number.isNaN(error)) return null;
  const half = error === 0 ? 0 : quantile(1 - 0.025 / of, df) * error;
  const most = unit === "points" ? 1 : Infinity;
  return [Math.max(-most, mean - half), Math.min(most, mean + half)];
}

/** The 95% interval of a share (Wilson, 1927).
 *  @param {number} k @param {number} n
 *  @returns {Interval} */
function wilson(k, n) {
  const centre = (k + Z ** 2 / 2) / (n + Z ** 2);
  const half = (Z / (n + Z ** 2)) * Math.sqrt((k * (n - k)) / Math.max(n, 1) + Z ** 2 / 4);
  return [k === 0 ? 0 : centre - half, k === n ? 1 : centre + half];
}

/** How many runs give the verdict in which the mean lies, with 80% power; null if no number does (verdicts/power.py).
 *  @param {number} mean its size @param {number} sd @param {number} overlap @param {number} rope */
function runsNeeded(mean, sd, overlap, rope) {
  /** @param {number} n */
  const tells = (n) => {
    const error = sd * Math.sqrt(1 / n + overlap);
    if (mean > rope) return (mean - rope) / error >= tabled(BETTER, n) + tabled(POWER, n);
    const limit = rope / error - tabled(EQUIVALENT, n);
    return limit > 0 && normal(limit - mean / error) - normal(-limit - mean / error) >= POWER;
  };
  if (!tells(MOST_RUNS)) return null;
  let [low, high] = [1, MOST_RUNS];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (tells(middle)) high = middle;
    else low = middle;
  }
  return high;
}

const COUNTS = [
  ...new Set(Array.from({ length: 200 }, (_, i) => Math.round(2 * (MOST_RUNS / 2) ** (i / 199)))),
];

/** @type {Map<number, number[]>} quantiles by their probability, one for each of the counts */
const TABLES = new Map();

/** Student's quantile for so many runs, between counts interpolated.
 *  @param {number} p @param {number} n */
function tabled(p, n) {
  const table = TABLES.get(p) ?? COUNTS.map((count) => quantile(p, count - 1));
  TABLES.set(p, table);
  const i = Math.max(1, COUNTS.findIndex((count) => count >= n));
  const [from, to] = [COUNTS[i - 1], COUNTS[i]];
  return table[i - 1] + ((table[i] - table[i - 1]) * (n - from)) / (to - from);
}

/** P(Z ≤ x), by the series of Marsaglia (2004), interpolated on the grid on which verdicts/power.py has it.
 *  @param {number} x */
function normal(x) {
  if (x <= -8) return 0;
  if (x >= 8) return 1;
  const at = Math.floor((x + 8) / 0.005);
  const [low, high] = [at, at + 1].map((i) => exact(-8 + 0.005 * i));
  return low + (high - low) * ((x + 8) / 0.005 - at);
}

/** @param {number} x */
function exact(x) {
  let [sum, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
