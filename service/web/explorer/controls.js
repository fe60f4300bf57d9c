// The controls: the epoch with its player, the run, the statistic, and how it is drawn.

import { PALETTES } from "./colours.js";
import { epochText, h } from "./dom.js";
import { Quantity } from "./quantity.js";
import { field, named, options, select, THEMES } from "./selects.js";
import { DEFAULTS } from "./state.js";

const STATISTICS = {
  probability: "probability of one run",
  mean: "mean of all runs",
  std: "spread of all runs",
  agreement: "agreement of all runs",
};
/** The same where models give values. */
const OF_VALUES = { probability: "value of one run", mean: "mean of all runs", std: "spread of all runs" };
const MOST_PROBABLE = "the most probable";
const POINTS = { all: "all", test: "test only", none: "none" };
/** @param {boolean} hasNotebook whether the experiment is the notebook's
 *  @returns {[string, string][]} */
const palettes = (hasNotebook) =>
  PALETTES.map((name) => {
    const whose = name === "red-blue" && hasNotebook ? " (notebook)" : "";
    return [name, `${name.replace("-", " and ")}${whose}`];
  });

const STEPS_A_SECOND = 12;
const STEPS_A_SECOND_WITH_REDUCED_MOTION = 2;

const NOTHING = new Quantity("binary", ["0", "1"], "label");

/** What stays as it is when another experiment is chosen.
 *  @param {Values} values */
const kept = ({ run, statistic, points, colours, theme }) => ({ run, statistic, points, colours, theme });

/** What unfolds choices on a small screen, where they would take the place of the maps.
 *  @param {HTMLElement} fields */
function more(fields) {
  const unfold = () => {
    const isOpen = fields.classList.toggle("open");
    button.setAttribute("aria-expanded", String(isOpen));
  };
  const attributes = { type: "button", class: "more", "aria-expanded": "false", "aria-controls": fields.id };
  const button = h("button", { ...attributes, onclick: unfold }, "More");
  return button;
}

export class Controls {
  #timer = 0;
  /** @type {number[]} */
  #epochs = [];

  /** @param {HTMLFormElement} form @param {import("./state.js").State} state @param {HTMLElement} share */
  constructor(form, state, share) {
    this.state = state;
    this.play = h("button", { type: "button", id: "play", onclick: () => this.toggle() });
    this.back = h(
      "button",
      { type: "button", id: "back", "aria-label": "Previous recorded epoch", onclick: () => this.step(-1) },
      "‹",
    );
    this.on = h(
      "button",
      { type: "button", id: "on", "aria-label": "Next recorded epoch", onclick: () => this.step(1) },
      "›",
    );
    this.slider = h("input", { id: "epoch", type: "range", min: 0, max: 0, step: 1, oninput: () => this.#seek() });
    this.text = h("span");
    const output = h("output", { for: "epoch", "aria-live": "off" }, this.text);
    this.run = select("run", {}, (value) => state.set({ run: Number(value) }));
    this.experiment = select("experiment", {}, (value) =>
      state.set({ ...DEFAULTS, ...kept(state.values), experiment: value }),
    );
    this.class = select("class", {}, (value) => state.set({ class: value === "" ? null : value }));
    this.classField = field("Class", this.class);
    /** @param {string} name @param {Record<string, string>} choices */
    const of = (name, choices) => select(name, choices, (value) => state.set({ [name]: value }));
    this.choices = {
      statistic: of("statistic", STATISTICS),
      points: of("points", POINTS),
      colours: of("colours", Object.fromEntries(palettes(true))),
      theme: of("theme", THEMES),
    };
    this.experimentField = field("Experiment", this.experiment);
    const player = h(
      "div",
      { class: "player", role: "group", "aria-label": "Training" },
      this.play,
      this.back,
      this.on,
      h("label", { for: "epoch" }, "Epoch"),
      h("div", { class: "track" }, this.slider),
      output,
    );
    const fields = h(
      "div",
      { class: "fields", id: "choices" },
      this.experimentField,
      field("Statistic", this.choices.statistic),
      this.classField,
      field("Run", this.run),
      field("Points", this.choices.points),
      field("Colours", this.choices.colours),
      field("Theme", this.choices.theme),
    );
    form.append(h("div", { class: "rail" }, player, h("div", { class: "beside" }, share, more(fields))), fields);
    form.addEventListener("submit", (event) => event.preventDefault());
    const nothing = { epochs: [], runs: 1, experiments: [], experiment: null, quantity: NOTHING, hasNotebook: true };
    this.show(nothing, state.values);
  }

  /** Show a view's choices, and what there is to choose from.
   *  @param {Pick<Catalogue, "epochs" | "runs" | "experiments" | "experiment" | "quantity" | "hasNotebook">} catalogue
   *  @param {Omit<Values, "a" | "b">} view */
  show(catalogue, view) {
    this.#epochs = catalogue.epochs;
    this.slider.max = String(Math.max(0, this.#epochs.length - 1));
    this.showEpoch(view.epoch);
    options(
      this.run,
      Array.from({ length: catalogue.runs }, (_, run) => [`${run}`, run === 0 ? "0 (served)" : `${run}`]),
    );
    options(this.experiment, named(catalogue.experiments));
    this.experimentField.hidden = catalogue.experiments.length < 2;
    if (catalogue.experiment) this.experiment.value = catalogue.experiment;
    this.run.value = String(view.run);
    this.run.disabled = view.statistic !== "probability" || catalogue.runs < 2;
    this.#showQuantity(catalogue.quantity, view);
    this.choices.statistic.value = view.statistic;
    this.choices.points.value = view.points;
    options(this.choices.colours, palettes(catalogue.hasNotebook));
    this.choices.colours.value = view.colours;
    this.choices.theme.value = view.theme;
  }

  /** Show another epoch, null for the last, and all else as it is.
   *  @param {number | null} wanted */
  showEpoch(wanted) {
    const position = this.#epochs.findLastIndex((epoch) => wanted === null || epoch <= wanted);
    this.slider.value = String(Math.max(0, position));
    this.slider.disabled = this.play.disabled = this.#epochs.length < 2;
    this.back.disabled = this.play.disabled || position <= 0;
    this.on.disabled = this.play.disabled || position >= this.#epochs.length - 1;
    const epoch = this.#epochs[Math.max(0, position)];
    const text = epoch === undefined ? "none recorded" : epochText(epoch, this.#epochs.at(-1));
    this.text.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.#label();
  }

  /** @param {Catalogue["quantity"]} quantity @param {Omit<Values, "a" | "b">} view */
  #showQuantity({ isValue, isMulticlass, classes }, view) {
    options(this.choices.statistic, Object.entries(isValue ? OF_VALUES : STATISTICS));
    this.classField.hidden = !isMulticlass;
    if (!isMulticlass) return;
    /** @type {[string, string][]} */
    const most = view.statistic === "std" ? [] : [["", MOST_PROBABLE]];
    options(this.class, [...most, ...named(classes)]);
    this.class.value = view.class ?? "";
    this.class.disabled = view.statistic === "agreement";
  }

  get isPlaying() {
    return this.#timer !== 0;
  }

  toggle() {
    if (this.isPlaying) {
      this.#stop();
      return;
    }
    if (Number(this.slider.value) >= this.#epochs.length - 1) this.#choose(0);
    const slow = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#timer = setInterval(() => this.#tick(), 1000 / (slow ? STEPS_A_SECOND_WITH_REDUCED_MOTION : STEPS_A_SECOND));
    this.#label();
  }

  /** @param {number} by */
  step(by) {
    this.#stop();
    this.#choose(Number(this.slider.value) + by);
  }

  /** Whether the next step may be taken: what is shown has been drawn. Set by the page. */
  isDrawn = () => true;

  #tick() {
    if (!this.isDrawn()) return;
    this.#choose(Number(this.slider.value) + 1);
    if (Number(this.slider.value) >= this.#epochs.length - 1) this.#stop();
  }

  #seek() {
    this.#stop();
    this.#choose(Number(this.slider.value));
  }

  /** @param {number} position */
  #choose(position) {
    const within = Math.min(this.#epochs.length - 1, Math.max(0, position));
    this.state.set({ epoch: within === this.#epochs.length - 1 ? null : this.#epochs[within] });
  }

  #stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#label();
  }

  #label() {
    const text = this.isPlaying ? "Pause" : "Play";
    if (this.play.textContent !== text) this.play.textContent = text;
  }
}
