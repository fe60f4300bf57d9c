// How much is luck, by where it comes from: a bar and a row for each model.

import { h, number, s } from "./dom.js";
import { table } from "./metrics.js";

const SOURCES = /** @type {const} */ ({
  test_set: "test points",
  data: "data",
  weights: "initial weights",
  batches: "batch order",
});
const BAR = 200;

/** Bars are no longer than so many times the variance: that of a few runs may be small by chance. */
const MAX_BAR_SHARE = 3;

const WITH_TEST_POINTS =
  " As accuracy is measured on test data, the share of the data includes that of the test points.";

/** @param {ComparisonDocument} comparison */
export function content({ models, dataset }) {
  const rows = models.flatMap(({ model, variance }) => (variance ? [{ model, variance }] : []));
  const keys = /** @type {(keyof typeof SOURCES)[]} */ (Object.keys(SOURCES)).filter((key) =>
    rows.some(({ variance }) => typeof variance[key] === "number"),
  );
  /** @param {Variance} variance @param {keyof typeof SOURCES} key */
  const share = (variance, key) => (variance.total > 0 ? (variance[key] ?? 0) / variance.total : 0);
  const sums = rows.map(({ variance }) => keys.reduce((sum, key) => sum + share(variance, key), 0));
  const longest = Math.max(1, ...sums);
  const most = Math.min(MAX_BAR_SHARE, longest);
  const runs = Math.max(...rows.map(({ variance }) => variance.runs));
  const scores = [...new Set(rows.map(({ variance }) => variance.measured_on.replaceAll("_", " ")))].join(", ");
  return [
    h(
      "p",
      { class: "lead" },
      "How much each source adds to a model’s variance over its runs; the line marks 100%. " +
        (dataset.task === "regression"
          ? ""
          : "Test points: by formula, how much one network’s accuracy varies with the points that test it. ") +
        (runs > 0
          ? `The others: half the mean squared difference, in ${scores}, of two runs that differ in nothing else; ` +
            `${runs} pairs each. The sources are estimated apart and need not add up to 100%; few pairs tell little, ` +
            "as the 95% intervals in brackets show."
          : "The other sources were not measured here (variance_runs = 0 in the experiment).") +
        (runs > 0 && scores === "accuracy" ? WITH_TEST_POINTS : "") +
        (longest > most ? ` Bars are cut off at ${100 * MAX_BAR_SHARE}%.` : ""),
    ),
    table(
      "Luck by its source",
      ["Model", "Share of the variance", "SD over runs", ...keys.map(headOf)],
      rows.map(({ model, variance }) => [
        model,
        bar(
          keys.map((key) => [key, share(variance, key)]),
          most,
        ),
        number(Math.sqrt(variance.total), 4),
        ...keys.map((key) => part(variance, key)),
      ]),
    ),
  ];
}

/** @param {keyof typeof SOURCES} key */
const headOf = (key) => h("span", { class: `key ${key}` }, SOURCES[key]);

/** @param {Variance} variance @param {keyof typeof SOURCES} key */
function part(variance, key) {
  const value = variance[key];
  if (typeof value !== "number" || variance.total <= 0) return "–";
  const ends = variance.ci95?.[key]?.map((end) => Math.round((100 * end) / variance.total));
  const range = ends ? h("small", {}, ` [${ends.join(", ")}]`) : "";
  return h("span", {}, h("data", { value: String(value) }, `${Math.round((100 * value) / variance.total)}%`), range);
}

/** Shares one after the other, and a line where they are the whole.
 *  @param {[string, number][]} shares @param {number} most the largest sum of a bar */
function bar(shares, most) {
  let x = 0;
  const parts = shares.map(([name, share]) => {
    const width = Math.min((BAR * share) / most, BAR - x);
    const rect = s("rect", { class: name, x, y: 2, width, height: 12 });
    x += width;
    return rect;
  });
  return s(
    "svg",
    { class: "shares", viewBox: `0 0 ${BAR} 16`, "aria-hidden": "true" },
    parts,
    s("path", { class: "whole", d: `M${BAR / most - 0.5},0v16` }),
  );
}
