// The page: loads what the service has, follows its changes, and draws what the address asks for.

import { load } from "./catalogue.js";
import { Content } from "./content.js";
import { Controls } from "./controls.js";
import { byId, reach } from "./dom.js";
import { bringKey, downloads } from "./downloads.js";
import { Service, ServiceError } from "./service.js";
import { State } from "./state.js";

const SLOW = "The service is slow to answer; waiting…";
const POLL_MS = 5000;
const FIRST_RETRY_MS = 500;

class Page {
  /** @type {Content | null} */
  #content = null;
  #isLoading = false;
  #isDrawn = true;
  #frame = 0;
  #news = "";
  /** @type {Set<string>} the ids of the sections in sight, which alone are drawn */
  #seen = new Set();
  #wake = () => {};

  constructor() {
    this.service = new Service(
      () => this.#say(SLOW),
      () => byId("status").textContent === SLOW && this.#say(this.#news),
    );
    this.state = new State();
    this.controls = new Controls(/** @type {HTMLFormElement} */ (byId("controls")), this.state);
    this.controls.isDrawn = () => this.#isDrawn;
    this.state.subscribe(() => this.update());
    byId("key").addEventListener("submit", (event) => {
      event.preventDefault();
      this.service.setKey(/** @type {HTMLInputElement} */ (byId("key-value")).value);
      this.#wake();
    });
    byId("downloads").append(
      ...downloads(() => {
        if (this.#content === null) throw new Error("there is nothing to download");
        return this.#content.shown();
      }),
    );
    bringKey(this.service, (error) => this.#explain(error));
    const watch = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) this.#seen[isIntersecting ? "add" : "delete"](target.id);
        this.update();
      },
      { rootMargin: "100px" },
    );
    for (const id of ["inside", "point"]) watch.observe(byId(id));
    new ResizeObserver(() => this.update()).observe(byId("panels"));
  }

  // --- The service is polled, so that a retrained model is shown once it is served. ---

  async follow() {
    for (let retry = FIRST_RETRY_MS; ;) {
      try {
        await this.#refresh();
        retry = FIRST_RETRY_MS;
        await this.#sleep(POLL_MS);
      } catch (error) {
        this.#explain(error);
        await this.#sleep(retry);
        retry = Math.min(2 * retry, POLL_MS);
      }
    }
  }

  async #refresh() {
    const before = this.#content?.catalogue ?? null;
    const { experiment, run } = this.state.values;
    const catalogue = await load(this.service, before, experiment, run);
    if (catalogue !== before) {
      this.#content = new Content(catalogue, this.service, this.state);
      if (before !== null) this.#news = newsOf(catalogue, before);
    }
    this.#lock(false);
    const isEmpty = catalogue.models.length === 0;
    this.#say(isEmpty ? "The service has no models yet. Train some: python -m training train" : this.#news);
    await this.#settle();
  }

  /** @param {unknown} error */
  #explain(error) {
    const message = error instanceof Error ? error.message : String(error);
    const status = error instanceof ServiceError ? error.status : null;
    if (status === 401) {
      this.#lock(true);
      this.#say(`An API key is needed: ${message}.`);
    } else if (status !== null && (status === 0 || status >= 500)) {
      const what = status === 0 ? "The service does not answer" : `The service is not ready: ${message}`;
      this.#say(`${what}; trying again…${this.#content === null ? "" : " This page shows its last answers."}`);
    } else {
      console.error(error);
      this.#say(`Something is wrong: ${message}`);
    }
  }

  /** Ask for a key, or not; without one the links to data lead nowhere.
   *  @param {boolean} isLocked */
  #lock(isLocked) {
    const catalogue = this.#content?.catalogue;
    byId("key").hidden = !isLocked;
    byId("comparison-csv").hidden = isLocked || catalogue?.comparison === null;
    byId("dataset-csv").hidden = isLocked || catalogue?.dataset === null;
  }

  /** @param {string} text */
  #say(text) {
    if (byId("status").textContent !== text) byId("status").textContent = text;
  }

  /** Wait, at least until the page is visible: a hidden page asks nothing.
   *  @param {number} milliseconds
   *  @returns {Promise<void>} */
  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const wake = () => {
        if (document.hidden) return;
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      document.addEventListener("visibilitychange", wake);
      this.#wake = wake;
    });
  }

  // --- What is loaded is drawn in the next frame; else it is loaded first, one view at a time, the newest next. ---

  update() {
    document.documentElement.dataset.theme = this.state.values.theme;
    if (this.#content === null) return;
    this.#isDrawn = false;
    this.controls.show(this.#content.catalogue, { ...this.#content.view, epoch: this.state.values.epoch });
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#settle().catch((error) => this.#explain(error));
      });
    }
  }

  async #settle() {
    if (this.#content === null) return;
    const { catalogue } = this.#content;
    const { experiment } = this.state.values;
    if (experiment !== null && experiment !== catalogue.experiment && catalogue.experiments.includes(experiment)) {
      this.#wake();
      return;
    }
    while (!this.#draw(this.#content)) {
      if (this.#isLoading) return; // it draws when it is done
      this.#isLoading = true;
      byId("panels").setAttribute("aria-busy", "true");
      try {
        await this.#content.load(this.#content.view, this.#seen);
      } finally {
        this.#isLoading = false;
        byId("panels").removeAttribute("aria-busy");
      }
    }
  }

  /** @param {Content} content */
  #draw(content) {
    if (!content.draw(content.view, this.#seen)) return false;
    this.#isDrawn = true;
    this.#reveal();
    return true;
  }

  /** Show the page's body with the first view in it, so that nothing moves while it comes together. */
  #reveal() {
    const main = document.querySelector("main");
    if (main === null || !main.hidden) return;
    main.hidden = false;
    reach(document.getElementById(location.hash.slice(1)));
    this.update(); // now that it has a size
  }
}

/** Which models are newer than before, in words.
 *  @param {Catalogue} catalogue @param {Catalogue} before */
function newsOf(catalogue, before) {
  const newer = catalogue.models.filter(({ name, version }) => version !== before.model(name)?.version);
  return newer.length > 0 ? `New: ${newer.map(({ name, version }) => `${name} version ${version}`).join(", ")}.` : "";
}

new Page().follow();
