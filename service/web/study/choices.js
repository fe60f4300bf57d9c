// The controls: the measure, the two axes, the levels at which other factors are held, and the epoch.

import { epochText, h } from "../explorer/dom.js";
import { field, options, select, THEMES } from "../explorer/selects.js";
import { factorText, levelText, nameOf } from "./measures.js";
import { keyOf } from "./view.js";
import { writeWhere } from "./state.js";

const VIEW_NAMES = { boundaries: "boundaries", measured: "the measure alone" };

/** @param {number | null} epoch */
const whenText = (epoch) => (epoch === null ? "after each cell’s last" : epochText(epoch));

export class Choices {
  /** @type {number[]} */
  #epochs = [];
  #factors = "";
  #x = "";
  #y = "";
  /** @type {Map<string, HTMLSelectElement>} */
  #held = new Map();
  /** @type {Map<string, string>} */
  #levels = new Map();

  /** @param {HTMLElement} form @param {import("./state.js").State} state @param {HTMLElement} share */
  constructor(form, state, share) {
    this.state = state;
    this.slider = h("input", { id: "epoch", type: "range", min: 0, max: 0, step: 1, oninput: () => this.#seek() });
    this.output = h("output", { for: "epoch", "aria-live": "off" });
    /** @param {string} name @param {Record<string, string>} choices @param {string} [usual] */
    const of = (name, choices, usual) =>
      select(name, choices, (value) => state.set({ [name]: value === usual ? null : value }));
    this.metric = of("metric", {});
    this.x = select("x", {}, (x) => state.set({ x, y: x === this.y.value ? this.#x : this.y.value || null }));
    this.y = select("y", {}, (y) => state.set({ y, x: y === this.x.value ? this.#y : this.x.value || null }));
    this.shown = of("show", VIEW_NAMES, "boundaries");
    this.theme = select("theme", THEMES, (theme) => state.set({ theme }));
    this.xField = field("Across", this.x);
    this.yField = field("Down", this.y);
    this.others = h("div", { class: "fields" });
    form.append(
      h(
        "div",
        { class: "rail" },
        h(
          "div",
          { class: "player", role: "group", "aria-label": "Training" },
          h("label", { for: "epoch" }, "Epoch"),
          this.slider,
          this.output,
        ),
        h("div", { class: "beside" }, share),
      ),
      h(
        "div",
        { class: "fields" },
        field("Measure", this.metric),
        this.xField,
        this.yField,
        field("Cells show", this.shown),
        field("Theme", this.theme),
      ),
      this.others,
    );
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** @param {import("./study.js").Study} study @param {import("./view.js").StudyView} view */
  draw(study, view) {
    const { facts, varied } = study;
    this.#epochs = facts.epochs;
    const position = this.#epochs.findLastIndex((epoch) => view.epoch === null || epoch <= view.epoch);
    this.slider.max = String(Math.max(0, this.#epochs.length - 1));
    this.slider.value = String(Math.max(0, position));
    this.slider.disabled = this.#epochs.length < 2;
    this.output.textContent = this.#epochs.length === 0 ? "none recorded" : whenText(view.epoch);
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    const metrics = facts.metrics.includes(view.metric) ? facts.metrics : [view.metric, ...facts.metrics];
    options(this.metric, metrics.map((name) => [name, nameOf(name)]));
    this.metric.value = view.metric;
    for (const [element, value] of /** @type {[HTMLSelectElement, string | null][]} */ ([
      [this.x, view.x],
      [this.y, view.y],
    ])) {
      options(element, varied.map((name) => [name, factorText(name)]));
      element.value = value ?? "";
    }
    [this.#x, this.#y] = [view.x ?? "", view.y ?? ""];
    this.xField.hidden = varied.length < 2;
    this.yField.hidden = varied.length < 2;
    this.shown.value = view.show;
    this.theme.value = view.theme;
    this.#drawHeld(study, view);
  }

  /** A list for each factor that is held at a level.
   *  @param {import("./study.js").Study} study @param {import("./view.js").StudyView} view */
  #drawHeld({ levels }, { held }) {
    this.#levels = held;
    const factors = JSON.stringify([...held.keys()]);
    if (factors !== this.#factors) {
      this.#factors = factors;
      this.#held = new Map(
        [...held.keys()].map((name, i) => [name, select(`held-${i}`, {}, (level) => this.#hold(name, level))]),
      );
      this.others.replaceChildren(...[...this.#held].map(([name, list]) => field(factorText(name), list)));
    }
    this.others.hidden = held.size === 0;
    for (const [name, list] of this.#held) {
      const known = (levels.get(name) ?? []).filter((level) => keyOf(level) !== "");
      options(list, known.map((level) => [keyOf(level), levelText(level)]));
      list.value = held.get(name) ?? "";
    }
  }

  /** @param {string} name @param {string} level */
  #hold(name, level) {
    this.state.set({ where: writeWhere(new Map([...this.#levels, [name, level]])) });
  }

  #seek() {
    const position = Number(this.slider.value);
    this.state.set({ epoch: position === this.#epochs.length - 1 ? null : this.#epochs[position] });
  }
}
