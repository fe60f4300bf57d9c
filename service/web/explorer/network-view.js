// Inside a model: its network, drawn with what each unit does, its units to be switched, and one of them enlarged.

import { BuildUp } from "./build-up.js";
import { h, s, say } from "./dom.js";
import { Enlargement } from "./enlargement.js";
import { FEW_NODES } from "./fields.js";
import { Inside } from "./inside.js";
import { line } from "./lines.js";
import { unitInWords } from "./made-of.js";
import { Plot } from "./map.js";
import { nodesOf } from "./network.js";
import { named, options } from "./selects.js";
import { settled } from "./spoken.js";
import { inputsOf, wordsOf } from "./units.js";
import { mapped, placeIn } from "./view.js";
import { boxesIn, wire } from "./wires.js";

/** Units of a layer that are drawn; of more there would be no end. */
const MOST_UNITS = 64;

/** Units of a layer that stand below each other. */
const MOST_IN_A_COLUMN = 12;

/** @typedef {import("./inside.js").Shown} Shown */
/** @typedef {{plot: Plot, button: HTMLButtonElement, shape: HTMLElement, id: string | null}} UnitButton */

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

  /** @param {HTMLElement} section @param {Catalogue} catalogue @param {import("./fields.js").Fields} fields
   *  @param {Handlers} handlers */
  constructor(section, catalogue, fields, handlers) {
    this.catalogue = catalogue;
    this.handlers = handlers;
    this.section = section;
    this.inside = new Inside(catalogue, fields);
    this.choice = h("select", { id: "inside-model", onchange: () => handlers.oninside(this.choice.value) });
    this.edges = s("svg", { class: "edges", "aria-hidden": "true" });
    this.columns = h("div", { class: "columns" });
    this.buildUp = new BuildUp(handlers);
    this.enlarged = new Enlargement(catalogue, handlers, (l, u) => this.buildUp.flipHere(l, u));
    this.tell = settled(this.#tell.bind(this));
    this.which = h("span");
    this.message = h("p", { hidden: true });
    this.network = h(
      "div",
      { class: "inside" },
      h(
        "div",
        { class: "parts" },
        this.buildUp.element,
        h("div", { class: "network" }, this.edges, this.columns),
        this.enlarged.weights,
      ),
      this.enlarged.element,
    );
    section.classList.add("waiting"); // its place is kept until there is a network to show
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
    this.section.classList.remove("waiting");
    options(this.choice, named(mapped(this.catalogue).map(({ name }) => name)));
    this.choice.value = model.name;
    this.message.hidden = reason === null;
    this.message.textContent = reason === null ? "" : `${model.name} ${reason}.`;
    this.network.hidden = reason !== null;
  }

  /** Draw a model's run in a view; `all` are its fields by layer and unit.
   *  @param {View} view @param {Model} model @param {Layers} all
   *  @param {boolean} isFollowing whether words wait until the epoch rests */
  draw(view, model, all, isFollowing = false) {
    if (!isFollowing) this.say(model, null);
    const shown = this.inside.of(view, model, all);
    const { place } = shown;
    const held = placeIn(model, view).isAverage ? " The other features are held here, not averaged over." : "";
    this.which.textContent = `This is run ${view.run}.${held}`;
    this.#shown = shown;
    const shape = JSON.stringify([model.name, model.version, all.map((layer) => layer.length)]);
    if (shape !== this.#built) this.#build(shown);
    this.#built = shape;
    this.#nodes.flat().forEach(({ plot }) => plot.moveTo(place));
    this.#nodes.forEach((layer, l) => layer.forEach((_, u) => this.#drawUnit(shown, l, u, isFollowing)));
    this.#enlarge(isFollowing);
    if (isFollowing) return;
    this.#wire(); // as long as drawing all else
    this.buildUp.show(shown);
    this.tell();
  }

  /** Say each unit's boundary to whoever does not see it. */
  *#tell() {
    const shown = this.#shown;
    if (shown === null) return;
    for (const [l, layer] of this.#nodes.entries()) {
      for (const [u, { plot, shape }] of layer.entries()) {
        const state = [shown.off[l]?.[u] ? "off" : "", (shown.dead.values[l]?.[u] ?? null) !== null ? "dead" : ""];
        say(shape, [...state.filter(Boolean), unitInWords(plot, shown, l, u)].join(", "));
        yield;
      }
    }
  }

  /** @param {Shown} shown */
  #build({ all, model, network }) {
    this.#hovered = null;
    this.#boxes = null;
    const last = all.length - 1;
    const names = inputsOf(model, network).slice(0, MOST_UNITS);
    this.#inputs = names.map((name) => h("span", { class: "input", title: name }, name));
    this.#nodes = all.map((layer, l) =>
      (l === last ? layer : layer.slice(0, MOST_UNITS)).map((_, u) => this.#node(model, l, u, l === last)),
    );
    const columns = this.#nodes.map((nodes, l) => {
      const count = l === last ? nodes.length : model.hiddenLayers[l];
      const few = nodes.length < count ? `, ${nodes.length} of ${count} units` : "";
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
    const plot = new Plot(placeIn(model, /** @type {Shown} */ (this.#shown).view), FEW_NODES);
    const name = isOutput ? `Output: ${wordsOf(model, u)}` : `Layer ${l + 1}, unit ${u + 1}`;
    const id = isOutput && !model.quantity.isMulticlass ? null : `${l + 1}.${u + 1}`;
    const shape = h("span", { class: "hidden", id: `unit-${l + 1}-${u + 1}-shape` });
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
        "aria-describedby": shape.id,
        onclick: () => this.handlers.onunit(id),
        onpointerenter: hover({ l, u }),
        onpointerleave: hover(null),
        onfocus: hover({ l, u }),
        onblur: hover(null),
      },
      plot.element,
      shape,
    );
    return { plot, button, shape, id };
  }

  /** @param {Shown} shown @param {number} l @param {number} u @param {boolean} isFollowing */
  #drawUnit(shown, l, u, isFollowing) {
    const { plot, button } = this.#nodes[l][u];
    const values = shown.units[l][u];
    plot.paint({ values, labels: null }, shown.scales[l][u]);
    if (l === shown.units.length - 1) {
      plot.draw("boundary", shown.model.quantity.isValue ? "" : line(values, nodesOf(values), 0.5), -0.8);
    } else if (l === 0 && shown.lines) plot.draw("unit", shown.lines(plot, u), 0.4 + shown.outgoing[u] / 3);
    if (isFollowing) return;
    const chosen = this.#chosen(shown);
    button.setAttribute("aria-pressed", String(chosen.l === l && chosen.u === u));
    button.classList.toggle("off", shown.off[l]?.[u] ?? false);
    button.classList.toggle("dead", (shown.dead.values[l]?.[u] ?? null) !== null);
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
  #enlarge(isFollowing = false) {
    if (this.#shown === null) return;
    const chosen = this.#chosen(this.#shown);
    const { l, u } = this.#hovered ?? chosen;
    this.enlarged.show(this.#shown, l, u, l === chosen.l && u === chosen.u, isFollowing);
  }

  /** Draw the weights between the units, as thick as they are large, blue where negative. */
  #wire() {
    if (this.#shown === null || this.#shown.weights === null) {
      this.edges.replaceChildren();
      return;
    }
    this.#boxes ??= this.#measure();
    const { weights, view, off } = this.#shown;
    if (this.#boxes !== null) wire(this.edges, weights, this.#boxes, view.colours, off);
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
