// One point through every network: each number between the inputs and P, side by side.

import { isolated } from "./bidi.js";
import { fixed, h, messageOf, number, signed, within } from "./dom.js";
import { shown } from "./place.js";
import { rangeOf } from "./scales.js";
import { isRefusal } from "./service.js";
import { DEFAULTS } from "./state.js";
import { coordinate, onPoints } from "./view.js";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A probability in four digits; where those do not tell it from 0 or 1, its distance from that: `1 − 3.2 × 10⁻⁷`.
 *  @param {number} p */
export function probability(p) {
  if (Number.isNaN(p)) return "not a number";
  const far = Math.min(p, 1 - p);
  if (far >= 0.00005 || far === 0) return fixed(p, far === 0 ? 0 : 4);
  const [digits, power] = far.toExponential(1).split("e-");
  return `${p > 0.5 ? "1 − " : ""}${digits} × 10⁻${[...power].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;
}

/** A number in four significant digits or so: three of them after the point, fewer where it is large.
 *  @param {number} value */
const short = (value) => number(value, Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1)))));

/** @typedef {import("./network.js").Trace} Trace */
/** @typedef {import("./network.js").Network} Network */

/** Classes of which a trace shows the probability; of more the most probable ones. */
const MOST_CLASSES = 5;

/** Rows of a trace that are all shown; where there are more they scroll. */
const MOST_ROWS = 40;

/** Characters of an input's name that has no room beside four columns of numbers. */
const LONG_INPUT = 12;

export class PointView {
  /** @type {Map<string, Promise<number[][]>>} */
  #requests = new Map();
  /** @type {number[]} */
  #filled = [];

  /** @param {HTMLElement} section @param {Catalogue} catalogue @param {import("./service.js").Service} service
   *  @param {Handlers} handlers */
  constructor(section, catalogue, service, handlers) {
    this.catalogue = catalogue;
    this.service = service;
    this.handlers = handlers;
    const input = (/** @type {string} */ id) => {
      const element = h("input", { id, type: "number", step: "any", required: true, onchange: () => this.#choose() });
      element.addEventListener("keydown", (event) => this.#step(event, element));
      return element;
    };
    this.inputs = [input("x"), input("y")];
    this.names = this.inputs.map(() => h("span"));
    const fields = this.inputs.map((element, axis) => h("label", {}, this.names[axis], element));
    this.#moveTo(catalogue.place(DEFAULTS));
    const isLong = catalogue.features.some(({ name, categories }) =>
      (categories?.map((category) => `${name} = ${category}`) ?? [name]).some(({ length }) => length > LONG_INPUT),
    );
    this.traces = h("div", { class: isLong ? "traces long" : "traces" });
    this.which = h("span");
    section.replaceChildren(
      h("h2", { id: `${section.id}-title` }, "One point through every network"),
      h(
        "p",
        { class: "lead" },
        "Choose a point: click any map, or enter its coordinates. a1.2 is unit 2 of layer 1: its weighted sum, and " +
          `its output. The last column is what a value adds to the ${sumOf(catalogue.quantity)}. `,
        this.which,
      ),
      h("form", { class: "fields", onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, fields),
      this.traces,
    );
  }

  /** @param {import("./place.js").Place} place */
  #moveTo({ titles, x, y }) {
    [x, y].forEach(([min, max], axis) => {
      [this.inputs[axis].min, this.inputs[axis].max] = [String(min), String(max)];
      this.names[axis].textContent = titles[axis];
    });
  }

  /** Arrows go a sixtieth of the map, where a browser's own step of 1 would leave it.
   *  @param {KeyboardEvent} event @param {HTMLInputElement} element */
  #step(event, element) {
    const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sign === undefined || element.value === "") return;
    event.preventDefault();
    const [min, max] = [Number(element.min), Number(element.max)];
    const moved = element.valueAsNumber + (sign * (max - min)) / 60;
    element.value = String(coordinate(Math.min(max, Math.max(min, moved)), [min, max]));
    this.#choose();
  }

  #choose() {
    const [x, y] = this.inputs.map((input) => input.valueAsNumber);
    if (Number.isFinite(x) && Number.isFinite(y)) this.handlers.onpoint([x, y]);
  }

  /** Give the fields the point's coordinates, where they have changed: a drawing must not undo what is being typed.
   *  @param {View} view */
  fill({ point, place }) {
    this.#moveTo(place);
    this.inputs.forEach((input, axis) => {
      if (this.#filled[axis] !== point[axis]) input.value = String(point[axis]);
    });
    this.#filled = point;
  }

  /** @param {View} view */
  draw(view) {
    const others = view.place.others.map((i) => view.place.features[i]);
    const held = others.slice(0, 8).map((feature) => `${isolated(feature.name)} = ${this.#held(view, feature)}`);
    const more = others.length > held.length ? " and so on, as held above" : "";
    const where = held.length === 0 ? "" : ` The other features: ${held.join(", ")}${more}.`;
    this.which.textContent = `These are the networks of run ${view.run}.${where}`;
    this.traces.replaceChildren(...onPoints(this.catalogue).map((model) => this.#traceOrFault(model, view)));
  }

  /** A fault costs no other model's.
   *  @param {Model} model @param {View} view */
  #traceOrFault(model, view) {
    try {
      return this.#trace(model, view);
    } catch (error) {
      const why = h("p", {}, `cannot be followed here: ${messageOf(error)}`);
      return h("article", { class: "trace", "data-model": model.name }, h("h3", {}, model.name), why);
    }
  }

  /** @param {View} view @param {Feature} feature */
  #held({ place }, feature) {
    const value = place.held[place.features.indexOf(feature)];
    return feature.categories ? isolated(shown(feature, value)) : within(value, [feature.low, feature.high], 1);
  }

  /** @param {Model} model @param {View} view */
  #trace(model, view) {
    const article = h("article", { class: "trace", "data-model": model.name }, h("h3", {}, model.name));
    const network = model.network(view.run);
    const reason = model.unavailableReason(view.run);
    const point = /** @type {number[]} */ (view.place.with(view.point));
    if (network !== null) {
      const trace = network.trace(model.snapshot(view.epoch), point);
      article.replaceChildren(this.#title(model, trace.outputs), this.#table(model, network, trace, view, point));
    } else if (reason !== null) {
      article.append(h("p", {}, reason));
    } else {
      const what = model.quantity.isValue ? "this" : "P";
      this.#request(model, point, view).then(
        ([outputs]) =>
          article.replaceChildren(
            this.#title(model, outputs),
            h("p", {}, `The service computed ${what} alone. ${model.askedBecause ?? ""}`),
          ),
        (error) => article.append(h("p", {}, isRefusal(error) ? error.message : "The service does not answer.")),
      );
    }
    return article;
  }

  /** Outputs from the service, of a run after an epoch where the model has them; asked for once.
   *  @param {Model} model @param {number[]} point @param {View} view */
  #request(model, point, { run, epoch }) {
    const key = JSON.stringify([model.name, model.version, point, run, model.snapshot(epoch)]);
    const earlier = this.#requests.get(key);
    if (earlier !== undefined) return earlier;
    const request = model.outputsAt(this.service, [point], run, model.snapshot(epoch));
    request.catch(() => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }

  /** What a model makes of the point, in a line.
   *  @param {Model} model @param {number[]} outputs */
  #title({ name, quantity }, outputs) {
    if (quantity.isValue) {
      const span = this.catalogue.range ?? rangeOf([0, ...outputs]);
      const values = outputs.flatMap((one, k) => [
        k > 0 ? ", " : "",
        h("data", { value: String(one) }, within(one, span, 2)),
      ]);
      return h("h3", {}, name, " ", h("span", { class: "p probability" }, `${quantity.subject} = `, ...values));
    }
    const [label] = quantity.labels(outputs.map((p) => [p]));
    const p = quantity.isMulticlass ? outputs[label] : outputs[0];
    const value = h("data", { value: String(p), class: "probability" }, probability(p));
    if (quantity.isMulticlass) {
      return h("h3", {}, name, " ", h("span", { class: "p" }, `${quantity.className(label)}: P = `, value));
    }
    const what = quantity.isPlain ? "P" : quantity.name(null);
    return h("h3", {}, name, " ", h("span", { class: "p" }, `${what} = `, value, ` → ${quantity.className(label)}`));
  }

  /** @param {Model} model @param {Network} network @param {Trace} trace @param {View} view @param {number[]} point */
  #table(model, network, trace, view, point) {
    const { quantity, activations } = model;
    const depth = trace.layers.length;
    const { kernel, bias } = network.at(model.snapshot(view.epoch))[depth];
    const c = quantity.isMulticlass ? quantity.labels(trace.outputs.map((p) => [p]))[0] : 0;
    const last = depth === 0 ? trace.inputs : trace.layers[depth - 1].activations;
    const adds = last.map((value, k) => value * kernel[k][c]);
    const inputs = this.#inputs(network, trace, point).map(([name, raw, value], k) =>
      row(name, raw, value, depth === 0 ? adds[k] : null),
    );
    const hidden = trace.layers.map(({ sums, activations: outputs }, l) =>
      outputs.map((value, u) => row(`a${l + 1}.${u + 1}`, sums[u], value, l === depth - 1 ? adds[u] : null)),
    );
    const isOne = new Set(activations).size === 1;
    const heads = [
      "",
      network.encoder.mean ? "raw, sum" : "sum",
      depth === 0 || !isOne ? "value" : activations[0],
      "adds",
    ];
    const sum = quantity.isValue ? quantity.subject : "logit";
    const end = [row("bias", null, null, bias[c]), row(sum, null, null, trace.logits[c])];
    const { titles, x, y } = view.place;
    const rows = [inputs, ...hidden, end];
    const coordinates = titles.map((name, k) => `${name} = ${within(view.point[k], [x, y][k], 2)}`).join(", ");
    const table = h(
      "table",
      {},
      h("caption", { class: "hidden" }, `${model.name} at ${coordinates}`),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((name) => (name ? h("th", { scope: "col" }, name) : h("td"))),
        ),
      ),
      rows.map((part) => h("tbody", {}, part)),
      h("tfoot", {}, conclusion(quantity, trace)),
    );
    if (rows.flat().length <= MOST_ROWS) return table;
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Numbers of ${model.name}` }, table);
  }

  /** The network's inputs: name, the raw value where it is another, and the value.
   *  @param {Network} network @param {Trace} trace @param {number[]} point
   *  @returns {[string, number | null, number][]} */
  #inputs({ encoder }, { inputs }, point) {
    const raw = this.catalogue.features.flatMap(({ categories }, i) =>
      categories ? categories.map(() => null) : [point[i]],
    );
    return inputs.map((value, k) => [encoder.names[k], encoder.isIdentity || raw[k] === value ? null : raw[k], value]);
  }
}

/** What each value adds to.
 *  @param {Model["quantity"]} quantity */
const sumOf = ({ isValue, isMulticlass }) =>
  isValue ? "value" : isMulticlass ? "logit of the most probable class" : "logit";

/** What follows from the sums, a row each.
 *  @param {Model["quantity"]} quantity @param {Trace} trace */
function conclusion(quantity, { logits, outputs }) {
  /** @param {string} text */
  const line = (text) => h("tr", {}, h("th", { scope: "row", colspan: 4 }, text));
  if (quantity.isValue) return [];
  if (!quantity.isMulticlass) return [line(`sigmoid(${signed(logits[0])}) = ${probability(outputs[0])}`)];
  const order = outputs.map((_, c) => c).sort((a, b) => outputs[b] - outputs[a]);
  const first = order.slice(0, MOST_CLASSES).map((c) => line(`${quantity.className(c)}: ${probability(outputs[c])}`));
  const left = order.length - MOST_CLASSES;
  return left > 0 ? [...first, line(`and ${left} less probable`)] : first;
}

/** @param {string} name @param {(number | null)[]} cells */
const row = (name, ...cells) =>
  h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    cells.map((value) => h("td", {}, value === null ? "" : short(value))),
  );
