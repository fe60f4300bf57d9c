// A prediction: what the reader expects, before what was measured is shown. It is kept for the session.

import { h, nonBreaking } from "../explorer/dom.js";
import { withTerms } from "./glossary.js";

/** What is asked, and what came of it: `right` is the position of the choice that the measurement bears out, null where
 *  it bears out none.
 *  @typedef {{question: string, choices: string[],
 *  measured: () => {right: number | null, words: (Node | string)[]}}} Question */

export class Prediction {
  /** @param {string} id of the step @param {Question} question
   *  @param {(isKept: boolean) => void} onreveal called when the answer is shown, or was already
   *  @param {() => void} onhide called when the reader guesses again */
  constructor(id, question, onreveal, onhide) {
    this.key = `lesson ${id}: ${question.question}`; // other models have another question
    this.question = question;
    this.onreveal = onreveal;
    this.onhide = onhide;
    this.radios = question.choices.map((_, i) => h("input", { type: "radio", name: id, value: i, id: `${id}-${i}` }));
    this.badges = question.choices.map(() => h("span", { class: "badges" }));
    this.fieldset = h(
      "fieldset",
      {},
      h("legend", {}, withTerms(question.question)),
      question.choices.map((text, i) =>
        h("label", { class: "choice", for: `${id}-${i}` }, this.radios[i], h("span", {}, text), this.badges[i]),
      ),
    );
    this.hint = h("span", { class: "hint", role: "status" });
    this.show = h("button", { class: "main" }, "Show me");
    this.again = h("button", { type: "button", hidden: true, onclick: () => this.hide() }, "Guess again");
    this.result = h("div", { class: "result", role: "status" });
    this.element = h(
      "form",
      {
        class: "prediction",
        "aria-label": "Your prediction",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.submit();
        },
        onchange: () => (this.hint.textContent = ""),
      },
      this.fieldset,
      h("p", { class: "row" }, this.show, this.again, this.hint),
    );
  }

  /** Show what was shown before in this session. */
  recall() {
    const kept = read(this.key);
    if (kept === null || !(kept in this.radios)) return false;
    this.radios[kept].checked = true;
    this.#reveal(kept, true);
    return true;
  }

  submit() {
    const chosen = this.radios.findIndex(({ checked }) => checked);
    if (chosen < 0) {
      this.hint.textContent = "Choose one first. A wrong guess teaches as much as a right one.";
      return;
    }
    write(this.key, chosen);
    this.#reveal(chosen, false);
    this.again.focus({ preventScroll: true }); // the button that was pressed is gone
  }

  hide() {
    write(this.key, null);
    for (const radio of this.radios) radio.checked = false;
    for (const badge of this.badges) badge.replaceChildren();
    this.result.replaceChildren();
    this.#lock(false);
    this.onhide();
    this.radios[0].focus({ preventScroll: true });
  }

  /** @param {number} chosen @param {boolean} isKept */
  #reveal(chosen, isKept) {
    const { right, words } = this.question.measured();
    const { choices } = this.question;
    this.#lock(true);
    this.badges[chosen].append(h("b", { class: "yours" }, "your guess"));
    if (right !== null) this.badges[right].append(h("b", { class: "measured" }, "measured"));
    const cameOut = right === null ? "Here none of the answers is right." : `It came out as “${choices[right]}”.`;
    const guess = `You guessed “${choices[chosen]}”`;
    const kindly = chosen === right ? `${guess}, and so it is.` : `${guess}. ${cameOut}`;
    this.result.replaceChildren(h("p", { class: "kindly" }, kindly), h("p", {}, broken(words)));
    this.onreveal(isKept);
  }

  /** @param {boolean} isLocked */
  #lock(isLocked) {
    this.fieldset.disabled = isLocked;
    this.show.hidden = isLocked;
    this.again.hidden = !isLocked;
  }
}

/** @param {(Node | string)[]} words */
const broken = (words) => words.flatMap((part) => (typeof part === "string" ? nonBreaking(part) : [part]));

/** @param {string} key */
function read(key) {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? null : Number(text);
  } catch {
    return null; // a browser may keep nothing
  }
}

/** @param {string} key @param {number | null} value */
function write(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, String(value));
  } catch {
    // it is shown all the same
  }
}
