// The page: loads what the service has, follows its changes, and draws what the address asks for.

import { load } from "./catalogue.js";
import { scaleOf } from "./colours.js";
import { Comparison, pairOf, verdict } from "./comparison.js";
import { Controls } from "./controls.js";
import { Curves } from "./curve.js";
import { Data } from "./data.js";
import { byId, say } from "./dom.js";
import { bringKey, curl, downloads } from "./downloads.js";
import { Fields } from "./fields.js";
import { Inside } from "./inside.js";
import { legend, marks } from "./legend.js";
import { DifferencePanel, differenceScale, ModelPanel } from "./panels.js";
import { Point } from "./point.js";
import { questions } from "./questions.js";
import { Service } from "./service.js";
import { addressOf, State } from "./state.js";
import { comparable, coordinate, viewOf } from "./view.js";

const SLOW = "The service is slow to answer; waiting…";
const POLL_MS = 5000;
const FIRST_RETRY_MS = 500;

class Page {
  catalogue = null;
  #loading = false;
  #drawn = true;
  #frame = 0;
  #visible = new Set();

  constructor() {
    this.service = new Service(
      () => this.say(SLOW),
      () => byId("status").textContent === SLOW && this.say(this.news ?? ""),
    );
    this.state = new State();
    this.controls = new Controls(byId("controls"), this.state);
    this.controls.isDrawn = () => this.#drawn;
    this.state.subscribe(() => this.update());
    byId("key").addEventListener("submit", (event) => {
      event.preventDefault();
      this.service.key = byId("key-value").value;
      this.wake();
    });
    byId("downloads").append(...downloads(() => this.#shown()));
    bringKey(this.service, (error) => this.#explain(error));
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#visible[isIntersecting ? "add" : "delete"](target.id);
      this.update();
    }, { rootMargin: "100px" });
    for (const id of ["inside", "point"]) watch.observe(byId(id));
    new ResizeObserver(() => this.update()).observe(byId("panels"));
  }

  // --- The service: asked for what it has, again and again, so that a retrained model is shown when it is served. ---

  async follow() {
    for (let retry = FIRST_RETRY_MS; ; ) {
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
    const before = this.catalogue;
    const { experiment, run } = this.state.values;
    const catalogue = await load(this.service, before, experiment, run);
    if (catalogue !== before) {
      this.catalogue = catalogue;
      this.#build();
    }
    this.#lock(false);
    this.say(catalogue.models.length === 0 ? "The service has no models yet. Train some: python -m training train" : this.#news(before));
    await this.#settle();
  }

  /** Say which models are newer than before, as long as nothing else is to be said. */
  #news(before) {
    if (before === null || before === this.catalogue) return this.news ?? "";
    const newer = this.catalogue.models.filter(({ name, version }) => version !== before.model(name)?.version);
    this.news = newer.length > 0 ? `New: ${newer.map(({ name, version }) => `${name} version ${version}`).join(", ")}.` : "";
    return this.news;
  }

  #explain(error) {
    if (error.status === 401) {
      this.#lock(true);
      this.say(`A key is needed: ${error.message}.`);
    } else if (error.status === 0 || error.status >= 500) {
      const meanwhile = this.catalogue === null ? "" : " What is shown is from before.";
      this.say(`${error.status === 0 ? "The service does not answer" : `The service is not ready: ${error.message}`}; trying again…${meanwhile}`);
    } else {
      console.error(error);
      this.say(`Something is wrong: ${error.message}`);
    }
  }

  /** Ask for a key, or not; without one the links to data lead nowhere. */
  #lock(isLocked) {
    byId("key").hidden = !isLocked;
    byId("comparison-csv").hidden = isLocked || this.catalogue?.comparison === null;
    byId("dataset-csv").hidden = isLocked || this.catalogue?.dataset === null;
  }

  say(text) {
    if (byId("status").textContent !== text) byId("status").textContent = text;
  }

  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const wake = () => {
        if (document.hidden) return;
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds); // a hidden page asks nothing until it is seen again
      document.addEventListener("visibilitychange", wake);
      this.wake = wake;
    });
  }

  // --- What is there to draw. ---

  #build() {
    const { catalogue } = this;
    this.fields = new Fields(this.service, catalogue);
    const handlers = {
      onpoint: (point) => {
        const [x, y] = point.map(coordinate);
        this.state.set({ x, y });
      },
      onlook: (name) => this.state.go({ inside: name, unit: null }, "inside"),
      oninside: (name) => this.state.set({ inside: name, unit: null }),
      onunit: (unit) => this.state.set({ unit }),
      onepoch: (epoch) => this.state.set({ epoch: epoch === catalogue.epochs.at(-1) ? null : epoch }),
      onpair: (pair) => this.state.set(pair),
      onrun: (run) => this.state.set({ run, statistic: "probability" }),
      onsort: (sort) => this.state.set({ sort }),
    };
    this.panels = catalogue.models.map((model) => new ModelPanel(model, catalogue, handlers));
    this.curves = new Curves(this.panels, this.fields, catalogue.epochs);
    const { length } = comparable(catalogue);
    this.difference = length > 1 ? new DifferencePanel(catalogue, handlers) : null;
    byId("panels").replaceChildren(...[...this.panels, this.difference].filter(Boolean).map(({ element }) => element));
    this.inside = new Inside(byId("inside"), catalogue, handlers);
    this.point = new Point(byId("point"), catalogue, this.service, handlers);
    this.comparison = catalogue.comparison ? new Comparison(byId("comparison"), catalogue.comparison, handlers) : null;
    for (const what of ["comparison", "dataset"]) {
      byId(`${what}-csv`).href = `/${what}?experiment=${encodeURIComponent(catalogue.experiment)}&format=csv`;
    }
    byId("questions").replaceChildren(...questions(catalogue, this.state));
    for (const id of ["inside", "point"]) byId(id).hidden = length === 0;
    byId("comparison").hidden = this.comparison === null;
    this.data = new Data(catalogue);
  }

  get view() {
    return viewOf(this.catalogue, this.state.values);
  }

  // --- Drawing: at once what is at hand; what is not is loaded first, one view at a time, the newest next. ---

  update() {
    document.documentElement.dataset.theme = this.state.values.theme;
    if (this.catalogue === null) return;
    this.#drawn = false;
    this.controls.show(this.catalogue, { ...this.view, epoch: this.state.values.epoch });
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#settle().catch((error) => this.#explain(error));
      });
    }
  }

  async #settle() {
    if (this.state.values.experiment !== null && this.state.values.experiment !== this.catalogue.experiment && this.catalogue.experiments.includes(this.state.values.experiment)) {
      this.wake?.();
      return;
    }
    while (!this.#draw()) {
      if (this.#loading) return; // it draws when it is done
      this.#loading = true;
      byId("panels").setAttribute("aria-busy", "true");
      try {
        await this.#load(this.view);
      } finally {
        this.#loading = false;
        byId("panels").removeAttribute("aria-busy");
      }
    }
  }

  /** The panels' models that have something to show, and all else that a view needs. */
  #load(view) {
    const inside = this.catalogue.model(view.inside);
    return Promise.all([
      ...this.catalogue.models.map((model) => this.fields.load(model, view)),
      ...this.catalogue.models.filter((model) => model.isEvaluatedHere).map((model) => model.loadNetwork(this.service, view.run)),
      this.#isSeen("inside") && inside && inside.lacks(view.run) === null ? this.fields.loadUnits(inside, view) : null,
    ]);
  }

  #isSeen(id) {
    return this.#visible.has(id);
  }

  /** Draw everything that is seen; say whether it was all at hand. */
  #draw() {
    const { view, fields, catalogue } = this;
    const shown = catalogue.models.filter((model) => fields.lacks(model, view) === null);
    const values = new Map(shown.map((model) => [model.name, fields.of(model, view)]));
    if ([...values.values()].includes(null)) return false;
    this.values = values;
    legend(byId("legend"), catalogue, view, () => this.state.go({}, "point"));
    this.data.draw(view, this.panels);
    for (const panel of this.panels) panel.draw(view, fields, values.get(panel.model.name));
    if (this.difference) {
      this.difference.draw(view, fields, values.get(view.a.name), values.get(view.b.name));
      const pair = pairOf(catalogue.comparison, view.a.name, view.b.name);
      say(this.difference.verdict, pair ? `${verdict(pair)}.` : "");
    }
    const canDiffer = this.difference !== null && [view.a, view.b].every((model) => shown.includes(model));
    const command = curl(fields, shown, view, canDiffer ? fields.difference(view) : null);
    if (byId("curl").textContent !== command) byId("curl").textContent = command;
    this.comparison?.draw(view);
    this.point.fill(view);
    if (this.#isSeen("point")) {
      if (catalogue.models.some((model) => model.isEvaluatedHere && model.lacks(view.run) === null && !model.network(view.run))) return false;
      this.point.draw(view);
    }
    if (this.#isSeen("inside") && !this.#drawInside(view)) return false;
    this.#drawn = true;
    this.#reveal();
    this.curves.show(view);
    return true;
  }

  /** Show the page's body with the first view in it, so that nothing moves while it comes together. */
  #reveal() {
    const main = document.querySelector("main");
    if (!main.hidden) return;
    main.hidden = false;
    if (location.hash.length > 1) byId(location.hash.slice(1))?.scrollIntoView();
    this.update(); // now that it has a size
  }

  #drawInside(view) {
    const model = this.catalogue.model(view.inside);
    if (model === null) return true;
    if (model.lacks(view.run) !== null) {
      this.inside.say(model, model.lacks(view.run));
      return true;
    }
    const units = this.fields.units(model, view);
    if (units === null) return false;
    this.inside.draw(view, model, units);
    return true;
  }

  /** What a download takes with it. */
  #shown() {
    const { view, fields, catalogue } = this;
    const shown = this.panels.filter(({ model }) => this.values.has(model.name));
    const panels = shown.map(({ model, plot, summary }) => ({ name: model.name, plot, note: summary.textContent, dots: true }));
    if (this.difference && this.values.has(view.a.name) && this.values.has(view.b.name)) {
      const { plot, summary } = this.difference;
      panels.push({ name: `${view.a.name} − ${view.b.name}`, plot, note: summary.textContent, scale: differenceScale(view), dots: false });
    }
    const what = view.statistic === "probability" ? `run ${view.run}` : `${view.statistic} of all runs`;
    const scale = scaleOf(view.statistic, view.colours);
    const title = `${scale.label}, ${what}, epoch ${view.epoch ?? "unknown"}`;
    const values = new Map(shown.map(({ model }) => [model.name, Float32Array.from(fields.of(model, view))]));
    const [commands, address] = [byId("curl").textContent, location.origin + addressOf(this.state.values)];
    const dots = (pixels) => this.data.picture(view, pixels);
    return { panels, fields, values, title, scale, legend: marks(catalogue, view), dots, commands, address };
  }
}

new Page().follow();
