// What a page shows, kept in its address, so that a view can be shared, reloaded and gone back to.

import { byId, reach } from "./dom.js";

const SETTLED_MS = 250;

/** @template {Record<string, any>} V what a page shows, by the names in its address */
export class Address {
  #values;
  /** @type {((values: V) => void)[]} */
  #listeners = [];
  #writing = 0;

  /** @param {V} defaults what is shown where the address says nothing
   *  @param {Set<string>} whole the names of whole numbers @param {Set<string>} real those of other numbers */
  constructor(defaults, whole, real) {
    this.defaults = defaults;
    const read = () => valuesIn(location.search, defaults, whole, real);
    this.#values = read();
    addEventListener("popstate", () => this.#change(read()));
    addEventListener("pagehide", () => this.#write());
  }

  get values() {
    return this.#values;
  }

  /** Have a function called after each change.
   *  @param {(values: V) => void} listener */
  subscribe(listener) {
    this.#listeners.push(listener);
  }

  /** Change some values. The address follows when they have settled: browsers refuse hundreds of changes a second.
   *  @param {Partial<V>} changes */
  set(changes) {
    this.#change({ ...this.#values, ...changes });
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => this.#write(), SETTLED_MS);
  }

  /** Change some values and go to a part of the page, as a step that the browser's Back undoes.
   *  @param {Partial<V>} changes @param {string} target an element's id */
  go(changes, target) {
    this.#write();
    history.pushState(null, "", `${addressOf({ ...this.#values, ...changes }, this.defaults)}#${target}`);
    this.#change({ ...this.#values, ...changes });
    const place = byId(target);
    reach(place);
    const summary = place.querySelector(":scope > summary"); // a part that opens cannot have the focus, its summary can
    (summary instanceof HTMLElement ? summary : place).focus({ preventScroll: true }); // so that Tab goes on from there
  }

  /** @param {V} values */
  #change(values) {
    this.#values = values;
    for (const listener of this.#listeners) listener(values);
  }

  #write() {
    clearTimeout(this.#writing);
    const address = addressOf(this.#values, this.defaults);
    if (address !== location.pathname + location.search) history.replaceState(null, "", address + location.hash);
  }
}

/** How the page is arranged: what the address says of that is neither changed nor lost here. */
const ARRANGEMENT = ["only", "controls", "view"];

/** The page's address with these values, the usual ones left out.
 *  @template {Record<string, any>} V
 *  @param {V} values @param {V} defaults */
export function addressOf(values, defaults) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(defaults)) {
    const value = values[name];
    if (value !== usual && value !== null) query.set(name, String(value));
  }
  const asked = new URLSearchParams(location.search);
  for (const name of ARRANGEMENT) if (asked.has(name)) query.set(name, asked.get(name) ?? "");
  return location.pathname + (query.size ? `?${query}` : "");
}

/** @template {Record<string, any>} V
 *  @param {string} search @param {V} defaults @param {Set<string>} whole @param {Set<string>} real
 *  @returns {V} */
function valuesIn(search, defaults, whole, real) {
  /** @type {Record<string, unknown>} */
  const values = { ...defaults };
  for (const [name, text] of new URLSearchParams(search)) {
    if (!(name in defaults)) continue;
    if (!whole.has(name) && !real.has(name)) values[name] = text;
    else if (text.trim() !== "" && Number.isFinite(Number(text))) {
      values[name] = whole.has(name) ? Math.max(0, Math.round(Number(text))) : Number(text);
    }
  }
  return /** @type {V} */ (values);
}
