// The fifth and the sixth step: another activation, and the luck of each run.

import { fixed, number } from "../explorer/dom.js";
import { scoreOf } from "../explorer/panels.js";
import { clusters } from "../explorer/remarks.js";
import { pairOf } from "../explorer/verdicts.js";
import { forming } from "./forming.js";
import { capital, missing, ofRuns, undrawn } from "./telling.js";
import { MOST_RUNS, allRuns } from "./all-runs.js";

/** @typedef {import("./telling.js").Desk} Desk */
/** @typedef {import("./telling.js").Told} Told */
/** @typedef {import("./telling.js").Question} Question */

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function relu(desk) {
  const { pair } = desk.cast;
  const name = (pair?.[1].activations[0] ?? "relu").replaceAll("_", " ");
  const title = capital(name);
  const idea =
    name === "relu"
      ? "A [relu] unit passes its sum on where that is positive, and gives 0 elsewhere. Where [tanh] bends, it has a " +
        "kink. So with one layer the [boundary] is made of straight pieces, and has a corner wherever it crosses a " +
        "unit’s line."
      : `The [activation] ${name} is made of straight pieces: where [tanh] bends, it has a kink. So with one layer ` +
        "the [boundary] is made of straight pieces, too, and has a corner wherever a unit has its kink.";
  if (pair === null) {
    return missing(title, idea, "two networks of the same layers, one with relu", desk.explorer({}, "boundaries"));
  }
  const [smooth, cornered] = pair;
  const look = desk.explorer({ a: cornered.name, b: smooth.name }, "difference");
  const picture = await forming(desk, pair, smooth.hiddenLayers.length === 1);
  const judged = pairOf(desk.catalogue.comparison, smooth.name, cornered.name);
  const runs = Math.min(smooth.row?.replicates ?? 1, cornered.row?.replicates ?? 1);
  const isTold =
    typeof judged?.verdict === "string" && typeof judged.words === "string" && typeof judged.rope === "number";
  const note = undrawn(desk, pair);
  if (!judged || !isTold) return { title, idea, note, question: null, picture, look };
  const rope = `${fixed(100 * (judged.rope ?? 0), 1)} [points]`;
  const of = judged.a === smooth.name ? ["better", "worse"] : ["worse", "better"];
  /** @type {Question} */
  const question = {
    question: `Corners or curves: over ${runs} runs, which is better by more than ${rope}?`,
    choices: [
      smooth.name,
      cornered.name,
      "Neither: they are closer than that",
      `${runs} runs cannot tell whether it is that much`,
    ],
    measured: () => ({
      right: [...of, "equivalent", "undecided"].indexOf(judged.verdict ?? "undecided"),
      words: [`The verdict: ${judged.words}.`],
    }),
  };
  return { title, idea, note, question, picture, look };
}

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function luck(desk) {
  const { few, many, deep, line } = desk.cast;
  const title = "Luck";
  const model = [few, many, deep, line].find((one) => one !== null && (one.row?.replicates ?? 1) > 1) ?? null;
  const score = model && scoreOf(model.row);
  const isRedrawn = model?.card?.replication === "redrawn";
  const idea =
    "So far you have seen run 0. Training begins with weights drawn by chance, and takes the points in an order " +
    `drawn by chance. Each [replicate] has its own start and order${isRedrawn ? ", and data of its own" : ""}; the ` +
    "network and the recipe are the same. So what one run shows may be luck.";
  if (model === null || score === null) {
    return missing(title, idea, "a network of several runs", desk.explorer({}, "comparison"));
  }
  const look = desk.explorer({ statistic: "std" }, "boundaries");
  const picture = await allRuns(desk, model, score);
  const spread = 100 * (score.max - score.min);
  /** @type {Question} */
  const question = {
    question: `${model.name}, ${model.row?.replicates} times: how far apart in [accuracy] are the best and the worst?`,
    choices: ["Up to 2 points", "2 to 10 points", "More than 10 points"],
    measured: () => ({
      right: spread <= 2 ? 0 : spread <= 10 ? 1 : 2,
      words: [
        "From ",
        number(score.min),
        " to ",
        number(score.max),
        `: ${fixed(spread, 1)} points apart.`,
        ...ofRuns(model),
        " More runs make that interval narrower, but a single run stays a matter of luck.",
        ...asides(model, score),
      ],
    }),
  };
  return {
    title,
    idea,
    note: model.runs > MOST_RUNS ? `The first ${MOST_RUNS} of ${model.runs} runs are drawn.` : null,
    question,
    picture,
    look,
  };
}

/** What else is to be said of the runs: that they lie in two groups, that some diverged, or were not done yet.
 *  @param {Model} model @param {Summary} score */
function asides({ row }, { values }) {
  const centres = clusters(values.filter((value) => value !== null));
  const diverged = values.filter((value) => value === null).length;
  const rising = row?.still_improving ?? 0;
  /** @param {number} count @param {string} one @param {string} more */
  const of = (count, one, more) => (count > 0 ? ` ${count} of ${values.length} runs ${count === 1 ? one : more}.` : "");
  return [
    centres ? ` The runs lie in two groups, around ${centres.map((centre) => fixed(centre)).join(" and ")}.` : "",
    of(diverged, "has diverged, and is not counted", "have diverged, and are not counted"),
    of(rising, "was still improving at the end", "were still improving at the end"),
  ];
}
