// Inside a model: its network, drawn with what each unit does, its lines in the plane, and every weight.

import { scaleOf, signedScale } from "./colours.js";
import { options } from "./controls.js";
import { fixed, h, number, s, signed } from "./dom.js";
import { NODES } from "./fields.js";
import { scaleBar } from "./legend.js";
import { line, Plot } from "./map.js";
import { comparable } from "./view.js";

const THICKEST = 6; // pixels

export class Inside {
  #hovered = null;
  #built = "";

  constructor(section, catalogue, handlers) {
    Object.assign(this, { section, catalogue, handlers });
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
    const map = h("div", { class: "map", role: "img", "aria-labelledby": "detail-title", "aria-describedby": "detail-summary" }, this.detail.element);
    this.which = h("span");
    this.message = h("p", { hidden: true });
    this.network = h("div", { class: "inside" },
      h("div", { class: "network" }, this.edges, this.columns),
      h("div", { class: "detail" }, this.title, h("div", { class: "frame" }, map), this.scale, this.formula, this.words, this.weights));
    section.replaceChildren(
      section.querySelector("h2"),
      h("p", { class: "lead" }, "Each unit of the first layer parts the plane along one straight line; each unit after that adds up what those before it say. Thick connections weigh much: warm ones add, blue ones take away. Point at a unit to enlarge it, choose it to keep it. ", this.which),
      h("p", {}, h("label", {}, h("span", {}, "Model "), this.choice)),
      this.message,
      this.network,
    );
    new ResizeObserver(() => this.#wire()).observe(this.columns);
  }

  /** Say why there is nothing to draw of a model, or draw it. */
  say(model, reason) {
    options(this.choice, comparable(this.catalogue).map(({ name }) => [name, name]));
    this.choice.value = model.name;
    this.message.hidden = reason === null;
    this.message.textContent = reason === null ? "" : `${model.name} ${reason}.`;
    this.network.hidden = reason !== null;
  }

  /** Draw a model's run in a view; `units` are its fields by layer and unit. */
  draw(view, model, units) {
    Object.assign(this, { view, model, units });
    this.say(model, null);
    this.which.textContent = `This is run ${view.run}.`;
    const shape = JSON.stringify([model.name, model.version, units.map((layer) => layer.length)]);
    if (shape !== this.#built) this.#build(model, units);
    this.#built = shape;
    this.layers = model.network(view.run)?.at(model.snapshot(view.epoch)) ?? null;
    this.scales = units.map((layer, l) => this.#scale(layer, l === units.length - 1));
    this.outgoing = this.layers && this.layers.length > 1 ? this.#outgoing() : [];
    units.forEach((layer, l) => layer.forEach((values, u) => this.#drawUnit(values, l, u)));
    this.#wire();
    this.#enlarge();
  }

  #build(model, units) {
    this.#hovered = null;
    const last = units.length - 1;
    const inputs = h("div", { class: "column" }, h("h3", {}, "Inputs"), ...this.catalogue.domain.names.map((name) => h("span", { class: "input" }, name)));
    this.nodes = units.map((layer, l) => layer.map((_, u) => this.#node(l, u, l === last)));
    const columns = this.nodes.map((nodes, l) => h("div", { class: "column" }, h("h3", {}, l === last ? "Output" : `Layer ${l + 1}`), ...nodes.map(({ button }) => button)));
    this.columns.replaceChildren(inputs, ...columns);
    this.inputs = [...inputs.querySelectorAll(".input")];
  }

  #node(l, u, isOutput) {
    const plot = new Plot(this.catalogue.domain, NODES);
    const name = isOutput ? "Output: P(y = 1)" : `Layer ${l + 1}, unit ${u + 1}`;
    const id = isOutput ? null : `${l + 1}.${u + 1}`;
    const hover = (at) => () => {
      this.#hovered = at;
      this.#enlarge();
    };
    const button = h("button", {
      type: "button",
      class: "unit",
      "aria-label": name,
      onclick: () => this.handlers.onunit(id),
      onpointerenter: hover({ l, u }),
      onpointerleave: hover(null),
      onfocus: hover({ l, u }),
      onblur: hover(null),
    }, plot.element);
    return { plot, button, id };
  }

  #scale(layer, isOutput) {
    if (isOutput) return scaleOf("probability", this.view.colours);
    if (this.model.card.activation === "tanh") return signedScale(1, this.view.colours);
    const reach = layer.reduce((most, values) => values.reduce((m, v) => Math.max(m, Math.abs(v)), most), 1e-6);
    return signedScale(reach, this.view.colours);
  }

  #drawUnit(values, l, u) {
    const { plot, button, id } = this.nodes[l][u];
    plot.paint(values, this.scales[l]);
    button.setAttribute("aria-pressed", String(id === this.#chosen()));
    if (l === this.units.length - 1) plot.draw("boundary", line(values, NODES, 0.5), -0.8);
    else if (l === 0 && this.layers) plot.draw("unit", this.#lineOf(plot, u), 0.4 + this.outgoing[u] / 3);
  }

  /** The line w · x + b = 0 of a unit of the first layer. */
  #lineOf(plot, u) {
    const { kernel, bias } = this.layers[0];
    return plot.straight([kernel[0][u], kernel[1][u]], bias[u]);
  }

  /** How much the next layer makes of each unit: the length of its outgoing weights, in pixels of the widest. */
  #outgoing() {
    const lengths = this.layers[1].kernel.map((weights) => Math.hypot(...weights));
    const most = Math.max(...lengths, 1e-9);
    return lengths.map((length) => (THICKEST * length) / most);
  }

  /** The unit that is chosen, as the address has it; null for the output. */
  #chosen() {
    return this.nodes.flat().some(({ id }) => id === this.view.unit) ? this.view.unit : null;
  }

  #enlarge() {
    if (!this.units) return;
    const [chosenLayer, chosenUnit] = (this.#chosen() ?? `${this.units.length}.1`).split(".").map((n) => n - 1);
    const { l, u } = this.#hovered ?? { l: chosenLayer, u: chosenUnit };
    const isOutput = l === this.units.length - 1;
    const values = this.units[l][u];
    this.detail.paint(values, this.scales[l]);
    this.detail.draw("boundary", isOutput ? line(values, NODES, 0.5) : "");
    this.detail.draw("point", this.view.point ? this.detail.cross(this.view.point) : "");
    this.detail.clear("unit", 0);
    if (this.layers && this.units.length > 1 && (isOutput || l === 0)) {
      this.outgoing.forEach((width, i) => {
        if (isOutput || i === u) this.detail.draw(`unit:${i}`, this.#lineOf(this.detail, i), width);
      });
    }
    this.title.textContent = isOutput ? `${this.model.name}: P(y = 1)` : `Layer ${l + 1}, unit ${u + 1}`;
    const { low, high } = this.scales[l];
    this.scale.replaceChildren(isOutput ? "P(y = 1)" : `a${l + 1}.${u + 1}`, scaleBar(this.scales[l], fixed(low, 1), fixed(high, 1)));
    this.#tell(l, u, isOutput);
  }

  /** Say what a unit computes, in numbers. */
  #tell(l, u, isOutput) {
    this.weights.replaceChildren();
    this.weights.hidden = !this.layers;
    this.formula.textContent = "";
    if (!this.layers) {
      this.words.textContent = this.model.askedBecause;
      return;
    }
    const { kernel, bias } = this.layers[l];
    const inputs = l === 0 ? this.catalogue.domain.names : kernel.map((_, k) => `a${l}.${k + 1}`);
    const name = isOutput ? "sigmoid" : this.model.card.activation;
    const terms = inputs.map((input, k) => `${k === 0 ? fixed(kernel[k][u], 2) : signed(kernel[k][u], 2)}·${input}`);
    this.formula.textContent = `${name}(${terms.join(" ")} ${signed(bias[u], 2)})`;
    this.words.textContent = isOutput
      ? this.units.length > 1
        ? "Each line is where a unit of the first layer changes sides, as thick as what it weighs afterwards."
        : "Without a hidden layer there is one line: where this sum is 0."
      : l === 0
        ? "The line is where this sum is 0, as thick as what the unit weighs afterwards."
        : `A unit of a later layer: a sum of what the units before it do. a${l}.1 is what unit 1 of layer ${l} does.`;
    const rows = inputs.map((input, k) => h("tr", {}, h("th", { scope: "row" }, `weight of ${input}`), h("td", {}, number(kernel[k][u], 4))));
    rows.push(h("tr", {}, h("th", { scope: "row" }, "bias"), h("td", {}, number(bias[u], 4))));
    const next = this.layers[l + 1];
    next?.kernel[u].forEach((weight, k) => {
      const to = l + 2 === this.layers.length ? "in the output" : `in unit ${l + 2}.${k + 1}`;
      rows.push(h("tr", {}, h("th", { scope: "row" }, `its weight ${to}`), h("td", {}, number(weight, 4))));
    });
    this.weights.append(h("table", {}, h("tbody", {}, rows)));
  }

  /** Draw the weights between the units, as thick as they are large, blue where negative. */
  #wire() {
    if (!this.layers) return this.edges.replaceChildren();
    const { left, top, width, height } = this.columns.getBoundingClientRect();
    if (width === 0) return;
    this.edges.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const boxes = [this.inputs, ...this.nodes.map((nodes) => nodes.map(({ button }) => button))].map((elements) =>
      elements.map((element) => {
        const box = element.getBoundingClientRect();
        return { start: box.left - left, end: box.right - left, y: (box.top + box.bottom) / 2 - top };
      }),
    );
    const scale = signedScale(1, this.view.colours);
    const wires = this.layers.flatMap(({ kernel }, l) => {
      const most = Math.max(...kernel.flat().map(Math.abs), 1e-9);
      return kernel.flatMap((weights, from) =>
        weights.map((weight, to) => {
          const [a, b] = [boxes[l][from], boxes[l + 1][to]];
          const middle = (a.end + b.start) / 2;
          return s("path", {
            d: `M${a.end},${a.y}C${middle},${a.y} ${middle},${b.y} ${b.start},${b.y}`,
            stroke: scale.css(weight < 0 ? -0.75 : 0.75),
            "stroke-width": (0.4 + (THICKEST * Math.abs(weight)) / most).toFixed(2),
            "stroke-opacity": (0.25 + (0.65 * Math.abs(weight)) / most).toFixed(2),
          });
        }),
      );
    });
    this.edges.replaceChildren(...wires);
  }
}
