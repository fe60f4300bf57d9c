// What is said beside the comparison's numbers: how models were trained, what a number is of, what to be careful with.

import { fixed, h } from "./dom.js";
import { scoreOf } from "./panels.js";

/** How the models were trained, and of what the comparison therefore is.
 *  @param {ComparisonDocument} comparison */
export function recipeOf({ protocol, dataset, recipe, models }) {
  const runs = protocol.replicates;
  const own = dataset.replication === "redrawn" ? "data, split" : "split of the same data";
  const parts = [
    runs > 1
      ? `Each model was trained ${runs} times, each time with its own ${own}, initial weights and batch order.`
      : "Each model was trained once.",
    recipe ? `The recipe: ${recipe}${choiceOf(models)}.` : "",
    "The results hold for networks trained like this: other learning rates or more epochs can change their order.",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** What runs chose their recipes from, where all models had the same choice.
 *  @param {ModelResult[]} models */
function choiceOf(models) {
  const choices = models.map(({ protocol }) => {
    const parts = [among("rates", protocol?.learning_rates), among("epochs", protocol?.epochs)];
    return parts.filter((part) => part !== "").join(" and ");
  });
  const [first, ...others] = new Set(choices);
  return first && others.length === 0 ? `, from ${first}` : "";
}

/** @param {string} name @param {number[]} values */
const among = (name, values = []) =>
  values.length > 1 ? `${name} ${values.slice(0, -1).join(", ")} or ${values[values.length - 1]}` : "";

/** How the table is read.
 *  @param {ComparisonDocument} comparison @param {Set<string>} columns the keys of those that there are */
export function key({ dataset, models, protocol }, columns) {
  const several = protocol.replicates > 1 ? "; the bar shows the mean with its 95% interval" : "";
  const parts = [
    `Each dot is a run${several}${columns.has("notebook") ? ", the diamond the notebook’s single run" : ""}.`,
    models.some((row) => row.still_improving)
      ? "“Still improving” are runs whose validation loss was still falling at the end: more epochs may change them."
      : "",
    exact(columns),
    typeof dataset.baseline === "number"
      ? `Always answering the training data’s most frequent class reaches ${fixed(dataset.baseline)}.`
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
      "that cut the run’s own data, at their median; “population” from that of the whole distribution, which " +
      "differs slightly."
    );
  return columns.has("exact")
    ? "“Exact, population” is computed from the true boundary of the whole distribution; each run’s data were cut at " +
        "their own median, which differs slightly."
    : "";
}

/** What is said below a model's mean: what it does not show.
 *  @param {ModelResult} row */
export function asides(row) {
  const score = scoreOf(row);
  const diverged = score?.values.filter((value) => value === null).length ?? 0;
  const rising = row.still_improving ?? 0;
  return [
    score ? uneven(score) : null,
    diverged > 0 ? `diverged, not counted: ${diverged} of ${row.replicates}` : null,
    rising > 0 ? `still improving: ${rising} of ${row.replicates}` : null,
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
  const often = replicates > 1 ? ` in ${runs(choices)} of ${replicates} runs` : "";
  return `rate ${rate}${often}, ${when}`;
}

/** Where the runs lie in two clusters, and their middle: then the mean is a value that hardly any run has.
 *  @param {Summary} score */
function uneven({ values, median, interquartile_mean: mean }) {
  const centres = clusters(values.filter((value) => value !== null));
  if (centres === null) return null;
  const half = typeof mean === "number" ? `, mean of the middle half ${fixed(mean)}` : "";
  return `two clusters: ${centres.map((centre) => fixed(centre)).join(" and ")}; median ${fixed(median)}${half}`;
}

const [MIN_RUNS, MIN_SHARE, MIN_EXPLAINED] = [10, 0.1, 0.85];

/** The means of the two clusters that values lie in, as the service's pictures have them (verdicts/clusters.py): of all
 *  cuts that with the most variance between its sides, if that is most of it all.
 *  @param {number[]} values */
export function clusters(values) {
  const n = values.length;
  if (n < MIN_RUNS) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const sum = (/** @type {number[]} */ some) => some.reduce((total, value) => total + value, 0);
  const mean = sum(values) / n;
  const all = sum(values.map((value) => (value - mean) ** 2));
  const least = Math.max(2, Math.ceil(MIN_SHARE * n));
  const cuts = Array.from({ length: n - 2 * least + 1 }, (_, i) => {
    const left = least + i;
    const [low, high] = [sum(sorted.slice(0, left)) / left, sum(sorted.slice(left)) / (n - left)];
    return { centres: [low, high], between: ((left * (n - left)) / n) * (high - low) ** 2 };
  });
  const best = cuts.reduce((most, cut) => (cut.between > most.between ? cut : most));
  return all > 0 && best.between >= MIN_EXPLAINED * all ? best.centres : null;
}

/** Whether it is known of any source of luck how much it makes.
 *  @param {ModelResult} row */
export const isSplit = ({ variance }) =>
  Boolean(variance) &&
  [variance?.test_set, variance?.data, variance?.weights, variance?.batches].some((part) => typeof part === "number");

/** What the service calls the parts that stand behind the verdicts.
 *  @type {Record<string, {table?: string, picture?: string}>} */
const FORMS = {
  luck: { table: "variance", picture: "variance" },
  sensitivity: { table: "sensitivity", picture: "sensitivity" },
  reliability: { picture: "reliability" },
  metrics: { table: "models" },
};

/** A part's other forms.
 *  @param {ComparisonDocument} comparison @param {string} part */
export function formsOf({ experiment }, part) {
  const { table, picture } = FORMS[part];
  return [
    table ? link({ experiment, table, format: "csv" }, "This as CSV") : null,
    picture ? link({ experiment, picture, format: "png" }, "This as a picture") : null,
  ];
}

/** A link to a form of a comparison; tables are downloaded.
 *  @param {Record<string, string>} query @param {string} text */
function link(query, text) {
  const download = query.format === "csv" ? `${query.table ?? "comparison"}.csv` : null;
  return h("a", { href: `comparison?${new URLSearchParams(query)}`, download }, text);
}

/** The comparison's other forms; the later ones where the service judges pairs.
 *  @param {ComparisonDocument} comparison */
export function links({ experiment, pairs }) {
  /** @param {string} text @param {Record<string, string>} query */
  const to = (text, query) => link({ experiment, ...query }, text);
  const table = to("This table as CSV", { format: "csv" });
  return !pairs[0]?.words
    ? [table]
    : [
        table,
        to("verdicts as CSV", { table: "pairs", format: "csv" }),
        to("picture of the runs", { picture: "runs", format: "png" }),
        to("picture of all pairs", { picture: "forest", format: "png" }),
        to("picture of scores by size", { picture: "map", format: "png" }),
      ];
}
