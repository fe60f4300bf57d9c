// Lists to choose from, and their labels.

import { h } from "./dom.js";

/** What the theme may be. */
export const THEMES = { auto: "system", light: "light", dark: "dark" };

/** @param {string} label @param {HTMLElement} control */
export function field(label, control) {
  return h("label", {}, h("span", {}, label), control);
}

/** @param {string} id @param {Record<string, string>} choices @param {(value: string) => void} onchosen */
export function select(id, choices, onchosen) {
  const element = h("select", { id, onchange: () => onchosen(element.value) });
  options(element, Object.entries(choices));
  return element;
}

/** Names as choices.
 *  @param {string[]} names
 *  @returns {[string, string][]} */
export const named = (names) => names.map((name) => [name, name]);

/** Offer these choices, without touching what is the same: the list may be open.
 *  @param {HTMLSelectElement} element @param {[string, string][]} choices values with their texts */
export function options(element, choices) {
  const wanted = JSON.stringify(choices);
  if (element.dataset.choices === wanted) return;
  element.dataset.choices = wanted;
  element.replaceChildren(...choices.map(([value, text]) => h("option", { value }, text)));
}
