// Which two features the maps are drawn over, and where the others are held; for models of more than two.

import { counted, decimals, h, within } from "./dom.js";
import { read, usual, written } from "./place.js";
import { named, options } from "./selects.js";

/** Sliders that are shown without being asked for. */
const MAX_OPEN_SLIDERS = 6;

/** @typedef {import("./state.js").State} State */
/** @typedef {{element: HTMLElement, fill: (value: number) => void}} Holder what holds a feature */

export class SliceControls {
  /** @type {Map<number, Holder>} */
  #holders = new Map();

  /** @param {HTMLFormElement} form @param {Catalogue} catalogue @param {State} state */
  constructor(form, catalogue, state) {
    const { features, dataset } = catalogue;
    this.features = features;
    this.state = state;
    form.hidden = features.length < 3;
    form.replaceChildren();
    this.across = this.#axis("across");
    this.up = this.#axis("up");
    this.others = h("select", { id: "others", onchange: () => state.set({ average: this.others.value || null }) });
    options(
      this.others,
      dataset === null
        ? [["", "held"]]
        : [
            ["", "held"],
            ["data", "averaged over the data"],
          ],
    );
    this.held = h("div", { class: "held" });
    if (form.hidden) return;
    const reset = h(
      "button",
      { type: "button", onclick: () => state.set({ hold: null }) },
      "Reset all held values",
    );
    const summary = h(
      "summary",
      {},
      `Where ${counted(features.length - 2, "other feature")} ${features.length === 3 ? "is" : "are"} held`,
    );
    this.details = h("details", { open: features.length - 2 <= MAX_OPEN_SLIDERS }, summary, this.held, reset);
    form.onsubmit = (event) => event.preventDefault();
    form.append(
      h("div", { class: "fields" }, label("Across", this.across), label("Up", this.up), label("Others", this.others)),
      this.details,
    );
    features.forEach((feature, i) => this.#holders.set(i, this.#holder(feature, i)));
    this.held.append(...[...this.#holders.values()].map(({ element }) => element));
  }

  /** @param {"across" | "up"} name */
  #axis(name) {
    const choice = h("select", { id: name, onchange: () => this.#choose(name, choice.value) });
    options(choice, named(this.features.map((feature) => feature.name)));
    return choice;
  }

  /** Show a feature along an axis; where the other axis has it, they change places.
   *  @param {"across" | "up"} name @param {string} value */
  #choose(name, value) {
    const other = name === "across" ? "up" : "across";
    const before = this[name].dataset.shown ?? "";
    const changes = { [name]: value, [other]: this[other].value === value ? before : this[other].value };
    this.state.set({ ...changes, x: null, y: null });
  }

  /** @param {Feature} feature @param {number} i
   *  @returns {Holder} */
  #holder(feature, i) {
    const { name, low, high, categories } = feature;
    const hold = (/** @type {number} */ value) => {
      const values = read(this.features, this.state.values.hold ?? "");
      this.state.set({ hold: written(this.features, values.set(i, value)) });
    };
    if (categories) {
      const choice = h("select", { onchange: () => hold(Number(choice.value)) });
      options(
        choice,
        categories.map((category, c) => [`${c}`, category]),
      );
      return { element: label(name, choice), fill: (value) => (choice.value = String(Math.round(value))) };
    }
    const digits = decimals([low, high]) + 2;
    const slider = h("input", {
      type: "range",
      min: low,
      max: high,
      step: "any",
      oninput: () => hold(Number(slider.valueAsNumber.toFixed(digits))),
    });
    const output = h("output", { "aria-live": "off" });
    const fill = (/** @type {number} */ value) => {
      if (slider.dataset.shown === `${value}`) return;
      slider.dataset.shown = slider.value = `${value}`;
      output.textContent = within(value, [low, high], 1);
      slider.setAttribute("aria-valuetext", output.textContent);
    };
    fill(usual(feature));
    return { element: label(name, slider, output), fill };
  }

  /** @param {View} view */
  show({ place }) {
    if (this.features.length < 3) return;
    [this.across, this.up].forEach((choice, k) => (choice.value = choice.dataset.shown = place.names[k]));
    this.others.value = place.isAverage ? "data" : "";
    if (this.details) this.details.hidden = place.isAverage;
    for (const [i, { element, fill }] of this.#holders) {
      element.hidden = place.axes.includes(i);
      fill(place.held[i]);
    }
  }
}

/** @param {string} text @param {...HTMLElement} controls */
const label = (text, ...controls) => h("label", {}, h("span", {}, text), ...controls);
