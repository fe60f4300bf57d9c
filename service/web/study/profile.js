// The measure along a factor: a line for each level of another, with the intervals of the means.

import { h } from "../explorer/dom.js";
import { chart, even, keys, powers, SMALL_SIZE, stepped, WIDE_SIZE } from "./charts.js";
import { factorText, levelText, nameOf, shortened } from "./measures.js";

/** As many lines as can be told apart. */
const MAX_LINES = 6;

/** Where a drawing as wide as the page is small. */
export const NARROW_SCREEN = matchMedia("(max-width: 36rem)");

/** What is drawn.
 *  @type {WeakMap<HTMLElement, {key: string, summaries: object, isNarrow: boolean}>} */
const drawn = new WeakMap();

/** Draw it, if there is anything to compare.
 *  @param {HTMLElement} element @param {import("./view.js").StudyView} view
 *  @param {import("./main.js").Shown} shown @param {StudyCell | null} cell whose line is among those that are drawn */
export function drawProfile(element, view, { summaries, heat }, cell) {
  const { x, y, columns, rows, grid, metric } = view;
  const known = rows.map((_, i) => i).filter((i) => grid[i].filter((one) => meanOf(one) !== null).length > 1);
  element.hidden = x === null || known.length === 0;
  if (x === null || element.hidden) return;
  /** @param {StudyCell | null} one */
  function meanOf(one) {
    return summaries.get(one?.digest ?? "")?.mean ?? null;
  }
  const own = grid.findIndex((row) => row.includes(cell));
  const chosen = spread(known, MAX_LINES, own);
  const key = JSON.stringify([x, y, chosen, columns, [...view.held]]);
  const before = drawn.get(element);
  if (before?.key === key && before.summaries === summaries && before.isNarrow === NARROW_SCREEN.matches) return;
  drawn.set(element, { key, summaries, isNarrow: NARROW_SCREEN.matches });
  const series = chosen.map((row, k) => ({
    name: y === null ? nameOf(metric) : `${factorText(y)} ${levelText(rows[row])}`,
    hue: `rate-${(k + 1) % MAX_LINES}`,
    marks: grid[row].flatMap((one, i) => {
      const summary = summaries.get(one?.digest ?? "");
      if (!summary || summary.mean === null) return [];
      const [low, high] = summary.ci95 ?? [summary.mean, summary.mean];
      return [{ x: i, y: summary.mean, low, high }];
    }),
  }));
  const name = nameOf(metric);
  const size = NARROW_SCREEN.matches ? SMALL_SIZE : WIDE_SIZE;
  const all = series.flatMap(({ marks }) => marks.flatMap((mark) => [mark.y, mark.low, mark.high]));
  const up = heat.isLog ? powers(all, size.up, name) : even(all, size.up, name, metric);
  const along = stepped(shortened(columns.map(levelText)), size.across, factorText(x));
  const some = chosen.length < known.length ? ` ${chosen.length} of ${known.length} are drawn.` : "";
  const title = `${name} along ${factorText(x)}${y === null ? "" : `, a line for each ${factorText(y)}`}`;
  element.replaceChildren(
    h("h2", { id: "profile-title" }, `Along ${factorText(x)}`),
    h("p", { class: "lead" }, `Means of ${name} with their 95% intervals.${some}`),
    h("figure", { class: "wide" }, chart(title, along, up, series, null, size), y === null ? null : keys(series)),
  );
}

/** So many of some, spread evenly, with one that has to be among them.
 *  @param {number[]} all @param {number} most @param {number} own */
function spread(all, most, own) {
  if (all.length <= most) return all;
  const chosen = Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
  if (all.includes(own) && !chosen.includes(own)) {
    const nearest = chosen.reduce((best, one) => (Math.abs(one - own) < Math.abs(best - own) ? one : best));
    chosen[chosen.indexOf(nearest)] = own;
  }
  return chosen.sort((a, b) => a - b);
}
