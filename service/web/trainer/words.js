// A verdict in a sentence: verdicts/words.py in JavaScript. It speaks of the recipe: the same architecture, trained
// otherwise, may do otherwise.

/** So few runs may not show all that training does. */
export const FEW_RUNS = 7;

const TUNED = "tuned on validation data";

/** @typedef {Pair & {p_value: number | null, runs_needed: number | null, wins: number, ties: number,
 *  losses: number}} Judged */

/** How models were trained, by name.
 *  @param {ComparisonDocument} comparison
 *  @returns {Record<string, string>} */
export function recipesOf({ models, protocol }) {
  return Object.fromEntries(models.map((row) => [row.model, recipe(row, protocol)]));
}

/** @param {ModelResult} row @param {ComparisonDocument["protocol"]} protocol */
function recipe({ protocol: chosen, epochs }, { learning_rate }) {
  if (chosen && chosen.learning_rates.length * chosen.epochs.length > 1) return TUNED;
  const rate = chosen ? chosen.learning_rates[0] : learning_rate;
  const last = chosen ? chosen.epochs[0] : epochs;
  return rate === null || rate === undefined ? "" : `at rate ${general(rate, 6)} and ${grouped(last ?? 0)} epochs`;
}

/** The recipe that most of the models have, with those that have another.
 *  @param {Record<string, string>} recipes */
export function recipeOfAll(recipes) {
  const told = Object.values(recipes);
  if (told.length === 0) return "";
  const count = (/** @type {string} */ one) => told.filter((text) => text === one).length;
  const usual = told.reduce((most, one) => (count(one) > count(most) ? one : most));
  const others = Object.entries(recipes).filter(([, its]) => its !== usual && its !== "");
  const text = usual === TUNED && told.length > 1 ? `each ${TUNED}` : usual;
  return others.length > 0 ? `${text}; ${others.map(([name, its]) => `${name} ${its}`).join(", ")}` : text;
}

/** Say a pair's verdict, the better one first: what it is, with which recipe, and what it rests on.
 *  @param {Judged} pair @param {Record<string, string>} recipes @param {string} unit "points" for shares
 *  @param {number} leftOut how many runs only one of the two has a score of */
export function sentence(pair, recipes, unit, leftOut) {
  const [first, second] = pair.verdict === "worse" ? [pair.b, pair.a] : [pair.a, pair.b];
  const [a, b, how] = named(first, second, recipes);
  const evidence = `${tally(pair, leftOut)}${difference(pair, unit)}${tested(pair)}`;
  return `${said(pair, a, b, how, unit)}: ${evidence}${advice(pair)}`;
}

/** @param {Judged} pair @param {string} a @param {string} b @param {string} how @param {string} unit */
function said({ verdict, rope = 0 }, a, b, how, unit) {
  if (verdict === "equivalent") return `${a} and ${b} are equivalent within ${ropeIn(rope, unit)}${how}`;
  if (verdict === "undecided") {
    return `it is undecided whether ${a} and ${b} differ${rope ? ` by more than ${ropeIn(rope, unit)}` : ""}${how}`;
  }
  return `${a} is better than ${b}${rope ? ` by more than ${ropeIn(rope, unit)}` : ""}${how}`;
}

/** @param {number} rope @param {string} unit */
function ropeIn(rope, unit) {
  if (unit !== "points") return general(rope, 6);
  const points = general(100 * rope, 6);
  return points === "1" ? `${points} point` : `${points} points`;
}

/** The two names, each with its recipe where they differ, and the recipe that both have.
 *  @param {string} a @param {string} b @param {Record<string, string>} recipes */
function named(a, b, recipes) {
  const [its, other] = [recipes[a] ?? "", recipes[b] ?? ""];
  if (its === other) return [a, b, its ? `${its === TUNED ? ", each " : " "}${its}` : ""];
  return [its ? `${a} (${its})` : a, other ? `${b} (${other})` : b, ""];
}

/** @param {Judged} pair @param {number} leftOut */
function tally(pair, leftOut) {
  if (runs(pair) === 0) return "";
  const [wins, losses] = pair.verdict === "worse" ? [pair.losses, pair.wins] : [pair.wins, pair.losses];
  const left = leftOut ? `, ${counted(leftOut, "run")} left out` : "";
  return `${counted(wins, "win")}, ${counted(pair.ties, "tie")}, ${counted(losses, "loss", "losses")}${left}; `;
}

/** @param {Judged} pair */
const runs = ({ wins, ties, losses }) => wins + ties + losses;

/** @param {number} count @param {string} one */
const counted = (count, one, more = `${one}s`) => `${grouped(count)} ${count === 1 ? one : more}`;

/** @param {Judged} pair @param {string} unit */
function difference({ verdict, ci95, mean_difference: mean }, unit) {
  const sign = verdict === "worse" ? -1 : 1;
  const ends = (ci95 ?? []).map((end) => number(sign * end, unit));
  const interval = ends.length > 0 ? ` [${(sign < 0 ? ends.reverse() : ends).join(", ")}]` : "";
  return `difference ${number(sign * mean, unit)}${unit === "points" ? " points" : ""}${interval}`;
}

/** @param {Judged} pair */
function tested({ p_value: p, p_value_holm: adjusted }) {
  if (p === null || adjusted === null) return "";
  return `, p ${chance(p)} (Holm ${chance(adjusted).replace(/^= /, "")})`;
}

/** @param {number} p */
const chance = (p) => (p < 0.001 ? "< 0.001" : `= ${rounded(p, p >= 0.0995 ? 2 : 3)}`);

/** @param {Judged} pair */
function advice(pair) {
  const { verdict, ci95, p_value: p, runs_needed: needed } = pair;
  const there = runs(pair);
  if (verdict !== "undecided") {
    const isSame = ci95 !== null && ci95[0] === ci95[1];
    const constant = isSame ? "; the difference is the same in all runs, and taken for certain" : "";
    const few = there > 0 && there < FEW_RUNS ? `; ${counted(there, "run")} may not show all that training does` : "";
    return constant + few;
  }
  if (p === null) return `; ${unknown(there)}`;
  if (needed === null) return `; more runs would hardly tell, there are ${there}`;
  return `; about ${counted(needed, "run")} would tell (80% power), there are ${there}`;
}

/** Why there is no interval.
 *  @param {number} there */
function unknown(there) {
  if (there === 0) return "they have no run in common";
  if (there === 1) return "one run does not tell";
  return `the difference is the same in all ${counted(there, "run")}, too few to take it for certain`;
}

/** Points of a hundred with one digit, or two where one would be nothing; other scores with three digits.
 *  @param {number} value @param {string} unit */
function number(value, unit) {
  if (unit !== "points") return general(value, 3).replaceAll("-", "−");
  for (const digits of [1, 2]) {
    const text = rounded(100 * value, digits);
    if (Number(text) !== 0) return text.replace("-", "−");
  }
  return "0.0";
}

/** Python's `:,`.
 *  @param {number} value */
const grouped = (value) => value.toLocaleString("en-US");

/** Python's `:.2f`: halves go to the even digit.
 *  @param {number} value @param {number} digits */
function rounded(value, digits) {
  const text = value.toFixed(digits);
  const [whole, rest] = Math.abs(value).toFixed(80).split(".");
  if (!/^50*$/.test(rest.slice(digits))) return text;
  const below = digits > 0 ? `${whole}.${rest.slice(0, digits)}` : whole;
  return Number(below.at(-1)) % 2 === 0 ? `${value < 0 ? "-" : ""}${below}` : text;
}

/** Python's `:g` with so many digits.
 *  @param {number} value @param {number} digits */
function general(value, digits) {
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits) return String(Number(value.toPrecision(digits)));
  return `${Number(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
