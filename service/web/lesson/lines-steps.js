// The first four steps: no hidden layer, a few units, more of them, and a second layer.

import { inWords, listed } from "../explorer/dom.js";
import { pairOf } from "../explorer/verdicts.js";
import { scoreOf } from "../explorer/panels.js";
import { recipe } from "../explorer/remarks.js";
import { adding, deadOf, lastLayer, shapesOf } from "./adding.js";
import { forming } from "./forming.js";
import { shapeOf } from "./shape.js";
import { capital, fewerWrong, isCircle, missing, ofRuns, ofRunZero, undrawn } from "./telling.js";

/** @typedef {import("./telling.js").Desk} Desk */
/** @typedef {import("./telling.js").Told} Told */
/** @typedef {import("./telling.js").Question} Question */

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function aLine(desk) {
  const { line } = desk.cast;
  const title = "A line";
  const what = isCircle(desk) ? " One class lies in a disc here, the other all around it." : "";
  const p = line?.quantity.name(null).replaceAll(/[[\]|]/g, " ") ?? "P(y = 1)"; // brackets mark words of the glossary
  const idea = line?.quantity.isMulticlass
    ? "A network without a [hidden layer] has one [unit] for each class. Each weighs its inputs and adds them up; " +
      "the class of the largest [sum] is the most probable. So the boundary between any two classes is always a " +
      "straight line. Training can only turn and shift these lines."
    : "A network without a [hidden layer] has a single [unit]: it weighs its inputs, adds them up, and turns the " +
      `sum into a probability, [P(y = 1)|${p}]. Its [boundary], where P = 0.5, is always a straight line. ` +
      `Training can only turn and shift it.${what}`;
  const look = desk.explorer({}, "boundaries");
  if (line === null) return missing(title, idea, "a network without a hidden layer", look);
  const score = scoreOf(line.row);
  const picture = await forming(desk, [line]);
  const choices = ["Up to 60%", "60% to 90%", "Over 90%"];
  /** @type {Question | null} */
  const question = score && {
    question: "How many of the [test points] will it get right in the end?",
    choices,
    measured: () => ({
      right: score.mean <= 0.6 ? 0 : score.mean <= 0.9 ? 1 : 2,
      words: [
        ...ofRunZero(line, desk),
        ...ofRuns(line),
        isCircle(desk) ? " No straight line has a disc on one side and all the rest on the other." : "",
      ],
    }),
  };
  return { title, idea, note: undrawn(desk, [line]), question, picture, look };
}

/** What a line can be, in the order of the choices; what comes after them is none of these.
 *  @type {import("./shape.js").Kind[]} */
const KINDS = ["straight", "open", "closed", "several", "none"];
const CHOICES = 3;

/** The position of a kind's choice; null where it has none.
 *  @param {import("./shape.js").Kind | undefined} kind */
function positionOf(kind) {
  const at = kind === undefined ? CHOICES : KINDS.indexOf(kind);
  return at < CHOICES ? at : null;
}

/** The picture of a network's last hidden layer, or of its training where the page cannot compute that.
 *  @param {Desk} desk @param {Model} model */
async function unitsOf(desk, model) {
  const reason = undrawn(desk, [model]);
  if (reason !== null) return { layer: null, picture: null, note: reason };
  await model.loadNetwork(desk.service, 0);
  const layer = lastLayer(desk, model);
  if (layer !== null) return { layer, picture: adding(desk, model, layer), note: null };
  const note = `${model.name}: ${model.askedBecause ?? "its units cannot be shown."} So you see it train instead.`;
  return { layer: null, picture: await forming(desk, [model]), note };
}

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function threeLines(desk) {
  const { few } = desk.cast;
  const inside = desk.explorer({}, "inside");
  const units = few?.hiddenLayers[0] ?? 3;
  const title = `${capital(inWords(units))} line${units === 1 ? "" : "s"}`;
  const isTanh = (few?.activations[0] ?? "tanh") === "tanh";
  const idea =
    `Now ${inWords(units)} [unit|units] stand between inputs and output, as a [hidden layer]. ` +
    (isTanh
      ? "Each draws a line of its own and gives +1 on one side, −1 on the other, with a smooth step between ([tanh]). "
      : "Each draws a line of its own, and passes on how far beyond it a point lies, bent by its [activation]. ") +
    `The output weighs all ${inWords(units)} and adds them up.`;
  if (few === null) return missing(title, idea, "a network with one hidden layer of a few units", inside);
  const look = desk.explorer({ inside: few.name }, "inside");
  const { layer, picture, note } = await unitsOf(desk, few);
  const other =
    units === 3 ? null : `The notebook’s network has three units here; this one, ${few.name}, has ${units}.`;
  /** @type {Question | null} */
  const question =
    few.quantity.isMulticlass || picture === null
    ? null
    : {
        question: `${capital(inWords(units))} of them, added up: what will the [boundary] be?`,
        choices: ["A straight line", "An open curve", "A closed curve"],
        measured: () => {
          const { kind, words } = shapeOf(desk.fields.of(few, desk.view())?.values ?? [], 0.5, ["class 0", "class 1"]);
          return {
            right: positionOf(kind),
            words: [
              kind === "none" ? `Run 0 has ${words}. ` : `The boundary of run 0 is ${words}. `,
              layer === null ? "" : `${deadOf(layer)} `,
              ...ofRunZero(few, desk),
              ...ofRuns(few),
              " It takes at least three lines to fence something in.",
            ],
          };
        },
      };
  return {
    title,
    idea,
    note: [note, other].filter((text) => text !== null).join(" ") || null,
    question,
    picture,
    look,
  };
}

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function tenLines(desk) {
  const { few, many } = desk.cast;
  const units = many?.hiddenLayers[0] ?? 10;
  const title = `${capital(inWords(units))} lines`;
  const [more, less] = [many?.card?.parameters, few?.card?.parameters];
  const counted = more && less ? ` The network has ${more} [parameters] now, instead of ${less}.` : "";
  const recipes = [few, many].map((model) => (model?.row ? recipe(model.row) : null));
  const isSame = recipes[0] !== null && recipes[0] === recipes[1];
  const idea =
    `${capital(inWords(units))} [unit|units] draw ${inWords(units)} lines. The more lines there are, the more often ` +
    "the [boundary] can turn, and the rounder it can be." +
    `${isSame ? " Nothing else has changed: the data and the recipe are the same." : ""}${counted}`;
  if (many === null) return missing(title, idea, "a network with one wider hidden layer", desk.explorer({}, "inside"));
  const look = desk.explorer({ inside: many.name }, "inside");
  const { layer, picture, note } = await unitsOf(desk, many);
  const question =
    few && fewerWrong(few, many, `With ${inWords(few.hiddenLayers[0])} lines,`, layer ? deadOf(layer) : "");
  return { title, idea, note, question, picture, look };
}

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function aSecondLayer(desk) {
  const { many, few, deep } = desk.cast;
  const title = "A second layer";
  const idea =
    "The [unit|units] of a second [hidden layer] do not see the point itself. They weigh what the first layer’s " +
    "units make of it, each with its line. So a second-layer unit is itself a network of the kind that you have " +
    "just seen, and the output adds up several of these.";
  if (deep === null) return missing(title, idea, "a network with two hidden layers", desk.explorer({}, "inside"));
  const look = desk.explorer({ inside: deep.name, unit: "2.1" }, "inside");
  const { layer, picture, note } = await unitsOf(desk, deep);
  const before = many ?? few;
  const words = before && pairOf(desk.catalogue.comparison, before.name, deep.name)?.words;
  const verdict = words ? ` The verdict: ${words}.` : "";
  if (layer === null) {
    return { title, idea, note, question: before && fewerWrong(before, deep, "With one layer,"), picture, look };
  }
  /** @type {Question} */
  const question = {
    question: "Where such a unit’s sum is 0, it changes sign. What will that line be for most of the units?",
    choices: ["A straight line again", "An open curve", "A closed curve"],
    measured: () => {
      const shapes = shapesOf(layer);
      const count = KINDS.map((kind) => shapes.get(kind)?.length ?? 0);
      const most = KINDS.filter((_, i) => count[i] === Math.max(...count));
      const lines = ["a straight line", "an open curve", "a closed curve", "several lines", "no line on this map"];
      const parts = count.flatMap((n, i) => (n > 0 ? [`${inWords(n)} ${n === 1 ? "draws" : "draw"} ${lines[i]}`] : []));
      return {
        right: positionOf(most.length === 1 ? most[0] : undefined),
        words: [
          `Of its ${inWords(layer.units.length)} units, ${listed(parts)}. ${deadOf(layer)}`,
          ...ofRuns(deep),
          verdict,
        ],
      };
    },
  };
  return { title, idea, note, question, picture, look };
}
