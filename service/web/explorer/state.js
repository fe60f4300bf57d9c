// What the page shows, kept in its address, so that a view can be shared, reloaded and gone back to.

/** What is shown where the address says nothing; null is for what follows from the models: the last epoch, all of an
 *  experiment, the first test point. */
export const DEFAULTS = Object.freeze({
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
});

const WHOLE = new Set(["epoch", "run"]);
const REAL = new Set(["x", "y"]);
const SETTLED_MS = 250;

export class State {
  #values;
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

  /** Have a function called after each change. */
  subscribe(listener) {
    this.#listeners.push(listener);
  }

  /** Change some values. The address follows when they have settled: browsers refuse hundreds of changes a second. */
  set(changes) {
    this.#change({ ...this.#values, ...changes });
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => this.#write(), SETTLED_MS);
  }

  /** Change some values and go to a part of the page, as a step that the browser's Back undoes. */
  go(changes, target) {
    this.#write();
    history.pushState(null, "", `${addressOf({ ...this.#values, ...changes })}#${target}`);
    this.#change({ ...this.#values, ...changes });
    const place = document.getElementById(target);
    place.scrollIntoView();
    place.focus({ preventScroll: true }); // so that Tab goes on from there
  }

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

/** The page's address with these values, the usual ones left out. */
export function addressOf(values) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (values[name] !== usual && values[name] !== null) query.set(name, values[name]);
  }
  return location.pathname + (query.size ? `?${query}` : "");
}

function read(search) {
  const values = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(search)) {
    if (!(name in DEFAULTS)) continue;
    if (!WHOLE.has(name) && !REAL.has(name)) values[name] = text;
    else if (text.trim() !== "" && Number.isFinite(Number(text))) {
      values[name] = WHOLE.has(name) ? Math.max(0, Math.round(Number(text))) : Number(text);
    }
  }
  return values;
}
