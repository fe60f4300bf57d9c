// The view: the state with what it leaves open, or asks for in vain, filled in from the models that are there.

import { PALETTES } from "./colours.js";

/** A coordinate as the page shows it, so that choosing what is shown changes nothing.
 *  @param {number} value */
export const coordinate = (value) => Number(value.toFixed(4));

/** Those of a catalogue's models that have a map.
 *  @param {Catalogue} catalogue */
export const comparable = (catalogue) => catalogue.models.filter(({ isServed, isPlane }) => isServed && isPlane);

/** @param {Catalogue} catalogue
 *  @param {Values} values whatever the address says
 *  @returns {View} */
export function viewOf(catalogue, values) {
  const models = comparable(catalogue);
  /** @param {string | null} name @param {Model | undefined} usual */
  const named = (name, usual) => models.find((model) => model.name === name) ?? usual ?? null;
  const deepest = models.toSorted((m, n) => n.hiddenLayers.length - m.hiddenLayers.length)[0];
  const point = values.x === null || values.y === null ? (catalogue.test?.points[0] ?? [0, 0]) : [values.x, values.y];
  const a = named(values.a, deepest);
  const b = named(values.b, models[models.indexOf(deepest) - 1] ?? models[1]);
  return {
    ...values,
    statistic: ["mean", "std", "agreement"].includes(values.statistic) ? values.statistic : "probability",
    colours: PALETTES.includes(values.colours) ? values.colours : PALETTES[0],
    theme: ["light", "dark"].includes(values.theme) ? values.theme : "auto",
    points: ["test", "none"].includes(values.points) ? values.points : "all",
    run: Math.min(values.run, catalogue.runs - 1),
    epoch: catalogue.epoch(values.epoch),
    pair: a !== null && b !== null ? [a, b] : null,
    inside: named(values.inside, models.find(({ hiddenLayers }) => hiddenLayers.length > 0) ?? models[0])?.name ?? null,
    point: [coordinate(point[0]), coordinate(point[1])],
  };
}

/** Whether a view's maps are of P(y = 1), which has a line P = 0.5; else of how much the runs differ.
 *  @param {View} view */
export const isOfP = ({ statistic }) => statistic === "probability" || statistic === "mean";
