// The page: loads what the service has, follows its changes, and draws what the address asks for.

import { load } from "./catalogue.js";
import { Content } from "./content.js";
import { Controls } from "./controls.js";
import { byId, messageOf, reach } from "./dom.js";
import { downloads } from "./downloads.js";
import { FEW_NODES, FEWEST_NODES, NODES } from "./fields.js";
import { Follower } from "./follow.js";
import { bringKey } from "./saving.js";
import { copyLink, printed } from "./sharing.js";
import { addressOf, State } from "./state.js";
import { arrive } from "./whereabouts.js";

/** While the epoch moves, words are written so seldom, in milliseconds: they are read where it rests. */
const WORDS_MS = 250;

/** Nor do they take more than such a part of the time; laying them out takes twice as much. */
const WORDS_SHARE = 0.05;

/** Pixels at the top that lie behind the controls. */
const CONTROLS_HEIGHT = 100;

/** It rests where it has not moved for so long. */
const REST_MS = 120;

/** Frames that keep the page's thread for longer than the one are drawn more roughly, for less than the other less: 30
 *  a second are to be seen. */
const SLOW_MS = 24;
const QUICK_MS = 10;

class Page {
  /** @type {Content | null} */
  #content = null;
  #isLoading = false;
  #isDrawn = true;
  #frame = 0;
  /** What was last drawn in full, all but the epoch, until when that is enough, and the epoch that was last drawn. */
  #drawn = { key: "", until: 0, epoch: /** @type {number | null} */ (null) };
  /** Nodes an axis of the maps while the epoch moves, and how long frames of them have taken. */
  #nodes = FEW_NODES;
  #took = QUICK_MS;
  /** The timer that runs while the epoch moves; 0 where it rests. */
  #resting = 0;
  /** @type {Set<string>} the ids of the sections and maps in sight, which alone are drawn while the epoch moves */
  #seen = new Set();
  /** @type {Set<string>} of those soon in sight, too: which sections are drawn at all */
  #near = new Set();

  main = /** @type {HTMLElement} */ (document.querySelector("main"));

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
    /** @param {Set<string>} ids @param {string} rootMargin */
    const watch = (ids, rootMargin) =>
      new IntersectionObserver(
        (entries) => {
          for (const { target, isIntersecting } of entries) ids[isIntersecting ? "add" : "delete"](target.id);
          this.update();
        },
        { rootMargin },
      );
    this.watches = [watch(this.#seen, `-${CONTROLS_HEIGHT}px 0px 0px`), watch(this.#near, "100px")];
    new ResizeObserver(() => this.update()).observe(byId("panels"));
  }

  /** Load what the service has by now: so a retrained model is shown once it is served. */
  async #refresh() {
    const { service } = this.follower;
    const before = this.#content?.catalogue ?? null;
    const { experiment, run } = this.state.values;
    const catalogue = await load(service, before, experiment, run);
    if (catalogue !== before) {
      this.#content = new Content(catalogue, service, this.state, (error) => this.#lack(error));
      this.#drawn.key = "";
      for (const ids of [this.#seen, this.#near]) ids.clear();
      for (const watch of this.watches) {
        watch.disconnect();
        for (const part of [byId("inside"), byId("point"), ...byId("panels").children]) watch.observe(part);
      }
      if (before?.experiment === catalogue.experiment) this.follower.news = newsOf(catalogue, before);
    }
    this.follower.lock(false);
    const isEmpty = catalogue.models.length === 0;
    if (isEmpty) this.follower.say("The service has no models yet. Train some: python -m training train");
    else this.follower.say(this.follower.news);
    await this.#settle();
  }

  /** Say that a part of the page cannot be had, as long as there is nothing newer to say.
   *  @param {unknown} error */
  #lack(error) {
    this.follower.news = `A part of this page did not load: reload it. ${messageOf(error)}`;
    this.follower.say(this.follower.news);
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
    const { theme } = this.state.values;
    if (document.documentElement.dataset.theme !== theme) document.documentElement.dataset.theme = theme;
    if (this.#content === null) return;
    this.#isDrawn = false;
    if (this.#key === this.#drawn.key) this.controls.showEpoch(this.state.values.epoch);
    else this.#showControls(this.#content);
    this.#draws();
  }

  /** All that is shown but the epoch. */
  get #key() {
    return JSON.stringify({ ...this.state.values, epoch: null });
  }

  /** Have the next frame drawn. */
  #draws() {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#settle().catch((error) => this.follower.explain(error));
      });
    }
  }

  /** @param {Content} content */
  #showControls({ catalogue, view }) {
    this.controls.show(catalogue, { ...view, epoch: this.state.values.epoch });
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
      byId("panels").classList.add("loading");
      try {
        await this.#content.load(this.#content.view, this.#near);
      } finally {
        this.#isLoading = false;
        byId("panels").removeAttribute("aria-busy");
        byId("panels").classList.remove("loading");
      }
    }
  }

  /** @param {Content} content */
  #draw(content) {
    const key = this.#key;
    const isFirst = !content.isComplete && location.hash === "";
    const began = performance.now();
    const { view } = content;
    const isMoving = key === this.#drawn.key && (view.epoch !== this.#drawn.epoch || this.#resting !== 0);
    const isFollowing = isMoving && began < this.#drawn.until;
    const nodes = isMoving ? this.#nodes : isFirst ? FEW_NODES : NODES;
    const isDrawn = isFollowing
      ? content.follow(view, this.#seen, nodes)
      : content.draw(view, this.#near, nodes, isFirst);
    if (!isDrawn) return false;
    this.#isDrawn = true;
    this.#reveal(content);
    this.#drawn.epoch = view.epoch;
    clearTimeout(this.#resting);
    this.#resting = 0;
    if (isFirst || isMoving) byId("panels").setAttribute("aria-busy", "true");
    else byId("panels").removeAttribute("aria-busy");
    if (!isFollowing && !isFirst) {
      const now = performance.now();
      this.#drawn.key = key;
      this.#drawn.until = now + Math.max(WORDS_MS, (now - began) / WORDS_SHARE);
    }
    // Once it is seen, and has a size.
    if (isFirst) requestAnimationFrame(() => setTimeout(() => content.complete().then(() => this.#draws())));
    if (isFollowing) setTimeout(() => this.#adapt(performance.now() - began)); // once the browser has painted it
    if (isMoving) {
      this.#resting = setTimeout(() => {
        this.#resting = 0;
        this.#drawn.key = "";
        this.#draws();
      }, REST_MS);
    }
    return true;
  }

  /** Draw as roughly as frames take long.
   *  @param {number} took */
  #adapt(took) {
    this.#took += (took - this.#took) / 4;
    if (this.#took > SLOW_MS) this.#nodes = FEWEST_NODES;
    else if (this.#took < QUICK_MS) this.#nodes = FEW_NODES;
  }

  /** Show the page's body with the first view in it, so that nothing moves while it comes together.
   *  @param {Content} content */
  #reveal(content) {
    if (!this.main.hidden) return;
    this.#showControls(content);
    this.main.hidden = false;
    reach(document.getElementById(location.hash.slice(1)));
    arrive();
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
