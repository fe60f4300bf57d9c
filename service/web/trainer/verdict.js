// Two networks against each other, judged by the service as it judges anybody's scores (POST /comparison); where there
// is no service, by the same rule in this page's own words.

import { fixed } from "../explorer/dom.js";
import { difference } from "./student.js";

/** A difference of at most half a point is no difference, if nothing else is asked for. */
const ROPE = 0.005;

/** A network's accuracies, one a run, null where it diverged.
 *  @typedef {{name: string, values: (number | null)[]}} Scores */

/** @param {Scores} a @param {Scores} b @param {number} overlap
 *  @param {import("../explorer/service.js").Service} service
 *  @returns {Promise<string>} a sentence */
export async function verdict(a, b, overlap, service) {
  const scores = [a, b].flatMap(({ name, values }) => values.map((score, run) => ({ model: name, run, score })));
  try {
    const found = await service.json("comparison", { scores, score: "accuracy", overlap, rope: ROPE });
    return found.pairs[0].words;
  } catch {
    return own(a, b, overlap);
  }
}

/** @param {Scores} a @param {Scores} b @param {number} overlap */
export function own(a, b, overlap) {
  const found = difference(a.values, b.values, overlap, ROPE);
  if (found === null) {
    const lost = [a, b].find(({ values }) => values.every((value) => value === null));
    const why = lost === undefined ? "one run in common does not tell" : `all runs of ${lost.name} diverged`;
    return `${a.name} and ${b.name} are undecided: ${why}`;
  }
  const isWorse = found.verdict === "worse";
  const [first, second] = isWorse ? [b, a] : [a, b];
  const sign = isWorse ? -1 : 1;
  /** @param {number} value */
  const points = (value) => fixed(100 * value, 1);
  const ends = found.ci95.map((end) => sign * end).sort((x, y) => x - y);
  const said = {
    better: `${first.name} is better than ${second.name} by more than 0.5 points`,
    worse: `${first.name} is better than ${second.name} by more than 0.5 points`,
    equivalent: `${first.name} and ${second.name} are equivalent within 0.5 points`,
    undecided: `${first.name} and ${second.name} are undecided`,
  }[found.verdict];
  return `${said}: difference ${points(sign * found.mean)} points [${ends.map(points).join(", ")}]`;
}
