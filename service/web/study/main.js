// A study's page: loads what the service has of it, follows it while it runs, and draws what the address asks for.

import { byId, reach } from "../explorer/dom.js";
import { Follower } from "../explorer/follow.js";
import { bringKey } from "../explorer/saving.js";
import { isRefusal, ServiceError } from "../explorer/service.js";
import { copyLink, printed } from "../explorer/sharing.js";
import { arrive } from "../explorer/whereabouts.js";
import { describe, runningText } from "./about.js";
import { Choices } from "./choices.js";
import { drawClaims } from "./claims.js";
import { Detail } from "./detail.js";
import { Grid } from "./grid.js";
import { Heat } from "./heat.js";
import { drawLegend } from "./legend.js";
import { Maps } from "./maps.js";
import { drawProfile, NARROW_SCREEN } from "./profile.js";
import { addressOf, State } from "./state.js";
import { runsOf, Study, summariesOf, upTo } from "./study.js";
import { viewOf } from "./view.js";

/** What is drawn: the study, its summaries in the view, their colours and its boundaries, if it keeps any.
 *  @typedef {{study: Study, summaries: Map<string, CellSummary>, heat: Heat, maps: Maps | null,
 *  mapsKey: string}} Shown */

const NAME = decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
const POLL_MS = 5000;

/** How long a pointer rests on a cell before its runs are asked for. */
const REST_MS = 120;

/** At most this share of the time is spent on asking a study that runs. */
const MAX_POLL_SHARE = 0.1;

class Page {
  /** @type {Study | null} */
  #study = null;
  /** @type {Maps | null} */
  #maps = null;
  #mapsKey = "";
  #asked = "";
  /** @type {string | null} */
  #etag = null;
  /** @type {Map<string, ReturnType<typeof summariesOf>>} by measure, and whether of all epochs */
  #summaries = new Map();
  /** @type {Set<string>} */
  #asking = new Set();
  /** @type {Map<string, import("./study.js").Runs>} by cell and what it has */
  #runs = new Map();
  /** @type {StudyCell | null} the one under the pointer, or with the focus */
  #looked = null;
  #resting = 0;
  #frame = 0;
  #looking = 0;
  /** @type {{view: import("./view.js").StudyView, shown: Shown, table: object} | null} what is drawn */
  #drawn = null;

  constructor() {
    this.follower = new Follower(
      () => this.#refresh(),
      () => this.#study !== null,
      (isLocked) => (byId("data").hidden = isLocked),
    );
    this.state = new State();
    const address = () => location.origin + addressOf(this.state.values);
    this.choices = new Choices(byId("controls"), this.state, copyLink(address));
    printed(address);
    this.detail = new Detail(byId("cell"));
    this.grid = new Grid(byId("grid"), {
      onlook: (cell) => this.#look(cell),
      onleave: () => this.#leave(),
      onchoose: (cell) => this.state.set({ cell: this.state.values.cell === cell.name ? null : cell.name }),
    });
    this.state.subscribe(() => this.update());
    NARROW_SCREEN.addEventListener("change", () => this.update());
    bringKey(this.follower.service, (error) => this.follower.explain(error));
    document.title = NAME;
    byId("title").textContent = NAME;
    for (const format of ["csv", "parquet"]) {
      byId(format).setAttribute("href", `${NAME}?format=${format}`);
      byId(format).setAttribute("download", `${NAME}.${format}`);
    }
  }

  // --- What the service has ---

  async #refresh() {
    const { metric } = this.state.values;
    const path = this.#path({ group: "cell", ...(metric === null ? {} : { metric }) });
    const began = performance.now();
    const news = await this.#news(path);
    if (news === undefined) return;
    this.follower.lock(false);
    if (news !== null) {
      [this.#asked, this.#etag] = [path, news.etag];
      this.#study = new Study(news.document);
      if (this.#study.maps.length > 0) this.#maps ??= new Maps(null, this.#study);
      this.#summaries = new Map([[news.document.metric, summariesOf(news.document)]]);
      describe(this.#study);
      this.follower.news = this.#study.isRunning ? runningText(this.#study) : "";
      this.update();
      await this.#loadMaps(this.#study);
      this.follower.pause = Math.max(POLL_MS, (performance.now() - began) / MAX_POLL_SHARE);
    }
    this.follower.say(this.follower.news);
  }

  /** What the study's path answers with; null where that is not new, undefined where it is refused, which is said.
   *  @param {string} path
   *  @returns {Promise<{document: any, etag: string | null} | null | undefined>} */
  async #news(path) {
    try {
      return await this.follower.service.news(path, path === this.#asked ? this.#etag : null);
    } catch (error) {
      if (!isRefusal(error) || !(error instanceof ServiceError)) throw error;
      this.follower.lock(false);
      if (error.status === 422 && this.state.values.metric !== null) {
        this.state.set({ metric: null }); // an address may ask for what was never measured
        return this.#news(this.#path({ group: "cell" }));
      }
      this.follower.say(`There is nothing to show: ${error.message}`);
      return undefined;
    }
  }

  /** @param {Study} study */
  async #loadMaps(study) {
    const key = study.mapsKey;
    if (study.maps.length === 0 || key === this.#mapsKey) {
      if (this.#maps !== null) this.#maps.study = study;
      return;
    }
    const buffer = await this.follower.service.array(`${NAME}/boundaries?format=npy`);
    [this.#maps, this.#mapsKey] = [new Maps(buffer, study), key];
    this.update();
  }

  /** @param {Record<string, string>} query */
  #path(query) {
    return `${NAME}?${new URLSearchParams({ format: "json", ...query })}`;
  }

  // --- What is loaded is drawn in the next frame; what a view needs besides is asked for once ---

  update() {
    document.documentElement.dataset.theme = this.state.values.theme;
    if (this.#study === null || this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#study !== null) this.#draw(this.#study);
    });
  }

  /** @param {Study} study */
  #draw(study) {
    const view = viewOf(study, this.state.values);
    this.choices.draw(study, view);
    const table = this.#summariesFor(view);
    if (table === null) return;
    const shown = this.#shownIn(study, view, table);
    this.#drawn = { view, shown, table };
    const drawn = view.epoch === null ? view : { ...view, show: "measured" }; // boundaries are kept of the end alone
    this.grid.draw(drawn, shown);
    drawLegend(byId("legend"), view, shown);
    drawClaims(byId("claim-list"), study, view, this.state);
    this.#drawCell(view, shown);
    this.#reveal();
  }

  /** What is drawn in a view; the same again, as long as nothing of it has changed.
   *  @param {Study} study @param {import("./view.js").StudyView} view @param {ReturnType<typeof summariesOf>} table
   *  @returns {Shown} */
  #shownIn(study, view, table) {
    const [maps, mapsKey, before] = [this.#maps, this.#mapsKey, this.#drawn];
    const isSame = before?.table === table && before.view.epoch === view.epoch && before.view.metric === view.metric;
    if (isSame && before.shown.study === study && before.shown.mapsKey === mapsKey) return before.shown;
    /** @type {Map<string, CellSummary>} */
    const summaries = new Map();
    for (const [digest, all] of table) {
      const found = upTo(all, view.epoch);
      if (found !== null) summaries.set(digest, found.summary);
    }
    const means = [...table.values()].flatMap((all) => all.map(({ summary }) => summary.mean ?? NaN));
    return { study, summaries, heat: new Heat(view.metric, means), maps, mapsKey };
  }

  /** The summaries of a view's measure, if they are there; else they are asked for.
   *  @param {import("./view.js").StudyView} view */
  #summariesFor({ metric, epoch }) {
    const key = epoch === null ? metric : `${metric} by epoch`;
    const known = this.#summaries.get(key);
    if (known === undefined && !this.#asking.has(key)) {
      this.#asking.add(key);
      byId("grid").setAttribute("aria-busy", "true");
      this.#ask({ group: epoch === null ? "cell" : "cell,epoch", metric })
        .then((table) => {
          if (table !== null) this.#summaries.set(key, summariesOf(table));
          this.update();
        })
        .finally(() => {
          this.#asking.delete(key);
          byId("grid").removeAttribute("aria-busy");
        });
    }
    return known ?? null;
  }

  /** @param {Record<string, string>} query
   *  @returns {Promise<StudyTable | null>} null where it is not to be had, which is said */
  async #ask(query) {
    try {
      return await this.follower.service.json(this.#path({ ...query, study: "false" }));
    } catch (error) {
      if (isRefusal(error)) this.follower.say(`The service refuses: ${error instanceof Error ? error.message : error}`);
      else this.follower.explain(error);
      return null;
    }
  }

  // --- One cell ---

  /** @param {StudyCell} cell */
  #look(cell) {
    if (this.#looked === cell) return;
    this.#looked = cell;
    this.#redrawCell();
  }

  #leave() {
    if (this.state.values.cell === null) return; // what was looked at last stays
    this.#looked = null;
    this.#redrawCell();
  }

  /** Another cell is told: the table stays as it is. */
  #redrawCell() {
    cancelAnimationFrame(this.#looking);
    this.#looking = requestAnimationFrame(() => {
      if (this.#drawn !== null) this.#drawCell(this.#drawn.view, this.#drawn.shown);
    });
  }

  /** @param {import("./view.js").StudyView} view @param {Shown} shown */
  #drawCell(view, shown) {
    const all = view.grid.flat().filter((cell) => cell !== null);
    const first = all.find(({ model }) => model !== null) ?? all[0] ?? null;
    const looked = all.find(({ digest }) => digest === this.#looked?.digest) ?? null; // a redraw may have left it out
    const cell = looked ?? view.cell ?? first;
    byId("cell").hidden = cell === null;
    drawProfile(byId("profile"), view, shown, cell);
    if (cell === null) return;
    this.detail.draw(cell, view, shown, cell === view.cell);
    const key = `${cell.digest} ${cell.replicates}`;
    const runs = this.#runs.get(key);
    const { metrics } = shown.study.facts;
    if (runs !== undefined) this.detail.drawRuns(view, runs, shown.summaries.get(cell.digest) ?? null, metrics);
    else if (cell.replicates === 0) this.detail.say("None of its runs is finished.");
    else this.#askRuns(cell, key);
  }

  /** @param {StudyCell} cell @param {string} key */
  #askRuns(cell, key) {
    this.detail.wait();
    if (this.#asking.has(key)) return;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(async () => {
      this.#asking.add(key);
      const table = await this.#ask({ where: `cell:${cell.digest}` });
      this.#asking.delete(key);
      if (table === null) return;
      if (this.#runs.size > 300) this.#runs.clear();
      this.#runs.set(key, runsOf(table));
      this.#redrawCell();
    }, REST_MS);
  }

  /** Show the page's body with the first view in it, so that nothing moves while it comes together. */
  #reveal() {
    const main = document.querySelector("main");
    if (main === null || !main.hidden) return;
    main.hidden = byId("controls").hidden = false;
    this.grid.resize(); // now that it has a size
    reach(document.getElementById(location.hash.slice(1)));
    arrive();
  }
}

new Page().follower.follow();
