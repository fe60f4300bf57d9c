// What is said beside the comparison's numbers: how models were trained, what a number is of, what to be careful with.

import { fixed, h } from "./dom.js";
import { scoreOf } from "./panels.js";

/** How the models were trained, and of what the comparison therefore is.
 *  @param {ComparisonDocument} comparison */
export function recipeOf({ protocol, dataset, recipe }) {
  const runs = protocol.replicates;
  const own = dataset.replication === "redrawn" ? "data, split" : "split of the same data";
  const parts = [
    runs > 1
      ? `Each model was trained ${runs} times, each time with its own ${own}, initial weights and batch order.`
      : "Each model was trained once.",
    recipe ? `The recipe: ${recipe}.` : "",
    "What is found holds for networks trained like this: other learning rates or more epochs can change their order.",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** How the table is read.
 *  @param {ComparisonDocument} comparison @param {Set<string>} columns the keys of those that there are */
export function key({ dataset }, columns) {
  const parts = [
    "Each dot is a run; the bar shows the mean with its 95% interval" +
      (columns.has("notebook") ? ", the diamond the notebook’s single run." : "."),
    exact(columns),
    typeof dataset.baseline === "number"
      ? `Always answering the training data’s most frequent class is right in ${fixed(dataset.baseline)}.`
      : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** Which true boundary an exact accuracy is of.
 *  @param {Set<string>} columns */
function exact(columns) {
  if (columns.has("own"))
    return (
      "Exact accuracies are computed from a true boundary, without the luck of the test points: “own” from the one " +
      "that cut the run’s own data, at their median; “population” from that of the whole distribution, a little " +
      "beside it."
    );
  return columns.has("exact")
    ? "“Exact, population” is computed from the true boundary of the whole distribution; each run’s data were cut at " +
        "their own median, a little beside it."
    : "";
}

/** What is said below a model's mean: what it does not show.
 *  @param {ModelResult} row */
export function asides(row) {
  const score = scoreOf(row);
  const diverged = score?.values.filter((value) => value === null).length ?? 0;
  const rising = row.still_improving ?? 0;
  return [
    score ? middle(score) : null,
    diverged > 0 ? `diverged, not counted: ${diverged} of ${row.replicates} runs` : null,
    rising > 0 ? `still improving: ${rising} of ${row.replicates} runs` : null,
  ].filter((text) => text !== null);
}

/** How a model was trained, and where its runs had a choice, what they chose.
 *  @param {ModelResult} row */
export function recipe({ protocol, replicates }) {
  if (!protocol) return null;
  const { learning_rates: rates, epochs, chosen } = protocol;
  if (rates.length * epochs.length <= 1) return `rate ${rates[0]}, ${epochs[0]} epochs`;
  const runs = (/** @type {Choice[]} */ choices) => choices.reduce((sum, choice) => sum + choice.replicates, 0);
  const byRate = [...Map.groupBy(chosen, (choice) => choice.learning_rate)].sort(([, a], [, b]) => runs(b) - runs(a));
  if (byRate.length === 0) return null;
  const [rate, choices] = byRate[0];
  const ends = choices.map((choice) => choice.epochs);
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  const when = first === last ? `epoch ${first}` : `epochs ${first} to ${last}`;
  return `rate ${rate} in ${runs(choices)} of ${replicates} runs, ${when}`;
}

/** The middle of the runs, where the mean says little of them: the median lies beyond its interval.
 *  @param {Summary} score */
function middle({ ci95, median, interquartile_mean: mean }) {
  if (ci95 === null || (median >= ci95[0] && median <= ci95[1])) return null;
  const half = typeof mean === "number" ? `, middle half ${fixed(mean)}` : "";
  return `median ${fixed(median)}${half}`;
}

/** The comparison's other forms; the later ones where the service judges pairs.
 *  @param {ComparisonDocument} comparison */
export function links({ experiment, pairs }) {
  /** @param {string} text @param {Record<string, string>} query */
  const to = (text, query) => {
    const href = `comparison?${new URLSearchParams({ experiment, ...query })}`;
    const download = query.format === "csv" ? `${query.table ?? "comparison"}.csv` : null;
    return h("a", { href, download }, text);
  };
  const table = to("This table as CSV", { format: "csv" });
  return !pairs[0]?.words
    ? [table]
    : [
        table,
        to("verdicts as CSV", { table: "pairs", format: "csv" }),
        to("picture of the runs", { picture: "runs", format: "png" }),
        to("of all pairs", { picture: "forest", format: "png" }),
        to("of accuracy by size", { picture: "map", format: "png" }),
      ];
}
