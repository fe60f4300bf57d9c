// A step as it is seen: the idea, the prediction, and the picture that moves.

import { h } from "../explorer/dom.js";
import { printed, withTerms } from "./glossary.js";
import { Player } from "./player.js";
import { Prediction } from "./prediction.js";

/** @typedef {import("./telling.js").Told} Told */

export class StepView {
  /** @type {Player | null} */
  player = null;
  #isBegun = false;

  /** @param {string} id @param {number} at its number, from 1 @param {Told} told */
  constructor(id, at, { title, idea, note, question, picture, look, end }) {
    this.title = title;
    this.heading = h("h2", { id: "step-title", tabindex: -1 }, h("span", { class: "number" }, `${at}. `), title);
    this.player = picture && new Player(picture);
    this.prediction =
      question &&
      new Prediction(
        id,
        question,
        (isKept) => this.#reveal(isKept),
        () => this.#hide(),
      );
    this.look = h("p", { class: "look" }, h("a", { href: look.href }, look.text));
    this.picture = h("div", { class: "picture" }, picture?.element, this.player?.element);
    this.element = h(
      "div",
      { class: picture ? "step" : "step alone" },
      h(
        "div",
        { class: "told" },
        this.heading,
        h("p", { class: "idea" }, withTerms(idea)),
        note ? h("p", { class: "note" }, note) : null,
        this.prediction?.element,
      ),
      picture ? this.picture : null,
      h("div", { class: "after" }, this.prediction?.result, this.look, end),
    );
    this.paper = h("div", { class: "on-paper" });
    this.element.append(this.paper);
  }

  /** Show what there is to see before the prediction; what was predicted in this session, and the end, if it was. */
  async begin() {
    if (this.#isBegun) return;
    await this.player?.picture.load();
    if (this.#isBegun) return; // it was asked for twice
    this.#isBegun = true;
    if (!this.prediction?.recall()) {
      if (this.prediction === null) this.#reveal(false);
      else this.#hide();
    }
    this.element.dataset.ready = "";
  }

  /** Nothing goes on where nobody looks. Who comes back sees the end, of which the words beside it speak. */
  end() {
    if (this.player?.isPlaying) this.player.seek(this.player.last);
  }

  /** On paper nothing can be pointed at, so the words are explained there: those of what was measured, too. */
  #explainOnPaper() {
    this.paper.replaceChildren(printed(this.element));
  }

  /** @param {boolean} isKept */
  #reveal(isKept) {
    this.look.hidden = false;
    this.#explainOnPaper();
    if (this.player === null) return;
    this.player.element.hidden = this.player.last === 0;
    this.player.begin(isKept);
    if (!isKept && this.prediction) this.picture.scrollIntoView({ block: "nearest" });
  }

  #hide() {
    this.look.hidden = true;
    this.#explainOnPaper();
    if (this.player === null) return;
    this.player.seek(0);
    this.player.element.hidden = true;
  }
}
