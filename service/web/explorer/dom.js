// Elements, and how numbers are written.

/** Make an element: `on…` are listeners, true and false are attributes that are there or not, children may be text. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A number with its exact value beside it, for programs: `<data value="0.9366666">0.937</data>`. */
export function number(value, digits = 3, attributes = {}) {
  return h("data", { value: String(value), ...attributes }, fixed(value, digits));
}

/** A number with so many digits, and a real minus sign. */
export function fixed(value, digits = 3) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** The same with its sign always. */
export function signed(value, digits = 3) {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export const interval = ([low, high], digits = 3) => `[${fixed(low, digits)}, ${fixed(high, digits)}]`;

/** `1 point`, `2 points`. */
export const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** A text whose names with hyphens and whose intervals stay whole where its lines break. */
export const whole = (text) =>
  text.split(/(\[[^\]]*\]|\S*\w-\w\S*)/).map((part, i) => (i % 2 === 1 ? h("span", { class: "whole" }, part) : part));

/** Say such a text, unless it is said already. */
export function say(element, text) {
  if (element.textContent !== text) element.replaceChildren(...whole(text));
}

/** The elements with an id, by that id. */
export const byId = (id) => document.getElementById(id);
