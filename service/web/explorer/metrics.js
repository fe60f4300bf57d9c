// Every metric over all runs, as a table; and the tables of what stands behind the verdicts.

import { h, interval, number } from "./dom.js";
import { LONG_NAME_CHARACTERS } from "./panels.js";

/** A table that scrolls where it has no room.
 *  @param {string} label @param {(Node | string)[]} heads @param {(Node | string)[][]} rows the first cell names one */
export function table(label, heads, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    h(
      "table",
      { class: "evidence" },
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h(
        "tbody",
        {},
        rows.map(([name, ...cells]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row", class: isLong(name) ? "long" : null }, name),
            cells.map((cell) => h("td", {}, cell)),
          ),
        ),
      ),
    ),
  );
}

/** @param {Node | string} name */
const isLong = (name) => typeof name === "string" && name.length > LONG_NAME_CHARACTERS;

/** A number with its interval, where it has one.
 *  @param {{mean: number, ci95: Interval | null} | undefined} summary */
export function summed(summary) {
  if (summary === undefined) return "–";
  const range = summary.ci95 ? h("small", {}, ` ${interval(summary.ci95)}`) : "";
  return h("span", {}, number(summary.mean), range);
}

/** @type {Record<string, string>} */
const NAMES = { ece: "ECE", roc_auc: "ROC AUC", brier: "Brier", f1: "F1", r2: "R²", rmse: "RMSE", mae: "MAE" };

/** Those of which less is better. */
const ERRORS = ["log_loss", "brier", "ece", "rmse", "mae"];

/** @param {string} key */
const nameOf = (key) => NAMES[key] ?? key.replaceAll("_", " ");

/** @param {ComparisonDocument} comparison */
export function content({ models }) {
  const keys = [...new Set(models.flatMap((row) => Object.keys(row.metrics ?? {})))];
  return [
    h(
      "p",
      { class: "lead" },
      "Means over all runs on held-out test data, with their 95% intervals. " +
        `Lower is better: ${keys.filter((key) => ERRORS.includes(key)).map(nameOf).join(", ")}; higher: the others.`,
    ),
    table(
      "Every metric",
      ["Model", ...keys.map(nameOf)],
      models.map((row) => [row.model, ...keys.map((key) => summed(row.metrics?.[key]))]),
    ),
  ];
}
