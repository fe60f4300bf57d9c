// Inside a model: its network, drawn with what each unit does, its lines in the plane, and every weight.

import { scaleOf, signedScale } from "./colours.js";
import { named, options } from "./controls.js";
import { fixed, h, number, s, signed } from "./dom.js";
import { NODES } from "./fields.js";
import { scaleBar } from "./legend.js";
import { line, Plot } from "./map.js";
import { comparable } from "./view.js";
import { THICKEST, wires } from "./wires.js";

/** @typedef {import("./colours.js").Scale} Scale */

/** What is drawn: `weights` are null where the page does not have them, `outgoing` is the width of each first-layer
 *  unit's line.
 *  @typedef {{view: View, model: Model, units: Layers, scales: Scale[], outgoing: number[],
 *  weights: {kernel: number[][], bias: number[]}[] | null}} Shown */

/** @typedef {{plot: Plot, button: HTMLButtonElement, id: string | null}} UnitButton */

export class NetworkView {
  /** @type {Shown | null} */
  #shown = null;
  /** @type {{l: number, u: number} | null} the unit under the pointer, by layer and number */
  #hovered = null;
  #built = "";
  /** @type {UnitButton[][]} */
  #nodes = [];
  /** @type {Element[]} */
  #inputs = [];

  /** @param {HTMLElement} section @param {Catalogue} catalogue @param {Handlers} handlers */
  constructor(section, catalogue, handlers) {
    this.catalogue = catalogue;
    this.handlers = handlers;
    this.choice = h("select", { id: "inside-model", onchange: () => handlers.oninside(this.choice.value) });
    this.edges = s("svg", { class: "edges", "aria-hidden": "true" });
    this.columns = h("div", { class: "columns" });
    this.detail = new Plot(catalogue.domain, NODES);
    this.detail.element.addEventListener("click", (event) => handlers.onpoint(this.detail.pointAt(event)));
    this.title = h("h3", { id: "detail-title" });
    this.scale = h("p", { class: "scales" });
    this.formula = h("p", { class: "formula" });
    this.words = h("p", { class: "summary", id: "detail-summary" });
    this.weights = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Weights" });
    const map = h(
      "div",
      { class: "map", role: "img", "aria-labelledby": "detail-title", "aria-describedby": "detail-summary" },
      this.detail.element,
    );
    this.which = h("span");
    this.message = h("p", { hidden: true });
    this.network = h(
      "div",
      { class: "inside" },
      h("div", { class: "network" }, this.edges, this.columns),
      h(
        "div",
        { class: "detail" },
        this.title,
        h("div", { class: "frame" }, map),
        this.scale,
        this.formula,
        this.words,
        this.weights,
      ),
    );
    section.replaceChildren(
      h("h2", { id: `${section.id}-title` }, "Inside a model"),
      h(
        "p",
        { class: "lead" },
        "Each first-layer unit splits the plane along a line; later units sum the weighted outputs before them. " +
          "Thicker connections have larger weights, warm for positive and blue for negative. " +
          "Point at a unit to enlarge it, click it to keep it enlarged. ",
        this.which,
      ),
      h("p", {}, h("label", {}, h("span", {}, "Model "), this.choice)),
      this.message,
      this.network,
    );
    new ResizeObserver(() => this.#wire()).observe(this.columns);
  }

  /** Say why there is nothing to draw of a model, or that there is, with null.
   *  @param {Model} model @param {string | null} reason */
  say(model, reason) {
    options(this.choice, named(comparable(this.catalogue).map(({ name }) => name)));
    this.choice.value = model.name;
    this.message.hidden = reason === null;
    this.message.textContent = reason === null ? "" : `${model.name} ${reason}.`;
    this.network.hidden = reason !== null;
  }

  /** Draw a model's run in a view; `units` are its fields by layer and unit.
   *  @param {View} view @param {Model} model @param {Layers} units */
  draw(view, model, units) {
    this.say(model, null);
    this.which.textContent = `This is run ${view.run}.`;
    const weights = model.network(view.run)?.at(model.snapshot(view.epoch)) ?? null;
    const shown = {
      view,
      model,
      units,
      weights,
      scales: units.map((layer, l) => scaleOfLayer(view, model, layer, l === units.length - 1)),
      outgoing: weights !== null && weights.length > 1 ? outgoing(weights[1].kernel) : [],
    };
    this.#shown = shown;
    const shape = JSON.stringify([model.name, model.version, units.map((layer) => layer.length)]);
    if (shape !== this.#built) this.#build(units);
    this.#built = shape;
    units.forEach((layer, l) => layer.forEach((values, u) => this.#drawUnit(shown, values, l, u)));
    this.#wire();
    this.#enlarge();
  }

  /** @param {Layers} units */
  #build(units) {
    this.#hovered = null;
    const last = units.length - 1;
    const inputs = h(
      "div",
      { class: "column" },
      h("h3", {}, "Inputs"),
      ...this.catalogue.domain.names.map((name) => h("span", { class: "input" }, name)),
    );
    this.#nodes = units.map((layer, l) => layer.map((_, u) => this.#node(l, u, l === last)));
    const columns = this.#nodes.map((nodes, l) =>
      h(
        "div",
        { class: "column" },
        h("h3", {}, l === last ? "Output" : `Layer ${l + 1}`),
        ...nodes.map(({ button }) => button),
      ),
    );
    this.columns.replaceChildren(inputs, ...columns);
    this.#inputs = [...inputs.querySelectorAll(".input")];
  }

  /** @param {number} l @param {number} u @param {boolean} isOutput
   *  @returns {UnitButton} */
  #node(l, u, isOutput) {
    const plot = new Plot(this.catalogue.domain, NODES);
    const name = isOutput ? "Output: P(y = 1)" : `Layer ${l + 1}, unit ${u + 1}`;
    const id = isOutput ? null : `${l + 1}.${u + 1}`;
    /** @param {{l: number, u: number} | null} at */
    const hover = (at) => () => {
      this.#hovered = at;
      this.#enlarge();
    };
    const button = h(
      "button",
      {
        type: "button",
        class: "unit",
        "aria-label": name,
        onclick: () => this.handlers.onunit(id),
        onpointerenter: hover({ l, u }),
        onpointerleave: hover(null),
        onfocus: hover({ l, u }),
        onblur: hover(null),
      },
      plot.element,
    );
    return { plot, button, id };
  }

  /** @param {Shown} shown @param {ArrayLike<number>} values @param {number} l @param {number} u */
  #drawUnit(shown, values, l, u) {
    const { plot, button, id } = this.#nodes[l][u];
    plot.paint(values, shown.scales[l]);
    button.setAttribute("aria-pressed", String(id === this.#chosen(shown)));
    if (l === shown.units.length - 1) plot.draw("boundary", line(values, NODES, 0.5), -0.8);
    else if (l === 0 && shown.weights) {
      plot.draw("unit", lineOf(plot, shown.weights[0], u), 0.4 + shown.outgoing[u] / 3);
    }
  }

  /** The unit that is chosen, as the address has it; null for the output.
   *  @param {Shown} shown */
  #chosen({ view }) {
    return this.#nodes.flat().some(({ id }) => id === view.unit) ? view.unit : null;
  }

  /** Draw the unit under the pointer, else the one that is chosen. */
  #enlarge() {
    if (this.#shown === null) return;
    const { view, model, units, scales, weights, outgoing } = this.#shown;
    const [layer, unit] = (this.#chosen(this.#shown) ?? `${units.length}.1`).split(".").map((n) => Number(n) - 1);
    const { l, u } = this.#hovered ?? { l: layer, u: unit };
    const isOutput = l === units.length - 1;
    const values = units[l][u];
    this.detail.paint(values, scales[l]);
    this.detail.draw("boundary", isOutput ? line(values, NODES, 0.5) : "");
    this.detail.draw("point", this.detail.cross(view.point));
    this.detail.clear("unit", 0);
    if (weights && units.length > 1 && (isOutput || l === 0)) {
      outgoing.forEach((width, i) => {
        if (isOutput || i === u) this.detail.draw(`unit:${i}`, lineOf(this.detail, weights[0], i), width);
      });
    }
    this.title.textContent = isOutput ? `${model.name}: P(y = 1)` : `Layer ${l + 1}, unit ${u + 1}`;
    const { low, high } = scales[l];
    this.scale.replaceChildren(
      isOutput ? "P(y = 1)" : `a${l + 1}.${u + 1}`,
      scaleBar(scales[l], fixed(low, 1), fixed(high, 1)),
    );
    this.#explain(this.#shown, l, u);
  }

  /** Say what a unit computes, in numbers.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #explain({ model, weights }, l, u) {
    this.weights.replaceChildren();
    this.weights.hidden = weights === null;
    this.formula.textContent = "";
    this.words.textContent = weights === null ? model.askedBecause : roleOf(l, weights.length);
    if (weights === null) return;
    const { kernel, bias } = weights[l];
    const isOutput = l === weights.length - 1;
    const inputs = l === 0 ? this.catalogue.domain.names : kernel.map((_, k) => `a${l}.${k + 1}`);
    const terms = inputs.map((input, k) => `${k === 0 ? fixed(kernel[k][u], 2) : signed(kernel[k][u], 2)}·${input}`);
    const name = isOutput ? "sigmoid" : model.card?.activation;
    this.formula.textContent = `${name}(${terms.join(" ")} ${signed(bias[u], 2)})`;
    const rows = inputs.map((input, k) => row(`weight of ${input}`, kernel[k][u]));
    rows.push(row("bias", bias[u]));
    weights[l + 1]?.kernel[u].forEach((weight, k) => {
      const to = l + 2 === weights.length ? "in the output" : `in unit ${l + 2}.${k + 1}`;
      rows.push(row(`its weight ${to}`, weight));
    });
    this.weights.append(h("table", {}, h("tbody", {}, rows)));
  }

  /** Draw the weights between the units, as thick as they are large, blue where negative. */
  #wire() {
    if (this.#shown === null || this.#shown.weights === null) {
      this.edges.replaceChildren();
      return;
    }
    const { left, top, width, height } = this.columns.getBoundingClientRect();
    if (width === 0) return;
    this.edges.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const buttons = this.#nodes.map((nodes) => nodes.map(({ button }) => button));
    const boxes = [this.#inputs, ...buttons].map((elements) =>
      elements.map((element) => {
        const box = element.getBoundingClientRect();
        return { start: box.left - left, end: box.right - left, y: (box.top + box.bottom) / 2 - top };
      }),
    );
    this.edges.replaceChildren(...wires(this.#shown.weights, boxes, this.#shown.view.colours));
  }
}

/** What a unit does, in words, by its layer among so many.
 *  @param {number} l @param {number} depth */
function roleOf(l, depth) {
  if (depth === 1) return "Without a hidden layer there is one line: where this sum is 0.";
  if (l === depth - 1) {
    return "Each line is where a first-layer unit’s sum changes sign; thickness shows the unit’s outgoing weights.";
  }
  if (l === 0) return "The line is where this sum is 0; its thickness shows the unit’s outgoing weights.";
  return `This unit sums the outputs of layer ${l}: a${l}.1 is the output of its unit 1.`;
}

/** @param {string} name @param {number} value */
const row = (name, value) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, number(value, 4)));

/** The scale of a layer's units, the same for all of them.
 *  @param {View} view @param {Model} model @param {ArrayLike<number>[]} layer @param {boolean} isOutput */
function scaleOfLayer({ colours }, { card }, layer, isOutput) {
  if (isOutput) return scaleOf("probability", colours);
  if (card?.activation === "tanh") return signedScale(1, colours);
  let reach = 1e-6;
  for (const values of layer) {
    for (let i = 0; i < values.length; i++) reach = Math.max(reach, Math.abs(values[i]));
  }
  return signedScale(reach, colours);
}

/** The line w · x + b = 0 of a unit of the first layer.
 *  @param {Plot} plot @param {{kernel: number[][], bias: number[]}} layer @param {number} u */
const lineOf = (plot, { kernel, bias }, u) => plot.straight([kernel[0][u], kernel[1][u]], bias[u]);

/** How much the next layer makes of each unit: the length of its outgoing weights, in pixels of the widest.
 *  @param {number[][]} kernel of the next layer */
function outgoing(kernel) {
  const lengths = kernel.map((weights) => Math.hypot(...weights));
  const most = Math.max(...lengths, 1e-9);
  return lengths.map((length) => (THICKEST * length) / most);
}
