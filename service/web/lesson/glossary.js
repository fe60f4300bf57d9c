// The words that the lesson explains, in one list. Each is underlined with dots in the text, and shows its definition
// under the pointer, with the focus, or when it is tapped.

import { h } from "../explorer/dom.js";

/** @type {Readonly<Record<string, string>>} */
const TERMS = Object.freeze({
  "P(y = 1)":
    "The probability, from 0 to 1, that the network gives for a point being of the second of two classes. That is " +
    "class 1, where the classes have no names.",
  boundary:
    "Where the network changes its mind: the points at which two classes are equally probable, and no other is more " +
    "so. With two classes, P is 0.5 there.",
  unit: "The smallest part of a network. It weighs its inputs, adds them up, and puts the sum through its activation.",
  "hidden layer": "Units between the inputs and the output. Each takes in everything that the layer before puts out.",
  sum:
    "What a unit makes of its inputs: each times its weight, and a constant, added up. With two classes, P is 0.5 " +
    "where the output’s sum is 0; with more, each has a sum, and the class of the largest is the most probable.",
  weight: "A number by which a unit multiplies one of its inputs. Training is the search for good weights.",
  parameters: "All the numbers that training sets: the weights, and one constant for each unit.",
  activation: "The function that turns a unit’s sum into what it passes on.",
  tanh: "An activation: a smooth step from −1 to +1.",
  relu: "An activation: it passes a positive sum on as it is, and gives 0 for a negative one.",
  epoch: "One pass of the training through all of its points.",
  replicate:
    "One training run of a network. Each has its own first weights and its own order of the points, and either " +
    "points of its own or its own split of the same ones.",
  "run 0": "The first training run of a network: the one that is drawn, and that answers for the network.",
  "test points": "Points that are kept apart while the network is trained, to see how it does on what it has not seen.",
  accuracy: "The share of the test points that the network puts into the right class: 0.9 is nine of ten.",
  "exact accuracy":
    "The accuracy over all points that there could be, computed from the true boundary instead of test points.",
  interval:
    "A 95% interval: where the mean of very many runs is likely to lie. For 19 of 20 such intervals, that is so.",
  points: "Of accuracy: hundredths. From 0.95 to 0.96 is one point.",
});

/** How long a definition stays after the pointer has left, so that it can be reached. */
const LINGER_MS = 200;
const GAP = 6;

/** @type {Map<string, HTMLElement>} */
const shown = new Map();
let leaving = 0;

/** A word of the list in a sentence, written as it is there or otherwise.
 *  @param {string} key @param {string} text */
export function term(key, text = key) {
  const definition = definitionOf(key);
  const show = () => reveal(definition, button);
  const button = h(
    "button",
    {
      type: "button",
      class: "term",
      "aria-describedby": definition.id,
      "data-term": key,
      onclick: show,
      onfocus: show,
      onblur: () => definition.hidePopover(),
      onpointerenter: (/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && show(),
      onpointerleave: (/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && leave(definition),
    },
    text,
  );
  return button;
}

/** @param {string} key */
function definitionOf(key) {
  const known = shown.get(key);
  if (known !== undefined) return known;
  const element = h(
    "div",
    {
      id: `term-${key.replaceAll(/\W+/g, "-")}`,
      class: "definition",
      popover: "auto",
      onpointerenter: () => clearTimeout(leaving),
      onpointerleave: () => leave(element),
    },
    TERMS[key],
  );
  document.body.append(element);
  shown.set(key, element);
  return element;
}

/** @param {HTMLElement} definition @param {HTMLElement} word */
function reveal(definition, word) {
  clearTimeout(leaving);
  if (!definition.matches(":popover-open")) definition.showPopover();
  const [box, own] = [word.getBoundingClientRect(), definition.getBoundingClientRect()];
  const left = Math.min(Math.max(GAP, box.left), innerWidth - own.width - GAP);
  const isBelow = box.bottom + GAP + own.height < innerHeight;
  const top = isBelow ? box.bottom + GAP : Math.max(GAP, box.top - GAP - own.height);
  [definition.style.left, definition.style.top] = [`${left}px`, `${top}px`];
}

/** @param {HTMLElement} definition */
function leave(definition) {
  clearTimeout(leaving);
  leaving = setTimeout(() => definition.hidePopover(), LINGER_MS);
}

/** A text in which `[key]` and `[key|as it is written]` are such words.
 *  @param {string} text */
export const withTerms = (text) =>
  text.split(/(\(?\[[^\]]+\][.,;:?)]*)/).map((part, i) => {
    if (i % 2 === 0) return part;
    const [from, to] = [part.indexOf("["), part.lastIndexOf("]")];
    const [key, written = key] = part.slice(from + 1, to).split("|");
    const [before, after] = [part.slice(0, from), part.slice(to + 1)]; // these stay on the word's line
    const word = term(key, written);
    return before + after === "" ? word : h("span", { class: "non-breaking" }, before, word, after);
  });

/** The definitions of the words that an element has, for paper.
 *  @param {ParentNode} element */
export function printed(element) {
  const words = [...element.querySelectorAll(".term")].map(
    (one) => /** @type {HTMLElement} */ (one).dataset.term ?? "",
  );
  return h(
    "dl",
    {},
    [...new Set(words)].map((key) => h("div", {}, h("dt", {}, key), h("dd", {}, TERMS[key]))),
  );
}
