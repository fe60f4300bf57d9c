// The page: loads what the service has, follows its changes, and draws what the address asks for.

import { load } from "./catalogue.js";
import { Content } from "./content.js";
import { Controls } from "./controls.js";
import { byId, reach } from "./dom.js";
import { downloads } from "./downloads.js";
import { Follower } from "./follow.js";
import { bringKey } from "./saving.js";
import { copyLink, printed } from "./sharing.js";
import { addressOf, State } from "./state.js";
import { arrive } from "./whereabouts.js";

class Page {
  /** @type {Content | null} */
  #content = null;
  #isLoading = false;
  #isDrawn = true;
  #frame = 0;
  /** @type {Set<string>} the ids of the sections in sight, which alone are drawn */
  #seen = new Set();

  constructor() {
    this.follower = new Follower(
      () => this.#refresh(),
      () => this.#content !== null,
      (isLocked) => this.#lock(isLocked),
    );
    this.state = new State();
    const address = () => location.origin + addressOf(this.state.values);
    const form = /** @type {HTMLFormElement} */ (byId("controls"));
    this.controls = new Controls(form, this.state, copyLink(address));
    printed(() => `${this.#content?.title ?? ""}: ${address()}`);
    this.controls.isDrawn = () => this.#isDrawn;
    this.state.subscribe(() => this.update());
    byId("downloads").append(
      ...downloads(() => {
        if (this.#content === null) throw new Error("there is nothing to download");
        return this.#content.shown();
      }),
    );
    bringKey(this.follower.service, (error) => this.follower.explain(error));
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

  /** Load what the service has by now: so a retrained model is shown once it is served. */
  async #refresh() {
    const { service } = this.follower;
    const before = this.#content?.catalogue ?? null;
    const { experiment, run } = this.state.values;
    const catalogue = await load(service, before, experiment, run);
    if (catalogue !== before) {
      this.#content = new Content(catalogue, service, this.state);
      if (before !== null) this.follower.news = newsOf(catalogue, before);
    }
    this.follower.lock(false);
    const isEmpty = catalogue.models.length === 0;
    if (isEmpty) this.follower.say("The service has no models yet. Train some: python -m training train");
    else this.follower.say(this.follower.news);
    await this.#settle();
  }

  /** Without a key the links to data lead nowhere.
   *  @param {boolean} isLocked */
  #lock(isLocked) {
    const catalogue = this.#content?.catalogue;
    byId("comparison-csv").hidden = isLocked || catalogue?.comparison === null;
    byId("dataset-csv").hidden = isLocked || catalogue?.dataset === null;
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
        this.#settle().catch((error) => this.follower.explain(error));
      });
    }
  }

  async #settle() {
    if (this.#content === null) return;
    const { catalogue } = this.#content;
    const { experiment } = this.state.values;
    if (experiment !== null && experiment !== catalogue.experiment && catalogue.experiments.includes(experiment)) {
      this.follower.wake();
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
    arrive();
    this.update(); // now that it has a size
  }
}

/** Which models are newer than before, in words.
 *  @param {Catalogue} catalogue @param {Catalogue} before */
function newsOf(catalogue, before) {
  const newer = catalogue.models.filter(({ name, version }) => version !== before.model(name)?.version);
  return newer.length > 0 ? `New: ${newer.map(({ name, version }) => `${name} version ${version}`).join(", ")}.` : "";
}

const page = new Page();
byId("unloaded").remove();
page.follower.follow();
