// Which colours a map has: those that all maps of the page share, or a model's own where it gives something else.

import { classesScale, classScale, scaleOf, valueScale } from "./colours.js";
import { ticks } from "./ticks.js";
import { classOf } from "./view.js";

/** @typedef {import("./colours.js").Scale | import("./colours.js").ClassScale} AnyScale */
/** @typedef {import("./quantity.js").Quantity} Quantity */

/** The scale of what models of a kind give in a view.
 *  @param {Quantity} quantity @param {View} view
 *  @param {Interval} range over which its values are drawn, and up to which their spread is
 *  @returns {AnyScale} */
export function scaleFor(quantity, view, range) {
  const { statistic, colours } = view;
  if (quantity.isPlain) return scaleOf(statistic, colours);
  const class_ = classOf(quantity, view.class, statistic);
  const what = quantity.name(class_);
  const count = quantity.classes.length;
  if (statistic === "agreement") return scaleOf(statistic, colours, what, quantity.isMulticlass ? 0 : 0.5);
  if (statistic === "std") return scaleOf(statistic, colours, what, quantity.isValue ? (range[1] - range[0]) / 4 : 0.5);
  const label = statistic === "mean" ? `mean of ${what} over the runs` : what;
  if (quantity.isValue) return valueScale(range[0], range[1], label);
  if (!quantity.isMulticlass) return scaleOf(statistic, colours, what);
  if (class_ === null) return classesScale(count, label);
  return classScale(quantity.classes.indexOf(class_), count, label);
}

/** The levels at which lines are drawn over a map of values, five or so.
 *  @param {Interval} range */
export const levels = (range) => ticks(...range, 7);

/** What some values reach over, and a little more where they are all the same.
 *  @param {ArrayLike<number>} values
 *  @returns {Interval} */
export function rangeOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
  if (low < high) return [low, high];
  return Number.isFinite(low)
    ? [low - Math.max(1e-6, Math.abs(low) / 1e6), low + Math.max(1e-6, Math.abs(low) / 1e6)]
    : [0, 1];
}
