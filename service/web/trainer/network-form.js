// One network: its layers and its recipe.

import { h } from "../explorer/dom.js";
import { field, named, options, select } from "../explorer/selects.js";
import { numberField, put } from "./inputs.js";
import { MOST_LAYERS, nameOf } from "./settings.js";
import { ACTIVATIONS } from "./slopes.js";

/** The usual ones first. */
const COMMON_NAMES = ["tanh", "relu", "sigmoid", "gelu", "elu"];

/** What a new layer has. */
const UNITS = 10;

const LAYERS = ["none", "1", "2", "3", "4"];

/** @typedef {import("./settings.js").NetworkSpec} NetworkSpec */

export class NetworkForm {
  /** @type {NetworkSpec | null} */
  #spec = null;

  /** @param {string} letter A or B @param {(spec: NetworkSpec) => void} onspec
   *  @param {HTMLElement | null} extra what stands above its controls */
  constructor(letter, onspec, extra = null) {
    this.onspec = onspec;
    const id = letter.toLowerCase();
    const choices = Object.fromEntries(LAYERS.map((text, i) => [String(i), text]));
    this.layers = select(`layers-${id}`, choices, (count) => this.#resize(Number(count)));
    this.units = Array.from({ length: MOST_LAYERS }, (_, layer) =>
      numberField(`Units in layer ${layer + 1}`, "units", (units) => this.#units(layer, units)),
    );
    this.activation = select(`activation-${id}`, {}, (activation) => this.#change({ activation }));
    const others = ACTIVATIONS.filter((name) => !COMMON_NAMES.includes(name));
    options(this.activation, named([...COMMON_NAMES, ...others]));
    this.rate = numberField("Rate", "rate", (rate) => this.#change({ rate }));
    this.batch = numberField("Batch", "batch", (batch) => this.#change({ batch }));
    this.l1 = numberField("L1", "l1", (l1) => this.#change({ l1 }));
    this.l2 = numberField("L2", "l2", (l2) => this.#change({ l2 }));
    this.name = h("span", {});
    this.activationField = field("Activation", this.activation);
    this.controls = h(
      "div",
      { class: "fields" },
      field("Hidden layers", this.layers),
      ...this.units.map(({ element }) => element),
      this.activationField,
      ...[this.rate, this.batch, this.l1, this.l2].map(({ element }) => element),
    );
    this.element = h(
      "fieldset",
      { class: "network-form" },
      h("legend", {}, `${letter}: `, this.name),
      extra,
      this.controls,
    );
  }

  /** @param {NetworkSpec | null} spec null where there is no such network */
  show(spec) {
    this.controls.hidden = spec === null;
    this.name.textContent = spec === null ? "none" : nameOf(spec);
    if (spec === null) return;
    this.#spec = spec;
    this.layers.value = String(spec.hidden.length);
    this.units.forEach(({ element, input }, layer) => {
      element.hidden = layer >= spec.hidden.length;
      if (layer < spec.hidden.length) put(input, spec.hidden[layer]);
    });
    this.activationField.hidden = spec.hidden.length === 0;
    this.activation.value = spec.activation;
    put(this.rate.input, spec.rate);
    put(this.batch.input, spec.batch);
    put(this.l1.input, spec.l1);
    put(this.l2.input, spec.l2);
  }

  /** @param {Partial<NetworkSpec>} changes */
  #change(changes) {
    if (this.#spec !== null) this.onspec({ ...this.#spec, ...changes });
  }

  /** @param {number} count of layers */
  #resize(count) {
    const hidden = this.#spec?.hidden ?? [];
    this.#change({ hidden: Array.from({ length: count }, (_, layer) => hidden[layer] ?? hidden.at(-1) ?? UNITS) });
  }

  /** @param {number} layer @param {number} units */
  #units(layer, units) {
    this.#change({ hidden: (this.#spec?.hidden ?? []).map((before, i) => (i === layer ? units : before)) });
  }
}
