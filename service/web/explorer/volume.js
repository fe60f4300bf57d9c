// The surface of a model over three features, which turns: loaded only once it is opened.

import { hueOf } from "./colours.js";
import { isolated } from "./bidi.js";
import { h, within } from "./dom.js";
import { parseGlb } from "./glb.js";
import { read, written } from "./place.js";
import { planesOf } from "./planes.js";
import { turnedBy } from "./orbit.js";
import { levels } from "./scales.js";
import { Scene } from "./scene.js";
import { named, options } from "./selects.js";
import { isRefusal } from "./service.js";
import { colourOf, ends, inWords, leadOf } from "./surfaces.js";
import { comparable } from "./view.js";

/** @typedef {import("./surfaces.js").Found} Found */

const RESOLUTION = 40;
const PLANE = [0.45, 0.5, 0.62];
const MOST_CLASSES = 10;
const HELP =
  "Drag to turn it, pinch or hold Ctrl and scroll to zoom; with the keyboard: arrows, + and −, 0 to reset.";

export class VolumeView {
  /** @type {Scene | null} */
  #scene = null;
  /** @type {View | null} */
  #view = null;
  #shown = "";
  #isLoading = false;

  /** @param {HTMLElement} section @param {Catalogue} catalogue @param {import("./service.js").Service} service
   *  @param {import("./state.js").State} state */
  constructor(section, catalogue, service, state) {
    this.catalogue = catalogue;
    this.service = service;
    section.hidden = false;
    const isValue = catalogue.quantity.isValue;
    this.model = h("select", {
      id: "volume-model",
      onchange: () => state.set({ inside: this.model.value, unit: null }),
    });
    this.deep = h("select", { id: "deep", onchange: () => state.set({ deep: this.deep.value }) });
    this.level = h("input", { id: "level", type: "number", step: "any" });
    this.level.onchange = () =>
      state.set({ level: Number.isFinite(this.level.valueAsNumber) ? this.level.valueAsNumber : null });
    this.status = h("p", { role: "status", class: "summary" });
    this.canvas = h("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": "Surface in 3-D",
      "aria-describedby": "volume-help",
    });
    this.labels = h("div", { class: "axes", "aria-hidden": "true" });
    this.hues = h("div", { class: "hues" });
    this.frame = h("div", { class: "frame volume" }, this.canvas, this.labels);
    const form = h(
      "form",
      { class: "fields", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      h("label", {}, h("span", {}, "Model"), this.model),
      h("label", {}, h("span", {}, "Third feature"), this.deep),
      isValue ? h("label", {}, h("span", {}, `Where ${catalogue.quantity.subject} is`), this.level) : null,
    );
    this.planes = h("input", { id: "planes", type: "checkbox" });
    this.planes.onchange = () => state.set({ planes: this.planes.checked ? "shown" : null });
    this.planesField = h("label", {}, this.planes, h("span", {}, "Planes of the first layer’s units"));
    form.append(this.planesField);
    const details = h(
      "details",
      { id: "surface" },
      h("summary", {}, "Load and show it"),
      form,
      this.frame,
      this.hues,
      h("p", { id: "volume-help" }, HELP),
      this.status,
    );
    this.details = details;
    details.ontoggle = () => this.#view && this.draw(this.#view);
    section.replaceChildren(
      h("h2", { id: `${section.id}-title` }, "The surface in 3-D"),
      h("p", { class: "lead" }, leadOf(catalogue.quantity)),
      details,
    );
    turnedBy(this.canvas, () => this.#scene);
    this.canvas.addEventListener("webglcontextlost", () => {
      this.#scene = null;
      this.#shown = "";
      this.#say("The browser stopped the 3-D graphics: close this part and open it again.");
    });
  }

  /** Load and draw what a view asks for, once this is open; one view at a time, the newest next.
   *  @param {View} view */
  async draw(view) {
    this.#view = view;
    if (!this.details.open || this.#isLoading) return;
    this.#isLoading = true;
    try {
      while (await this.#isBehind());
    } finally {
      this.#isLoading = false;
    }
  }

  /** Draw the newest view; say whether there was anything to draw anew.
   *  @returns {Promise<boolean>} */
  async #isBehind() {
    const view = /** @type {View} */ (this.#view);
    const models = comparable(this.catalogue);
    const model = models.find(({ name }) => name === view.inside) ?? models[0];
    const axes = this.#axes(view);
    this.#fill(model, axes, view);
    const reason = model.unavailableReason(view.run);
    const queries = this.#queries(model, axes, view);
    const key = [reason, view.planes, ...queries].join(" ");
    if (key === this.#shown) return false;
    this.#shown = key;
    if (reason !== null) this.#say(`${model.name} ${reason}.`, []);
    else if (this.#hasScene()) await this.#load(model, axes, view, queries);
    return true;
  }

  /** Whether the browser draws in 3-D; say so where it does not. */
  #hasScene() {
    try {
      this.#scene ??= this.#begin();
      return true;
    } catch (error) {
      console.info(error);
      this.#say("This browser has no WebGL2, which draws surfaces; GET /volume has them as files.", []);
      return false;
    }
  }

  /** @param {Model} model @param {number[]} axes @param {View} view @param {URLSearchParams[]} queries */
  async #load(model, axes, view, queries) {
    const one = async (/** @type {URLSearchParams} */ query) => ({
      name: query.get("class"),
      surface: parseGlb(await this.service.volume(query)),
    });
    try {
      if (this.status.textContent === "") this.#say("Loading…");
      const found = await Promise.all(queries.map(one));
      this.#show(model, found, axes, view);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const words = isRefusal(error) ? error.message : "the service does not answer; change a setting to ask again";
      this.#say(`${model.name}: ${words}`, []);
    }
  }

  #begin() {
    const scene = new Scene(this.canvas);
    scene.ondraw = (at) => this.#place(at);
    return scene;
  }

  /** The three features, by position.
   *  @param {View} view */
  #axes({ place, deep }) {
    const named = place.others.find((i) => place.features[i].name === deep);
    return [...place.axes, named ?? place.others[0]];
  }

  /** @param {Model} model @param {number[]} axes @param {View} view */
  #fill(model, axes, view) {
    options(this.model, named(comparable(this.catalogue).map(({ name }) => name)));
    this.model.value = model.name;
    options(this.deep, named(view.place.others.map((i) => view.place.features[i].name)));
    this.deep.value = view.place.features[axes[2]].name;
    this.planesField.hidden = !model.isEvaluatedHere || model.hiddenLayers.length === 0;
    this.planes.checked = view.planes !== null;
    if (document.activeElement !== this.level) this.level.value = String(this.#level(view) ?? "");
  }

  /** The value of the surface in a regression; null for a probability, which is 0.5.
   *  @param {View} view */
  #level({ level }) {
    const { quantity, range } = this.catalogue;
    if (!quantity.isValue) return null;
    const round = levels(range ?? [0, 1]);
    return level ?? round[round.length >> 1];
  }

  /** One for each surface.
   *  @param {Model} model @param {number[]} axes @param {View} view */
  #queries(model, axes, view) {
    const { features, hold } = view.place;
    const query = new URLSearchParams({ model: model.name, version: `${model.version}`, resolution: `${RESOLUTION}` });
    if (model.card !== null) query.set("epoch", `${model.epochs[model.snapshot(view.epoch)]}`);
    if (model.card !== null) query.set("replicate", `${view.run}`);
    axes.forEach((axis, k) => query.set("xyz"[k], features[axis].name));
    const values = read(features, hold ?? "");
    values.delete(axes[2]);
    const held = written(features, values);
    if (held !== null) query.set("hold", held);
    const level = this.#level(view);
    if (level !== null) query.set("level", `${level}`);
    query.set("format", "glb");
    if (!model.quantity.isMulticlass) return [query];
    const classes = view.class === null ? model.quantity.classes.slice(0, MOST_CLASSES) : [view.class];
    return classes.map((name) => new URLSearchParams([...query, ["class", name]]));
  }

  /** @param {Model} model @param {Found[]} found @param {number[]} axes @param {View} view */
  #show(model, found, axes, view) {
    const { quantity, range } = this.catalogue;
    const meshes = found.map(({ name, surface }) => ({
      ...surface,
      colour: colourOf(name, surface, quantity, range, view),
    }));
    this.#say(inWords(found, quantity, range), meshes);
    const there = found.filter(({ name, surface }) => name !== null && surface.indices.length > 0);
    this.hues.replaceChildren(...there.map(({ name }) => this.#named(name ?? "")));
    const network = view.planes === null ? null : model.network(view.run);
    if (network !== null) {
      const planes = planesOf(network, model.snapshot(view.epoch), view.place.heldOnly, axes, found[0].surface);
      this.#scene?.show([...meshes, ...planes.map((plane) => ({ ...plane, colour: PLANE }))]);
      this.frame.hidden = false;
      this.frame.dataset.planes = String(planes.length);
    }
    this.frame.dataset.triangles = String(meshes.reduce((sum, { indices }) => sum + indices.length / 3, 0));
    const features = axes.map((axis, k) => ({ ...view.place.features[axis], ...ends(found[0].surface, k) }));
    this.labels.replaceChildren(
      ...features.flatMap(({ name, low, high, categories }) => [
        h("span", {}, categories?.[low] ?? within(low, [low, high])),
        h("span", { class: "name" }, name),
        h("span", {}, categories?.[high] ?? within(high, [low, high])),
      ]),
    );
    this.canvas.setAttribute("aria-label", `Surface over ${features.map(({ name }) => isolated(name)).join(", ")}`);
  }

  /** A class beside its hue.
   *  @param {string} name */
  #named(name) {
    const { classes } = this.catalogue.quantity;
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = hueOf(classes.indexOf(name), classes.length);
    return h("span", { class: "class" }, swatch, name);
  }

  /** Put the axes' names and ends beside the cube's lower edges that are nearest.
   *  @param {(point: number[]) => [number, number]} at */
  #place(at) {
    const { yaw } = this.#scene?.turn ?? { yaw: 0 };
    const [x, y] = [Math.sin(yaw) > 0 ? -1.12 : 1.12, Math.cos(yaw) > 0 ? -1.12 : 1.12];
    /** @type {((share: number) => number[])[]} */
    const edges = [(share) => [share, y, -1.1], (share) => [x, share, -1.1], (share) => [-1.15 * x, 1.15 * y, share]];
    const places = edges.flatMap((edge) => [-0.95, 0, 0.95].map(edge));
    [...this.labels.children].forEach((label, i) => {
      const [left, top] = at(places[i]);
      const { style } = /** @type {HTMLElement} */ (label);
      [style.left, style.top] = [`${(100 * left).toFixed(2)}%`, `${(100 * top).toFixed(2)}%`];
    });
  }

  /** @param {string} words @param {import("./scene.js").Mesh[]} [meshes] */
  #say(words, meshes) {
    if (this.status.textContent !== words) this.status.textContent = words;
    if (meshes === undefined) return;
    this.frame.hidden = meshes.every(({ indices }) => indices.length === 0);
    this.#scene?.show(meshes);
  }
}
