// What is enlarged under the points: one run, the mean of all, or where they agree; and the small maps to choose from.

import { scaleOf } from "../explorer/colours.js";
import { isolated } from "../explorer/bidi.js";
import { h } from "../explorer/dom.js";
import { field, select } from "../explorer/selects.js";
import { agreementOf, meanOf, ofRun, scaleOfRuns, sound } from "./fields.js";
import { Maps } from "./maps.js";
import { NODES } from "./run.js";
import { namesOf } from "./settings.js";
import { shapeOf } from "./shapes.js";

/** @typedef {import("./worker.js").Progress} Progress */
/** @typedef {import("./training.js").Training} Training */
/** @typedef {import("./settings.js").Settings} Settings */

const CHOICES = { run: "one run", mean: "mean of the runs", agreement: "agreement", none: "the points alone" };

const AGREEMENT = "Light where all runs say the same class, dark where they differ.";

export class Stage {
  #network = 0;
  #run = 0;
  #chosen = "run";

  /** @param {HTMLElement} element of the small maps @param {import("./editor.js").Editor} editor
   *  @param {() => {settings: Settings, training: Training}} now */
  constructor(element, editor, now) {
    this.editor = editor;
    this.now = now;
    this.maps = new Maps(element, (network, run) => {
      [this.#network, this.#run, this.#chosen] = [network, run, "run"];
      this.enlarge();
    });
    this.what = select("what", CHOICES, (chosen) => {
      this.#chosen = chosen;
      this.enlarge();
    });
    this.whose = select("whose", {}, (network) => {
      this.#network = Number(network);
      this.enlarge();
    });
    this.meaning = h("p", { id: "meaning", class: "lead" });
    this.controls = h(
      "div",
      {},
      h("div", { class: "fields under" }, field("Show", this.what), field("of", this.whose)),
      this.meaning,
    );
  }

  /** What is enlarged, for a link. */
  get seen() {
    return { what: this.#chosen, network: this.#network, run: this.#run };
  }

  /** @param {import("./settings.js").Seen | null} seen what a link enlarges */
  look(seen) {
    if (seen === null) return;
    const { networks, runs } = this.now().settings;
    this.#chosen = Object.hasOwn(CHOICES, seen.what) ? seen.what : "run";
    this.#network = Math.min(seen.network, networks.length - 1);
    this.#run = Math.min(seen.run, runs - 1);
    this.enlarge();
  }

  /** @param {Settings} settings */
  offer({ networks, runs }) {
    this.whose.replaceChildren(...namesOf(networks).map((name, i) => h("option", { value: i }, name)));
    this.#network = Math.min(this.#network, networks.length - 1);
    this.#run = Math.min(this.#run, runs - 1);
  }

  /** Draw what runs have come to.
   *  @param {Set<Progress>} fresh none where something else has changed */
  show(fresh) {
    const { settings, training } = this.now();
    const scale = scaleOfRuns(settings.classes.length, settings.classes[1]);
    const names = namesOf(settings.networks);
    let isEnlarged = fresh.size === 0;
    for (const progress of fresh) {
      const { network, run } = progress;
      if (training.runs[network]?.[run] !== progress) continue;
      this.maps.show(progress, scale, names[network]);
      isEnlarged ||= network === this.#network && (run === this.#run || this.#chosen !== "run");
    }
    if (isEnlarged) this.enlarge();
  }

  /** Show what is chosen under the points. */
  enlarge() {
    const { settings, training } = this.now();
    [this.what.value, this.whose.value] = [this.#chosen, String(this.#network)];
    const all = training.of(this.#network);
    const one = training.runs[this.#network]?.[this.#run];
    const count = settings.classes.length;
    const isAgreement = this.#chosen === "agreement";
    const scale = isAgreement ? scaleOf("agreement", "", "", 1 / count) : scaleOfRuns(count, settings.classes[1]);
    this.maps.mark(this.#network, this.#chosen === "run" && one !== undefined ? this.#run : null);
    const shown = this.#field(one, all, count);
    this.editor.paint(shown, scale, !isAgreement);
    if (shown === null) this.meaning.textContent = this.#chosen === "none" ? "" : this.#diverged(one, all);
    else this.meaning.textContent = isAgreement ? AGREEMENT : this.#probability(settings.classes, shown);
  }

  /** Why there is no map although there are runs.
   *  @param {Progress | undefined} one @param {Progress[]} all */
  #diverged(one, all) {
    if (this.#chosen === "run") return one ? `Run ${this.#run} diverged: its weights are no numbers.` : "";
    return all.length === 0 ? "" : "All runs diverged: their weights are no numbers.";
  }

  /** What the colours of probabilities say, and the shape that the line between two classes has.
   *  @param {string[]} classes @param {Field} field */
  #probability(classes, { values, labels }) {
    const whose = this.#chosen === "run" ? `Run ${this.#run}` : "The mean of the runs";
    if (labels !== null) return `${whose}: each class has its hue; the stronger, the surer.`;
    const shape = shapeOf(values, NODES, classes);
    const [blue, orange] = classes.map(isolated);
    return `${whose}: ${shape}. Blue is class ${blue}, orange class ${orange}; the stronger, the surer.`;
  }

  /** @param {Progress | undefined} one @param {Progress[]} all @param {number} classes
   *  @returns {Field | null} */
  #field(one, all, classes) {
    if (this.#chosen === "run") return one === undefined || one.accuracy === null ? null : ofRun(one.field);
    const runs = sound(all);
    if (this.#chosen === "none" || runs.length === 0) return null;
    return this.#chosen === "mean" ? meanOf(runs) : agreementOf(runs, classes);
  }
}
