// Elements, and how numbers are written.

/** @typedef {Node | string | null | undefined} Child */
/** @typedef {Record<string, unknown>} Attributes */

/** Make an element: `on…` are listeners, true and false are attributes that are there or not, children may be text.
 *  @template {keyof HTMLElementTagNameMap} T
 *  @param {T} tag @param {Attributes} attributes @param {(Child | Child[])[]} children */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG.
 *  @template {keyof SVGElementTagNameMap} T
 *  @param {T} tag @param {Attributes} attributes @param {(Child | Child[])[]} children */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** @template {Element} T
 *  @param {T} element @param {Attributes} attributes @param {(Child | Child[])[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A number with its exact value beside it, for programs: `<data value="0.9366666">0.937</data>`.
 *  @param {number} value */
export function number(value, digits = 3, attributes = {}) {
  return h("data", { value: String(value), ...attributes }, fixed(value, digits));
}

/** A number with so many digits, and a real minus sign.
 *  @param {number} value */
export function fixed(value, digits = 3) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** The same, always with its sign.
 *  @param {number} value */
export function signed(value, digits = 3) {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** How many digits after the point tell apart some ten steps over an interval.
 *  @param {Interval} interval */
export const decimals = ([low, high]) => Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(2 * (high - low) || 1))));

/** A number of those that an interval spans, with as many digits as tell a hundredth of it, or so.
 *  @param {number} value @param {Interval} span */
export const within = (value, span, more = 0) => fixed(value, decimals(span) + more);

/** @param {Interval} interval */
export const interval = ([low, high], digits = 3) => `[${fixed(low, digits)}, ${fixed(high, digits)}]`;

/** `1 point`, `2 points`.
 *  @param {number} n @param {string} noun */
export const counted = (n, noun, plural = "s") => `${n} ${noun}${n === 1 ? "" : plural}`;

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** A small number as a word.
 *  @param {number} n */
export const inWords = (n) => NUMBERS[n] ?? String(n);

/** `a`, `a and b`, `a, b and c`.
 *  @param {string[]} parts */
export function listed(parts) {
  const last = parts[parts.length - 1];
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`;
}

/** When in a training something is: `before training`, `after epoch 66`, or `after epoch 66 of 500`.
 *  @param {number} epoch @param {number} [last] */
export const epochText = (epoch, last) =>
  epoch === 0 ? "before training" : `after epoch ${epoch}${last === undefined ? "" : ` of ${last}`}`;

/** A text in which no line breaks within a name with hyphens, within an interval, or within `p < 0.001`.
 *  @param {string} text
 *  @returns {Child[]} */
export const nonBreaking = (text) =>
  text
    .split(/(\[[^\]]*\][,;.)]*|\S*\w-\w\S*|\(?\w+ [<=] [\d.−-]+\S*)/)
    .map((part, i) => (i % 2 === 1 ? h("span", { class: "non-breaking" }, part) : part));

/** Show such a text, unless it is shown already.
 *  @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.replaceChildren(...nonBreaking(text).map((part) => part ?? ""));
}

/** What went wrong, in words; the page's own faults are in the console, too.
 *  @param {unknown} error */
export function messageOf(error) {
  console.error(error);
  return error instanceof Error ? error.message : String(error);
}

/** Go to a part of the page; one that is closed is opened.
 *  @param {HTMLElement | null} place */
export function reach(place) {
  if (place instanceof HTMLDetailsElement) place.open = true;
  place?.scrollIntoView();
}

/** The page's element of an id.
 *  @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`there is no element ${id}`);
  return element;
}
