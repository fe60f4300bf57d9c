// One point's way through every model: each number between the inputs and P, beside each other.

import { fixed, h, number, signed } from "./dom.js";
import { comparable, coordinate } from "./view.js";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A probability in four digits, or where those do not tell it from 0 or 1, how far from that it is: `1 − 3.2 × 10⁻⁷`. */
export function probability(p) {
  const far = Math.min(p, 1 - p);
  if (far >= 0.00005 || far === 0) return fixed(p, far === 0 ? 0 : 4);
  const [digits, power] = far.toExponential(1).split("e-");
  return `${p > 0.5 ? "1 − " : ""}${digits} × 10⁻${[...power].map((digit) => SUPERSCRIPTS[digit]).join("")}`;
}

/** A number in four significant digits or so: three of them after the point, less where it is large. */
const short = (value) => number(value, Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1)))));

export class Point {
  #asked = new Map();
  #filled = [];

  constructor(section, catalogue, service, handlers) {
    Object.assign(this, { section, catalogue, service });
    const { names, x, y } = catalogue.domain;
    const input = (id, label, [min, max]) => {
      const element = h("input", { id, type: "number", step: "any", min, max, required: true, onchange: () => this.#choose(handlers) });
      element.addEventListener("keydown", (event) => this.#step(event, element, handlers));
      return [element, h("label", {}, h("span", {}, label), element)];
    };
    const [first, firstField] = input("x", names[0], x);
    const [second, secondField] = input("y", names[1], y);
    this.inputs = [first, second];
    this.ways = h("div", { class: "ways" });
    this.which = h("span");
    section.replaceChildren(
      section.querySelector("h2"),
      h("p", { class: "lead" }, "Choose a point: click into any map, or give its coordinates. a1.2 is what unit 2 of layer 1 makes of its sum; what the last layer adds comes to the logit. ", this.which),
      h("form", { class: "fields", onsubmit: (event) => event.preventDefault() }, firstField, secondField),
      this.ways,
    );
  }

  /** Arrows go a sixtieth of the map, where a browser's own step of 1 would leave it. */
  #step(event, element, handlers) {
    const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sign === undefined || element.value === "") return;
    event.preventDefault();
    const moved = element.valueAsNumber + (sign * (element.max - element.min)) / 60;
    element.value = coordinate(Math.min(element.max, Math.max(element.min, moved)));
    this.#choose(handlers);
  }

  #choose({ onpoint }) {
    const point = this.inputs.map((input) => input.valueAsNumber);
    if (point.every(Number.isFinite)) onpoint(point);
  }

  /** Give the fields the point's coordinates: those that have changed, as a drawing must not take away what is being typed. */
  fill({ point }) {
    this.inputs.forEach((input, axis) => {
      if (this.#filled[axis] !== point[axis]) input.value = point[axis];
    });
    this.#filled = point;
  }

  draw(view) {
    this.which.textContent = `These are the networks of run ${view.run}.`;
    this.ways.replaceChildren(...comparable(this.catalogue).map((model) => this.#way(model, view)));
  }

  #way(model, view) {
    const title = (p) => h("h3", {}, model.name, " ", h("span", { class: "p" }, "P = ", h("data", { value: String(p), class: "probability" }, probability(p)), ` → class ${Number(p >= 0.5)}`));
    const network = model.network(view.run);
    if (network !== null) {
      const way = network.through(model.snapshot(view.epoch), view.point);
      return h("article", { class: "way", "data-model": model.name }, title(way.probability), this.#table(model, way, view));
    }
    const lacking = model.card === null ? null : model.lacks(view.run);
    if (lacking !== null) return h("article", { class: "way" }, h("h3", {}, model.name), h("p", {}, lacking));
    const article = h("article", { class: "way", "data-model": model.name }, h("h3", {}, model.name));
    this.#ask(model, view).then(
      (probability) => article.replaceChildren(title(probability), h("p", {}, `The service computed P alone. ${model.askedBecause}`)),
      () => article.append(h("p", {}, "The service does not answer.")),
    );
    return article;
  }

  /** P(y = 1) from a model that the page does not evaluate: of a run after an epoch where it has them. */
  #ask(model, { point, run, epoch }) {
    const snapshot = model.card === null ? null : model.snapshot(epoch);
    const key = JSON.stringify([model.name, model.version, point, run, snapshot]);
    if (!this.#asked.has(key)) {
      const asked = snapshot === null ? this.#predict(model, point) : this.#predictAt(model, point, run, snapshot);
      asked.catch(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return this.#asked.get(key);
  }

  async #predict({ name }, point) {
    const { probabilities } = await this.service.json("/predict", { model: name, points: [point] });
    return probabilities[0];
  }

  async #predictAt({ name, version }, point, replicate, snapshot) {
    const body = { signature_name: "at", inputs: { points: [point], replicate, snapshot } };
    const path = `/v1/models/${encodeURIComponent(name)}/versions/${version}:predict`;
    const { outputs } = await this.service.json(path, body);
    return outputs[0];
  }

  #table(model, way, view) {
    const depth = way.layers.length;
    const names = this.catalogue.domain.names;
    const row = (name, ...cells) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((value) => h("td", {}, value === null ? "" : short(value))));
    const inputs = names.map((name, k) => row(name, null, view.point[k], depth === 0 ? way.contributions[k] : null));
    const hidden = way.layers.map(({ sums, activations }, l) =>
      activations.map((value, u) => row(`a${l + 1}.${u + 1}`, sums[u], value, l === depth - 1 ? way.contributions[u] : null)),
    );
    const parts = [inputs, ...hidden, [row("bias", null, null, way.bias), row("logit", null, null, way.logit)]];
    return h("table", {},
      h("caption", { class: "hidden" }, `${model.name} at ${names.map((name, k) => `${name} = ${fixed(view.point[k])}`).join(", ")}`),
      h("thead", {}, h("tr", {}, ["", "sum", depth === 0 ? "value" : model.card.activation, "adds"].map((name) => (name ? h("th", { scope: "col" }, name) : h("td"))))),
      parts.map((rows) => h("tbody", {}, rows)),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: 4 }, `sigmoid(${signed(way.logit)}) = ${probability(way.probability)}`))),
    );
  }
}
