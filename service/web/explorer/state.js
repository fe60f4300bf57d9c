// What the page shows, kept in its address, so that a view can be shared, reloaded and gone back to.

import { byId, reach } from "./dom.js";

/** What is shown where the address says nothing; null is for what follows from the models: the last epoch, all of an
 *  experiment, the first test point, the first features, held where they usually are. */
export const DEFAULTS = Object.freeze(
  /** @type {Values} */ ({
    experiment: null,
    epoch: null,
    run: 0,
    statistic: "probability",
    a: null,
    b: null,
    inside: null,
    unit: null,
    x: null,
    y: null,
    points: "all",
    colours: "orange-blue",
    theme: "auto",
    sort: null,
    score: null,
    rope: null,
    across: null,
    up: null,
    deep: null,
    hold: null,
    average: null,
    class: null,
    level: null,
    planes: null,
  }),
);

const WHOLE_NUMBERS = new Set(["epoch", "run"]);
const REAL_NUMBERS = new Set(["x", "y", "level", "rope"]);
const SETTLED_MS = 250;

export class State {
  #values;
  /** @type {((values: Values) => void)[]} */
  #listeners = [];
  #writing = 0;

  constructor() {
    this.#values = read(location.search);
    addEventListener("popstate", () => this.#change(read(location.search)));
    addEventListener("pagehide", () => this.#write());
  }

  get values() {
    return this.#values;
  }

  /** Have a function called after each change.
   *  @param {(values: Values) => void} listener */
  subscribe(listener) {
    this.#listeners.push(listener);
  }

  /** Change some values. The address follows when they have settled: browsers refuse hundreds of changes a second.
   *  @param {Partial<Values>} changes */
  set(changes) {
    this.#change({ ...this.#values, ...changes });
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => this.#write(), SETTLED_MS);
  }

  /** Change some values and go to a part of the page, as a step that the browser's Back undoes.
   *  @param {Partial<Values>} changes @param {string} target an element's id */
  go(changes, target) {
    this.#write();
    history.pushState(null, "", `${addressOf({ ...this.#values, ...changes })}#${target}`);
    this.#change({ ...this.#values, ...changes });
    const place = byId(target);
    reach(place);
    const summary = place.querySelector(":scope > summary"); // a part that opens cannot have the focus, its summary can
    (summary instanceof HTMLElement ? summary : place).focus({ preventScroll: true }); // so that Tab goes on from there
  }

  /** @param {Values} values */
  #change(values) {
    this.#values = values;
    for (const listener of this.#listeners) listener(values);
  }

  #write() {
    clearTimeout(this.#writing);
    const address = addressOf(this.#values);
    if (address !== location.pathname + location.search) history.replaceState(null, "", address + location.hash);
  }
}

/** The page's address with these values, the usual ones left out.
 *  @param {Values} values */
export function addressOf(values) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    const value = values[/** @type {keyof Values} */ (name)];
    if (value !== usual && value !== null) query.set(name, String(value));
  }
  return location.pathname + (query.size ? `?${query}` : "");
}

/** @param {string} search
 *  @returns {Values} */
function read(search) {
  /** @type {Record<string, unknown>} */
  const values = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(search)) {
    if (!(name in DEFAULTS)) continue;
    if (!WHOLE_NUMBERS.has(name) && !REAL_NUMBERS.has(name)) values[name] = text;
    else if (text.trim() !== "" && Number.isFinite(Number(text))) {
      values[name] = WHOLE_NUMBERS.has(name) ? Math.max(0, Math.round(Number(text))) : Number(text);
    }
  }
  return /** @type {Values} */ (/** @type {unknown} */ (values));
}
