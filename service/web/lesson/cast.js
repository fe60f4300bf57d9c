// Who plays which part: the lesson's networks are chosen from the served ones by their layers, not their names.

import { comparable } from "../explorer/view.js";

/** Activations that are made of straight pieces. */
const PIECEWISE_LINEAR = ["relu", "leaky_relu", "relu6", "hard_tanh", "hard_sigmoid"];

/** The line has no hidden layer. `few` and `many` have one, of the same activation, `deep` more; of the pair the second
 *  has corners, and both have the same layers. What is not served is null.
 *  @typedef {{line: Model | null, few: Model | null, many: Model | null, deep: Model | null,
 *  pair: [Model, Model] | null}} Cast */

/** The models that the lesson can be about: those that tell classes apart.
 *  @param {Catalogue} catalogue */
export const classifiers = (catalogue) =>
  catalogue.quantity.isValue ? [] : comparable(catalogue).filter(({ card }) => card !== null);

/** @param {Catalogue} catalogue
 *  @returns {Cast} */
export function castOf(catalogue) {
  const models = classifiers(catalogue);
  const line = models.find(({ hiddenLayers }) => hiddenLayers.length === 0) ?? null;
  const families = [...Map.groupBy(models.filter(isOfOne), (model) => model.activations[0])];
  const casts = families.map(([activation, family]) => ({ activation, ...layersOf(family) }));
  casts.sort((a, b) => filled(b) - filled(a) || liking(b.activation) - liking(a.activation));
  const { few = null, many = null, deep = null } = casts[0] ?? {};
  return { line, few, many, deep, pair: pairOf(models.filter(isOfOne), [many, few, deep]) };
}

/** Whether all hidden layers have one activation.
 *  @param {Model} model */
const isOfOne = ({ hiddenLayers, activations }) => hiddenLayers.length > 0 && new Set(activations).size === 1;

/** @param {Model[]} family */
function layersOf(family) {
  const single = family
    .filter(({ hiddenLayers }) => hiddenLayers.length === 1)
    .sort((a, b) => a.hiddenLayers[0] - b.hiddenLayers[0]);
  const few = single[0] ?? null;
  const many = single.findLast(({ hiddenLayers: [units] }) => units > few.hiddenLayers[0]) ?? null;
  const width = (many ?? few)?.hiddenLayers[0];
  /** @param {Model} model */
  const distance = ({ hiddenLayers }) => 100 * hiddenLayers.length + Math.abs(hiddenLayers[0] - (width ?? 0));
  const deep = family
    .filter(({ hiddenLayers }) => hiddenLayers.length > 1)
    .sort((a, b) => distance(a) - distance(b))[0];
  return { few, many, deep: deep ?? null };
}

/** @param {Pick<Cast, "few" | "many" | "deep">} cast */
const filled = ({ few, many, deep }) => [few, many, deep].filter((model) => model !== null).length;

/** The notebook's first, and smooth ones before those with corners.
 *  @param {string} activation */
const liking = (activation) => (activation === "tanh" ? 2 : PIECEWISE_LINEAR.includes(activation) ? 0 : 1);

/** Two networks of the same layers, the second with corners: of those that play a part, else of any.
 *  @param {Model[]} models @param {(Model | null)[]} playing
 *  @returns {[Model, Model] | null} */
function pairOf(models, playing) {
  const smooth = models.filter(({ activations }) => !PIECEWISE_LINEAR.includes(activations[0]));
  const first = [...playing.filter((model) => model !== null && smooth.includes(model)), ...smooth];
  const cornered = PIECEWISE_LINEAR.flatMap((name) => models.filter(({ activations }) => activations[0] === name));
  for (const model of first) {
    const layers = String(model?.hiddenLayers);
    const other = cornered.find(({ hiddenLayers }) => String(hiddenLayers) === layers);
    if (model && other) return [model, other];
  }
  return null;
}
