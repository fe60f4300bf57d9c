// Inside a model: its network, drawn with what each unit does, its lines in the plane, and every weight.

import { fixed, h, number, s, signed, within } from "./dom.js";
import { NODES } from "./fields.js";
import { scaleBar } from "./legend.js";
import { levelLines, line } from "./lines.js";
import { Plot } from "./map.js";
import { levels } from "./scales.js";
import { named, options } from "./selects.js";
import { DEFAULTS } from "./state.js";
import { functionOf, inputsOf, linesOf, outgoing, roleOf, scalesOf, wordsOf } from "./units.js";
import { mapped, placeIn } from "./view.js";
import { boxesIn, wires } from "./wires.js";

/** Units of a layer that are drawn; of more there would be no end. */
const MOST_UNITS = 64;

/** Units of a layer that stand below each other. */
const MOST_IN_A_COLUMN = 12;

/** What is drawn: `weights` are null where the page does not have them, `outgoing` is the width of each first-layer
 *  unit's line, `lines` is where its sum is 0.
 *  @typedef {{view: View, model: Model, units: Layers, scales: import("./scales.js").AnyScale[][],
 *  outgoing: number[], lines: ((plot: Plot, u: number) => string) | null,
 *  network: import("./network.js").Network | null,
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
  /** @type {HTMLElement[]} */
  #inputs = [];
  /** @type {import("./wires.js").Box[][] | null} where they stand: asked once, as that has the page laid out */
  #boxes = null;

  /** @param {HTMLElement} section @param {Catalogue} catalogue @param {Handlers} handlers */
  constructor(section, catalogue, handlers) {
    this.catalogue = catalogue;
    this.handlers = handlers;
    this.choice = h("select", { id: "inside-model", onchange: () => handlers.oninside(this.choice.value) });
    this.edges = s("svg", { class: "edges", "aria-hidden": "true" });
    this.columns = h("div", { class: "columns" });
    this.detail = new Plot(catalogue.place(DEFAULTS), NODES);
    this.detail.element.addEventListener("click", (event) => {
      if (this.#shown?.model.isOfData) handlers.onpoint(this.detail.pointAt(event));
    });
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
    new ResizeObserver(() => {
      this.#boxes = null;
      this.#wire();
    }).observe(this.columns);
  }

  /** Say why there is nothing to draw of a model, or that there is, with null.
   *  @param {Model} model @param {string | null} reason */
  say(model, reason) {
    options(this.choice, named(mapped(this.catalogue).map(({ name }) => name)));
    this.choice.value = model.name;
    this.message.hidden = reason === null;
    this.message.textContent = reason === null ? "" : `${model.name} ${reason}.`;
    this.network.hidden = reason !== null;
  }

  /** Draw a model's run in a view; `all` are its fields by layer and unit.
   *  @param {View} view @param {Model} model @param {Layers} all */
  draw(view, model, all) {
    this.say(model, null);
    const place = placeIn(model, view);
    const held = place.isAverage ? " The other features are held here, not averaged over." : "";
    this.which.textContent = `This is run ${view.run}.${held}`;
    const network = model.network(view.run);
    const snapshot = model.snapshot(view.epoch);
    const weights = network?.at(snapshot) ?? null;
    const units = all.map((layer, l) => (l === all.length - 1 ? layer : layer.slice(0, MOST_UNITS)));
    const shown = {
      view,
      model,
      units,
      network,
      weights,
      scales: scalesOf(view, model, units, this.catalogue.range),
      outgoing: weights !== null && weights.length > 1 ? outgoing(weights[1].kernel).slice(0, MOST_UNITS) : [],
      lines: network === null ? null : linesOf(network, snapshot, place),
    };
    this.#shown = shown;
    const shape = JSON.stringify([model.name, model.version, units.map((layer) => layer.length)]);
    if (shape !== this.#built) this.#build(shown);
    this.#built = shape;
    this.detail.moveTo(place);
    this.#nodes.flat().forEach(({ plot }) => plot.moveTo(place));
    units.forEach((layer, l) => layer.forEach((values, u) => this.#drawUnit(shown, values, l, u)));
    this.#wire();
    this.#enlarge();
  }

  /** @param {Shown} shown */
  #build({ units, model, network }) {
    this.#hovered = null;
    this.#boxes = null;
    const last = units.length - 1;
    const names = inputsOf(model, network).slice(0, MOST_UNITS);
    this.#inputs = names.map((name) => h("span", { class: "input", title: name }, name));
    this.#nodes = units.map((layer, l) => layer.map((_, u) => this.#node(model, l, u, l === last)));
    const columns = this.#nodes.map((nodes, l) => {
      const all = l === last ? nodes.length : model.hiddenLayers[l];
      const few = nodes.length < all ? `, ${nodes.length} of ${all} units` : "";
      return column(
        l === last ? "Output" : `Layer ${l + 1}${few}`,
        nodes.map(({ button }) => button),
      );
    });
    this.columns.replaceChildren(column("Inputs", this.#inputs), ...columns);
  }

  /** @param {Model} model @param {number} l @param {number} u @param {boolean} isOutput
   *  @returns {UnitButton} */
  #node(model, l, u, isOutput) {
    const plot = new Plot(placeIn(model, /** @type {Shown} */ (this.#shown).view), NODES);
    const name = isOutput ? `Output: ${wordsOf(model, u)}` : `Layer ${l + 1}, unit ${u + 1}`;
    const id = isOutput && !model.quantity.isMulticlass ? null : `${l + 1}.${u + 1}`;
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
    const { plot, button } = this.#nodes[l][u];
    plot.paint({ values, labels: null }, shown.scales[l][u]);
    const chosen = this.#chosen(shown);
    button.setAttribute("aria-pressed", String(chosen.l === l && chosen.u === u));
    if (l === shown.units.length - 1) {
      plot.draw("boundary", shown.model.quantity.isValue ? "" : line(values, NODES, 0.5), -0.8);
    } else if (l === 0 && shown.lines) plot.draw("unit", shown.lines(plot, u), 0.4 + shown.outgoing[u] / 3);
  }

  /** The unit that is chosen in the address; else the output, of several classes that of the chosen one.
   *  @param {Shown} shown */
  #chosen({ view, model, units }) {
    const [l, u] = (view.unit ?? "").split(".").map((n) => Number(n) - 1);
    if (this.#nodes[l]?.[u]?.id === view.unit) return { l, u };
    return {
      l: units.length - 1,
      u: Math.max(0, model.quantity.isMulticlass ? model.quantity.classes.indexOf(view.class ?? "") : 0),
    };
  }

  /** Draw the unit under the pointer, else the one that is chosen. */
  #enlarge() {
    if (this.#shown === null) return;
    const { view, model, units, scales, lines, outgoing: widths } = this.#shown;
    const { l, u } = this.#hovered ?? this.#chosen(this.#shown);
    const isOutput = l === units.length - 1;
    const isClass = isOutput && !model.quantity.isValue;
    const values = units[l][u];
    const scale = scales[l][u];
    this.detail.paint({ values, labels: null }, scale);
    this.detail.draw("boundary", isClass ? line(values, NODES, 0.5) : "");
    const drawn = levelLines(values, NODES, isOutput && !isClass ? levels([scale.low, scale.high]) : []);
    this.detail.draw("level", drawn.path);
    this.detail.number(drawn.labels);
    this.detail.draw("point", model.isOfData ? this.detail.cross(view.point) : "");
    this.detail.clear("unit", 0);
    if (lines && units.length > 1 && (isOutput || l === 0)) {
      widths.forEach((width, i) => {
        if (isOutput || i === u) this.detail.draw(`unit:${i}`, lines(this.detail, i), width);
      });
    }
    this.title.textContent = isOutput ? `${model.name}: ${wordsOf(model, u)}` : `Layer ${l + 1}, unit ${u + 1}`;
    const span = /** @type {Interval} */ ([scale.low, scale.high]);
    this.scale.replaceChildren(
      isOutput ? wordsOf(model, u) : `a${l + 1}.${u + 1}`,
      scaleBar(scale, within(scale.low, span), within(scale.high, span)),
    );
    this.#explain(this.#shown, l, u);
  }

  /** Say what a unit computes, in numbers.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #explain({ model, weights, network }, l, u) {
    this.weights.replaceChildren();
    this.weights.hidden = weights === null;
    this.formula.textContent = "";
    this.words.textContent = weights === null ? model.askedBecause : roleOf(l, weights.length, model);
    if (weights === null || network === null) return;
    if (l === 0 && network.encoder.mean) this.words.append(" The features are standardized before they are weighted.");
    const { kernel, bias } = weights[l];
    const isOutput = l === weights.length - 1;
    const inputs = l === 0 ? inputsOf(model, network) : kernel.map((_, k) => `a${l}.${k + 1}`);
    const terms = inputs
      .slice(0, MOST_UNITS)
      .map((input, k) => `${k === 0 ? fixed(kernel[k][u], 2) : signed(kernel[k][u], 2)}·${input}`);
    const name = isOutput ? functionOf(model) : model.activations[l];
    const more = inputs.length > terms.length ? " …" : "";
    this.formula.textContent = `${name}(${terms.join(" ")}${more} ${signed(bias[u], 2)})`;
    const rows = inputs.map((input, k) => row(`weight of ${input}`, kernel[k][u]));
    rows.push(row("bias", bias[u]));
    weights[l + 1]?.kernel[u].forEach((weight, k) => {
      const isLast = l + 2 === weights.length;
      const output = model.quantity.isMulticlass ? `the output ${model.quantity.classes[k]}` : "the output";
      rows.push(row(`its weight in ${isLast ? output : `unit ${l + 2}.${k + 1}`}`, weight));
    });
    this.weights.append(h("table", {}, h("tbody", {}, rows)));
  }

  /** Draw the weights between the units, as thick as they are large, blue where negative. */
  #wire() {
    if (this.#shown === null || this.#shown.weights === null) {
      this.edges.replaceChildren();
      return;
    }
    this.#boxes ??= this.#measure();
    const { weights, view } = this.#shown;
    if (this.#boxes !== null) this.edges.replaceChildren(...wires(weights, this.#boxes, view.colours));
  }

  /** Where the inputs and units stand, by layer; null where nothing is shown.
   *  @returns {import("./wires.js").Box[][] | null} */
  #measure() {
    const { width, height } = this.columns.getBoundingClientRect();
    if (width === 0) return null;
    this.edges.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.edges.style.width = `${width}px`; // columns that are wider than the page scroll, and these with them
    return boxesIn(this.columns, [this.#inputs, ...this.#nodes.map((nodes) => nodes.map(({ button }) => button))]);
  }
}

/** @param {string} title @param {HTMLElement[]} all */
function column(title, all) {
  const units = h("div", { class: all.length > MOST_IN_A_COLUMN ? "units many" : "units" }, all);
  units.style.setProperty("--rows", String(Math.ceil(all.length / Math.ceil(all.length / MOST_IN_A_COLUMN))));
  return h("div", { class: "column" }, h("h3", {}, title), units);
}

/** @param {string} name @param {number} value */
const row = (name, value) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, number(value, 4)));
