// Building a network up: its hidden units added one at a time, or switched off and on, each layer in a row.

import { h } from "./dom.js";
import { options } from "./selects.js";
import { changed, offAs, offIn, orderOf } from "./switched.js";

/** Units of a layer that have a switch. */
const MOST_SWITCHES = 64;

/** @typedef {import("./inside.js").Shown} Shown */
/** @typedef {{slider: HTMLInputElement, output: HTMLOutputElement, switches: HTMLButtonElement[]}} Row */

export class BuildUp {
  /** @type {Row[]} */
  #rows = [];
  #built = "";
  /** @type {Shown | null} */
  #shown = null;

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.order = h("select", {
      id: "unit-order",
      onchange: () => handlers.onbuild(() => ({ order: this.order.value || null })),
    });
    options(this.order, [
      ["", "as drawn"],
      ["weight", "by weight, the largest first"],
    ]);
    this.all = h("button", { type: "button", onclick: () => handlers.onbuild(() => ({ off: null })) }, "All on");
    this.lead = h("p", { class: "lead" });
    this.rows = h("div", { class: "layers" });
    this.choices = h("p", { class: "fields" }, h("label", {}, h("span", {}, "Add units"), this.order), this.all);
    this.element = h(
      "fieldset",
      { class: "build-up" },
      h("legend", {}, "Build it up"),
      this.lead,
      this.choices,
      this.rows,
    );
  }

  /** @param {Shown} shown */
  show(shown) {
    this.#shown = shown;
    const { model, weights, off } = shown;
    const isPossible = weights !== null && off.length > 0;
    this.lead.textContent = leadOf(shown);
    this.choices.hidden = this.rows.hidden = !isPossible;
    if (!isPossible) return;
    const shape = JSON.stringify([model.name, model.version, model.hiddenLayers]);
    if (shape !== this.#built) this.#build(model.hiddenLayers);
    this.#built = shape;
    this.order.value = shown.view.order ?? "";
    this.all.disabled = offAs(off) === null;
    this.#rows.forEach((row, l) => this.#fill(row, shown, l));
  }

  /** @param {number[]} hiddenLayers */
  #build(hiddenLayers) {
    this.#rows = hiddenLayers.map((units, l) => this.#row(l, units));
    this.rows.replaceChildren(
      ...this.#rows.map(({ slider, output, switches }, l) => {
        const name = `Layer ${l + 1}`;
        const left = hiddenLayers[l] - switches.length;
        const more = left > 0 ? h("span", {}, `and ${left} more`) : "";
        return h(
          "div",
          { class: "layer" },
          h("label", {}, h("span", {}, name), slider),
          output,
          h("div", { class: "switches", role: "group", "aria-label": `Units of layer ${l + 1}` }, switches, more),
        );
      }),
    );
  }

  /** @param {number} l @param {number} units
   *  @returns {Row} */
  #row(l, units) {
    const name = `Layer ${l + 1}: units that are on`;
    const range = { type: "range", min: 0, max: units, step: 1, "aria-label": name };
    const slider = h("input", { ...range, oninput: () => this.#add(l) });
    const switches = Array.from({ length: Math.min(units, MOST_SWITCHES) }, (_, u) =>
      h("button", { type: "button", role: "switch", class: "switch", onclick: () => this.flip(l, u) }, String(u + 1)),
    );
    return { slider, output: h("output", { "aria-live": "off" }), switches };
  }

  /** @param {Row} row @param {Shown} shown @param {number} l */
  #fill({ slider, output, switches }, { off, dead }, l) {
    const on = off[l].filter((isOff) => !isOff).length;
    if (slider.valueAsNumber !== on) slider.value = String(on);
    const words = `${on} of ${off[l].length} units`;
    if (output.textContent !== words) {
      output.textContent = words;
      slider.setAttribute("aria-valuetext", words);
    }
    switches.forEach((one, u) => {
      const isDead = (dead.values[l]?.[u] ?? null) !== null;
      one.setAttribute("aria-checked", String(!off[l][u]));
      one.setAttribute("aria-label", `Unit ${l + 1}.${u + 1}${isDead ? ", dead" : ""}`);
      one.classList.toggle("dead", isDead);
    });
  }

  /** Have as many units of a layer on as its slider says: the first ones in the chosen order.
   *  @param {number} l */
  #add(l) {
    if (this.#shown === null || this.#shown.weights === null) return;
    const { weights, view } = this.#shown;
    const order = orderOf(weights[l + 1].kernel, view.order === "weight");
    const on = new Set(order.slice(0, this.#rows[l].slider.valueAsNumber));
    this.#change(l, (u) => !on.has(u));
  }

  /** Switch a unit off, or on again.
   *  @param {number} l @param {number} u */
  flip(l, u) {
    this.#change(l, (unit, isOff) => (unit === u ? !isOff : isOff));
  }

  /** The same, going on from the unit's switch: what was pressed belongs to the unit, which is enlarged no more.
   *  @param {number} l @param {number} u */
  flipHere(l, u) {
    this.flip(l, u);
    this.#rows[l]?.switches[u]?.focus({ preventScroll: true });
  }

  /** Have a layer's units in another state; what the output is then is enlarged. It follows from the address, which may
   *  be a step ahead of what is drawn.
   *  @param {number} l @param {(u: number, isOff: boolean) => boolean} state */
  #change(l, state) {
    if (this.#shown === null) return;
    const { model, units } = this.#shown;
    this.handlers.onbuild(({ off, unit }) => {
      const isOutput = unit?.split(".")[0] === String(units.length);
      return { off: offAs(changed(offIn(off, model.hiddenLayers), l, state)), ...(isOutput ? {} : { unit: null }) };
    });
  }
}

/** What can be done here, or why it cannot.
 *  @param {Shown} shown */
function leadOf({ model, weights, off, dead }) {
  if (weights === null) return `Its units cannot be switched here. ${model.askedBecause ?? ""}`.trim();
  if (off.length === 0) return "There is no hidden layer, so there are no units to add: the output weighs the inputs.";
  const isAnyDead = dead.values.flat().some((value) => value !== null);
  const mark = isAnyDead ? " †: dead, the same output for all the data." : "";
  const rule = "A unit that is off adds nothing to the next layer. Nothing is trained again. A link keeps what is off.";
  return `${rule}${mark}`;
}
