// The view: the state with what it leaves open, or asks for in vain, filled in from the models that are there.

import { PALETTES } from "./colours.js";
import { decimals } from "./dom.js";

/** A coordinate as the page shows it, so that choosing what is shown changes nothing.
 *  @param {number} value @param {Interval} span what it lies in */
export const coordinate = (value, span) => Number(value.toFixed(decimals(span) + 3));

/** How far beside the map a point may be, in widths of it. */
const MOST_WIDTHS = 10;

/** Those of a catalogue's models that have a map.
 *  @param {Catalogue} catalogue */
export const mapped = (catalogue) => catalogue.models.filter(({ isServed, isMapped }) => isServed && isMapped);

/** Those that take the chosen point: the experiment's features.
 *  @param {Catalogue} catalogue */
export const onPoints = (catalogue) => mapped(catalogue).filter(({ isOfData }) => isOfData);

/** Those that can be compared: they predict the same from the same.
 *  @param {Catalogue} catalogue */
export const comparable = (catalogue) => onPoints(catalogue).filter((model) => catalogue.isOurs(model));

/** @param {Catalogue} catalogue
 *  @param {Values} values whatever the address says
 *  @returns {View} */
export function viewOf(catalogue, values) {
  const [models, maps] = [comparable(catalogue), mapped(catalogue)];
  /** @param {Model[]} among @param {string | null} name @param {Model | undefined} usual */
  const named = (among, name, usual) => among.find((model) => model.name === name) ?? usual ?? null;
  const deepest = models.toSorted((m, n) => n.hiddenLayers.length - m.hiddenLayers.length)[0];
  const place = catalogue.place(values);
  const first = catalogue.test?.points[0];
  /** @param {number | null} value @param {0 | 1} axis */
  const along = (value, axis) => {
    const { low, high } = place.features[place.axes[axis]];
    const usual = first === undefined ? NaN : first[place.axes[axis]];
    const wanted = value ?? (Number.isNaN(usual) ? (low + high) / 2 : usual);
    const most = MOST_WIDTHS * (high - low); // beyond it numbers overflow on their way, and nothing is left to see
    return coordinate(Math.max(low - most, Math.min(high + most, wanted)), [low, high]);
  };
  const isGiven = values.x !== null && values.y !== null;
  const a = named(models, values.a, deepest);
  const b = named(models, values.b, models[models.indexOf(deepest) - 1] ?? models[1]);
  const hidden = maps.find(({ hiddenLayers }) => hiddenLayers.length > 0);
  const statistics = catalogue.quantity.isValue ? ["mean", "std"] : ["mean", "std", "agreement"];
  const statistic = statistics.includes(values.statistic) ? values.statistic : "probability";
  return {
    ...values,
    statistic,
    colours: PALETTES.includes(values.colours) ? values.colours : PALETTES[0],
    theme: ["light", "dark"].includes(values.theme) ? values.theme : "auto",
    points: ["test", "none"].includes(values.points) ? values.points : "all",
    run: Math.min(values.run, catalogue.runs - 1),
    epoch: catalogue.epoch(values.epoch),
    class: classOf(catalogue.quantity, values.class, statistic),
    pair: a !== null && b !== null ? [a, b] : null,
    inside: named(maps, values.inside, hidden ?? maps[0])?.name ?? null,
    place,
    point: [along(isGiven ? values.x : null, 0), along(isGiven ? values.y : null, 1)],
  };
}

/** The class of several whose probability is shown; null for the most probable one, and for two classes. A spread is of
 *  one class, an agreement of all.
 *  @param {import("./quantity.js").Quantity} quantity @param {string | null} wanted @param {string} statistic */
export function classOf({ isMulticlass, classes }, wanted, statistic) {
  if (!isMulticlass || statistic === "agreement") return null;
  const known = wanted !== null && classes.includes(wanted) ? wanted : null;
  return statistic === "std" ? (known ?? classes[0]) : known;
}

/** Whether a view's maps are of P(y = 1), which has a line P = 0.5, or of values; else of how much the runs differ.
 *  @param {View} view */
export const isOfP = ({ statistic }) => statistic === "probability" || statistic === "mean";

/** Where a model is drawn in a view: in the view's place, or in its own where it takes other features.
 *  @param {Model} model @param {View} view */
export const placeIn = (model, view) => (model.isOfData || model.ownPlace === null ? view.place : model.ownPlace);
