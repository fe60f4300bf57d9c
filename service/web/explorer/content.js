// The page's content, made for one catalogue, and drawn for one view after another: the maps, and once these are seen
// what stands below them, whose modules are loaded then.

import { Curves } from "./curve.js";
import { Data } from "./data.js";
import { byId, inWords, messageOf } from "./dom.js";
import { columnsOf, curl } from "./downloads.js";
import { Fields } from "./fields.js";
import { legend, marks } from "./legend.js";
import { DifferencePanel, differenceScale } from "./difference.js";
import { ModelPanel } from "./panels.js";
import { rangeOf, scaleFor } from "./scales.js";
import { keepExperiment } from "./sharing.js";
import { SliceControls } from "./slice.js";
import { comparable, coordinate, isOfP, viewOf } from "./view.js";

/** @typedef {import("./scales.js").AnyScale} AnyScale */

export class Content {
  /** @type {Map<string, Field | null>} what is drawn, by model */
  #drawn = new Map();
  /** @type {import("./sections.js").Sections | null | undefined} null where they cannot be had */
  #sections;

  /** @param {Catalogue} catalogue @param {import("./service.js").Service} service
   *  @param {import("./state.js").State} state
   *  @param {(error: unknown) => void} onfault called where a part of the page cannot be had */
  constructor(catalogue, service, state, onfault) {
    this.onfault = onfault;
    this.catalogue = catalogue;
    this.service = service;
    this.state = state;
    this.fields = new Fields(service, catalogue);
    this.data = new Data(catalogue);
    this.handlers = this.#handlers();
    const { handlers } = this;
    this.panels = catalogue.models.map((model) => new ModelPanel(model, catalogue, handlers));
    this.difference = comparable(catalogue).length > 1 ? new DifferencePanel(catalogue, handlers) : null;
    this.curves = new Curves(this.panels, this.fields, catalogue.epochs);
    this.slice = new SliceControls(/** @type {HTMLFormElement} */ (byId("slice")), catalogue, state);
    byId("panels").replaceChildren(...this.panels.map(({ element }) => element));
    if (this.difference !== null) byId("panels").append(this.difference.element);
    const isMapped = catalogue.models.some((model) => model.isMapped);
    for (const id of ["legend", "reading", "downloads"]) byId(id).hidden = !isMapped; // all of them are of maps
    byId("introduction").textContent = introduction(catalogue);
    keepExperiment(catalogue);
    for (const name of ["comparison", "dataset"]) {
      const query = new URLSearchParams({ experiment: catalogue.experiment ?? "", format: "csv" });
      byId(`${name}-csv`).setAttribute("href", `${name}?${query}`);
    }
  }

  /** @returns {Handlers} */
  #handlers() {
    const { state, catalogue } = this;
    return {
      onpoint: ([x, y]) => {
        const { place } = this.view;
        state.set({ x: coordinate(x, place.x), y: coordinate(y, place.y) });
      },
      onlook: (name) => state.go({ inside: name, unit: null, off: null }, "inside"),
      oninside: (name) => state.set({ inside: name, unit: null, off: null }),
      onunit: (unit) => state.set({ unit }),
      onbuild: (change) => state.set(change(state.values)),
      onepoch: (epoch) => state.set({ epoch: epoch === catalogue.epochs.at(-1) ? null : epoch }),
      onpair: (pair) => state.set(pair),
      onrun: (run) => state.set({ run, statistic: "probability" }),
      onsort: (sort) => state.set({ sort }),
      onverdict: (by) => state.set(by),
    };
  }

  get view() {
    return viewOf(this.catalogue, this.state.values);
  }

  /** Load what a view needs: its maps, its run's networks, and the units of the network that is seen.
   *  @param {View} view @param {Set<string>} seen the ids of the sections in sight */
  async load(view, seen) {
    const { models } = this.catalogue;
    const inside = this.catalogue.model(view.inside);
    const isInside = inside !== null && seen.has("inside") && this.fields.unitsUnavailable(inside, view) === null;
    await Promise.all([
      ...models.map((model) => this.fields.load(model, view)),
      ...models.map((model) => model.loadNetwork(this.service, view.run)),
      isInside ? this.fields.loadUnits(inside, view) : null,
      this.complete(),
    ]);
  }

  /** Whether all that can be had of the page is there, and not the maps alone. */
  get isComplete() {
    return this.#sections !== undefined;
  }

  /** Load what stands below the maps. Without it these are still worth seeing. */
  async complete() {
    try {
      const { Sections } = await import("./sections.js");
      this.#sections ??= new Sections(this);
    } catch (error) {
      if (!this.isComplete) this.onfault(error);
      this.#sections ??= null;
    }
  }

  /** Draw everything that is seen, as far as it is loaded; say whether that was all.
   *  @param {View} view @param {Set<string>} seen @param {number} nodes of the maps, an axis
   *  @param {boolean} isFirst whether the maps are to be seen at once, and what is below them later */
  draw(view, seen, nodes, isFirst = false) {
    if (!isFirst && !this.isComplete) return false;
    const { fields, catalogue } = this;
    const available = catalogue.models.filter((model) => fields.unavailableReason(model, view) === null);
    const drawn = new Map(available.map((model) => [model.name, this.#fieldOf(model, view, nodes)]));
    if ([...drawn.values()].includes(null)) return false;
    this.#drawn = drawn;
    const scale = this.#sharedScale(view);
    legend(byId("legend"), byId("reading"), catalogue, view, scale, () => this.state.go({}, "point"));
    this.slice.show(view);
    for (const panel of this.panels) this.#drawPanel(panel, view, scale);
    this.#drawDifference(view);
    if (isFirst) return true;
    this.data.draw(view, this.panels, scale);
    const command = curl(fields, available, view, this.#isDifferenceShown(view) ? fields.difference(view) : null);
    if (byId("curl").textContent !== command) byId("curl").textContent = command;
    if (this.#sections?.draw(view, seen, nodes) === false) return false;
    this.curves.show(view);
    return true;
  }

  /** Draw another epoch, of what is in sight, roughly, and without words: nobody reads these while they change. Say
   *  whether it was loaded.
   *  @param {View} view @param {Set<string>} seen @param {number} nodes of the maps, an axis */
  follow(view, seen, nodes) {
    const isPairSeen = seen.has("difference") && this.#isDifferenceShown(view);
    const panels = this.panels.filter(({ element, model }) => this.#drawn.has(model.name) && seen.has(element.id));
    const models = new Set([...panels.map(({ model }) => model), ...(isPairSeen ? (view.pair ?? []) : [])]);
    const drawn = new Map(this.#drawn);
    for (const model of models) drawn.set(model.name, this.#fieldOf(model, view, nodes));
    if ([...drawn.values()].includes(null)) return false;
    this.#drawn = drawn;
    const scale = this.#sharedScale(view);
    for (const panel of panels) this.#drawPanel(panel, view, scale, true);
    if (isPairSeen) this.#drawDifference(view, true);
    return this.#sections?.follow(view, seen, nodes) ?? true;
  }

  /** What a model's map shows; null where that is not loaded. A model that cannot be evaluated is asked for instead.
   *  @param {Model} model @param {View} view @param {number} nodes an axis */
  #fieldOf(model, view, nodes) {
    try {
      return this.fields.of(model, view, nodes);
    } catch (error) {
      model.leave(messageOf(error));
      return null;
    }
  }

  /** The scale of what the experiment's models give: of values over those of the data, else over those on the maps.
   *  @param {View} view */
  #sharedScale(view) {
    const { quantity, range, models } = this.catalogue;
    const isSpread = quantity.isValue && !isOfP(view);
    const fields = quantity.isValue && range === null ? models.filter((model) => this.catalogue.isOurs(model)) : [];
    const values = fields.flatMap(({ name }) => rangeOf(this.#drawn.get(name)?.values ?? []));
    return scaleFor(quantity, view, range ?? (isSpread ? [0, 4 * Math.max(0, ...values)] : rangeOf(values)));
  }

  /** Draw a model's panel. A fault costs no other one.
   *  @param {ModelPanel} panel @param {View} view @param {AnyScale} shared */
  #drawPanel(panel, view, shared, isFollowing = false) {
    const { name, quantity } = panel.model;
    const field = this.#drawn.get(name) ?? null;
    const isOwn = quantity.key !== this.catalogue.quantity.key || quantity.target !== this.catalogue.quantity.target;
    const isApart = isOwn || (quantity.isValue && !panel.model.isOfData);
    try {
      const scale = isApart && field !== null ? scaleFor(quantity, view, rangeOf(field.values)) : shared;
      if (isFollowing && field !== null) panel.follow(view, field, scale);
      else panel.draw(view, this.fields, field, scale, isApart || !panel.model.isOfData);
    } catch (error) {
      panel.say(`cannot be drawn: ${messageOf(error)}`);
    }
  }

  /** @param {View} view */
  #isDifferenceShown({ pair }) {
    return this.difference !== null && pair !== null && pair.every(({ name }) => this.#drawn.has(name));
  }

  /** @param {View} view */
  #drawDifference(view, isFollowing = false) {
    if (this.difference === null || view.pair === null) return;
    const [a, b] = view.pair.map(({ name }) => name);
    const [first, second] = [this.#drawn.get(a) ?? null, this.#drawn.get(b) ?? null];
    if (isFollowing && first !== null && second !== null) {
      this.difference.follow(view, view.pair, first, second);
      return;
    }
    this.difference.draw(view, view.pair, this.fields, first, second);
  }

  /** What is drawn of a model; null where there is nothing.
   *  @param {Model} model */
  drawnOf(model) {
    return this.#drawn.get(model.name) ?? null;
  }

  /** What is drawn, in a few words. */
  get title() {
    const { view } = this;
    const what = view.statistic === "probability" ? `run ${view.run}` : `${view.statistic} of all runs`;
    return `${this.#sharedScale(view).label}, ${what}, epoch ${view.epoch ?? "unknown"}`;
  }

  /** What a download takes with it.
   *  @returns {import("./downloads.js").Shown} */
  shown() {
    const { view, fields, catalogue } = this;
    const drawn = this.panels.filter(({ model }) => this.#drawn.has(model.name));
    /** @type {import("./downloads.js").ShownMap[]} */
    const panels = drawn.map(({ model, plot, summary, shown }) => ({
      name: model.name,
      plot,
      note: summary.textContent,
      scale: shown ?? undefined,
      dots: model.isOfData,
    }));
    if (this.difference !== null && view.pair !== null && this.#isDifferenceShown(view)) {
      const { plot, summary, values } = this.difference;
      const name = view.pair.map((model) => model.name).join(" − ");
      const scale = differenceScale(view, view.pair[0], values);
      panels.push({ name, plot, note: summary.textContent, scale, dots: false });
    }
    return {
      panels,
      place: view.place,
      columns: /** @type {Float64Array[]} */ (view.place.axes.map((axis) => fields.columns(view.place)[axis])),
      values: new Map(
        drawn.filter(({ model }) => model.isOfData).flatMap(({ model }) => columnsOf(model, fields.of(model, view))),
      ),
      title: this.title,
      scale: this.#sharedScale(view),
      legend: marks(catalogue, view),
      dots: (pixels) => this.data.picture(view, pixels, this.#sharedScale(view)),
      commands: byId("curl").textContent,
    };
  }
}

/** What the page is about, in words.
 *  @param {Catalogue} catalogue */
function introduction({ quantity: { isValue, isMulticlass, classes }, comparison }) {
  const kinds = isMulticlass ? `${inWords(classes.length)} classes` : "two classes";
  const what = isValue ? "predict a number" : `tell ${kinds} of points apart`;
  const drawn = isValue ? "bend a surface in more places" : "draw more complex boundaries";
  return (
    `Small neural networks learn to ${what}. More units and more layers can ${drawn}. ` +
    "What they do learn depends on how they are trained, too, and on luck: " +
    (comparison?.protocol.replicates === 1
      ? "each was trained once, which does not show how much."
      : "so each was trained many times.")
  );
}
