// One point through every network: each number between the inputs and P, side by side.

import { fixed, h, number, signed } from "./dom.js";
import { comparable, coordinate } from "./view.js";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A probability in four digits; where those do not tell it from 0 or 1, its distance from that: `1 − 3.2 × 10⁻⁷`.
 *  @param {number} p */
export function probability(p) {
  const far = Math.min(p, 1 - p);
  if (far >= 0.00005 || far === 0) return fixed(p, far === 0 ? 0 : 4);
  const [digits, power] = far.toExponential(1).split("e-");
  return `${p > 0.5 ? "1 − " : ""}${digits} × 10⁻${[...power].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;
}

/** A number in four significant digits or so: three of them after the point, fewer where it is large.
 *  @param {number} value */
const short = (value) => number(value, Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1)))));

/** @typedef {import("./network.js").Trace} Trace */

export class PointView {
  /** @type {Map<string, Promise<number>>} */
  #requests = new Map();
  /** @type {number[]} */
  #filled = [];

  /** @param {HTMLElement} section @param {Catalogue} catalogue @param {import("./service.js").Service} service
   *  @param {Handlers} handlers */
  constructor(section, catalogue, service, handlers) {
    this.catalogue = catalogue;
    this.service = service;
    this.handlers = handlers;
    const { names, x, y } = catalogue.domain;
    /** @param {string} id @param {Interval} interval */
    const input = (id, [min, max]) => {
      const attributes = { id, type: "number", step: "any", min, max, required: true };
      const element = h("input", { ...attributes, onchange: () => this.#choose() });
      element.addEventListener("keydown", (event) => this.#step(event, element));
      return element;
    };
    this.inputs = [input("x", x), input("y", y)];
    const fields = this.inputs.map((element, axis) => h("label", {}, h("span", {}, names[axis]), element));
    this.traces = h("div", { class: "traces" });
    this.which = h("span");
    section.replaceChildren(
      h("h2", { id: `${section.id}-title` }, "One point through every network"),
      h(
        "p",
        { class: "lead" },
        "Choose a point: click any map, or enter its coordinates. a1.2 is unit 2 of layer 1: its weighted sum, and " +
          "its output. The last column is what a value adds to the logit. ",
        this.which,
      ),
      h("form", { class: "fields", onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, fields),
      this.traces,
    );
  }

  /** Arrows go a sixtieth of the map, where a browser's own step of 1 would leave it.
   *  @param {KeyboardEvent} event @param {HTMLInputElement} element */
  #step(event, element) {
    const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sign === undefined || element.value === "") return;
    event.preventDefault();
    const [min, max] = [Number(element.min), Number(element.max)];
    const moved = element.valueAsNumber + (sign * (max - min)) / 60;
    element.value = String(coordinate(Math.min(max, Math.max(min, moved))));
    this.#choose();
  }

  #choose() {
    const [x, y] = this.inputs.map((input) => input.valueAsNumber);
    if (Number.isFinite(x) && Number.isFinite(y)) this.handlers.onpoint([x, y]);
  }

  /** Give the fields the point's coordinates, where they have changed: a drawing must not undo what is being typed.
   *  @param {View} view */
  fill({ point }) {
    this.inputs.forEach((input, axis) => {
      if (this.#filled[axis] !== point[axis]) input.value = String(point[axis]);
    });
    this.#filled = point;
  }

  /** @param {View} view */
  draw(view) {
    this.which.textContent = `These are the networks of run ${view.run}.`;
    this.traces.replaceChildren(...comparable(this.catalogue).map((model) => this.#trace(model, view)));
  }

  /** @param {Model} model @param {View} view */
  #trace(model, view) {
    const article = h("article", { class: "trace", "data-model": model.name }, h("h3", {}, model.name));
    const network = model.network(view.run);
    const reason = model.unavailableReason(view.run);
    if (network !== null) {
      const trace = network.trace(model.snapshot(view.epoch), view.point);
      article.replaceChildren(title(model, trace.probability), this.#table(model, trace, view));
    } else if (reason !== null) {
      article.append(h("p", {}, reason));
    } else {
      this.#request(model, view).then(
        (p) =>
          article.replaceChildren(title(model, p), h("p", {}, `The service computed P alone. ${model.askedBecause}`)),
        () => article.append(h("p", {}, "The service does not answer.")),
      );
    }
    return article;
  }

  /** P(y = 1) from the service, of a run after an epoch where the model has them; asked for once.
   *  @param {Model} model @param {View} view */
  #request(model, { point, run, epoch }) {
    const key = JSON.stringify([model.name, model.version, point, run, model.snapshot(epoch)]);
    const earlier = this.#requests.get(key);
    if (earlier !== undefined) return earlier;
    const request = model.card === null ? this.#predict(model, point) : this.#predictAt(model, point, run, epoch);
    request.catch(() => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }

  /** @param {Model} model @param {Point} point
   *  @returns {Promise<number>} */
  async #predict({ name }, point) {
    const { probabilities } = await this.service.json("predict", { model: name, points: [point] });
    return probabilities[0];
  }

  /** @param {Model} model @param {Point} point @param {number} replicate @param {number | null} epoch
   *  @returns {Promise<number>} */
  async #predictAt(model, point, replicate, epoch) {
    const inputs = { points: [point], replicate, snapshot: model.snapshot(epoch) };
    const path = `v1/models/${encodeURIComponent(model.name)}/versions/${model.version}:predict`;
    const { outputs } = await this.service.json(path, { signature_name: "at", inputs });
    return outputs[0];
  }

  /** @param {Model} model @param {Trace} trace @param {View} view */
  #table(model, trace, view) {
    const depth = trace.layers.length;
    const names = this.catalogue.domain.names;
    /** @param {string} name @param {(number | null)[]} cells */
    const row = (name, ...cells) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, name),
        cells.map((value) => h("td", {}, value === null ? "" : short(value))),
      );
    const inputs = names.map((name, k) => row(name, null, view.point[k], depth === 0 ? trace.contributions[k] : null));
    const hidden = trace.layers.map(({ sums, activations }, l) =>
      activations.map((value, u) =>
        row(`a${l + 1}.${u + 1}`, sums[u], value, l === depth - 1 ? trace.contributions[u] : null),
      ),
    );
    const heads = ["", "sum", depth === 0 ? "value" : model.card?.activation, "adds"];
    const coordinates = names.map((name, k) => `${name} = ${fixed(view.point[k])}`).join(", ");
    const parts = [inputs, ...hidden, [row("bias", null, null, trace.bias), row("logit", null, null, trace.logit)]];
    return h(
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
      parts.map((rows) => h("tbody", {}, rows)),
      h(
        "tfoot",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "row", colspan: 4 }, `sigmoid(${signed(trace.logit)}) = ${probability(trace.probability)}`),
        ),
      ),
    );
  }
}

/** @param {Model} model @param {number} p */
function title({ name }, p) {
  const value = h("data", { value: String(p), class: "probability" }, probability(p));
  return h("h3", {}, name, " ", h("span", { class: "p" }, "P = ", value, ` → class ${Number(p >= 0.5)}`));
}
