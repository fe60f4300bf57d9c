// When learning happened: a run's accuracy, or R², at every recorded epoch, a small line below its map with a mark at
// the epoch that is shown.

import { fixed, h, messageOf, s } from "./dom.js";

const HEIGHT = 100; // units, whatever the pixels

/** One model's curve. All are drawn over the slider's positions and one range, so that they can be compared. */
export class Curve {
  /** @type {LearningCurve | null | undefined} */
  #run;
  #low = 0;
  /** @type {number[]} */
  #positions = [];
  /** @type {number | null} */
  #epoch = null;

  /** @param {(position: number) => void} onposition called with the slider's position that was clicked
   *  @param {string} score what it is of */
  constructor(onposition, score) {
    this.score = score;
    this.line = s("path", { class: "line" });
    this.now = s("line", { class: "now", y1: 0, y2: HEIGHT });
    this.svg = s("svg", { preserveAspectRatio: "none", role: "img" }, this.line, this.now);
    this.plot = h("div", { class: "drawn" }, this.svg);
    this.lowest = h("span");
    this.element = h(
      "div",
      { class: "curve", onclick: (/** @type {MouseEvent} */ event) => onposition(this.#positionAt(event)) },
      this.plot,
      h("div", { class: "range", "aria-hidden": "true" }, h("span", {}, "1.0"), this.lowest),
    );
    this.show(null, [], 0);
  }

  /** @param {LearningCurve | null} run null where there is nothing to show
   *  @param {number[]} positions the epochs that the slider goes through
   *  @param {number} low the score at the bottom; the top is 1 */
  show(run, positions, low) {
    if (this.#run === run && this.#low === low) return;
    [this.#run, this.#positions, this.#low] = [run, positions, low];
    this.element.classList.toggle("empty", run === null);
    if (run === null) return;
    const { epochs, scores } = run;
    /** @param {number} score */
    const y = (score) => ((HEIGHT * (1 - Math.max(low, score))) / (1 - low)).toFixed(1);
    const points = epochs.map((epoch, i) => `${positions.indexOf(epoch)},${y(scores[i])}`);
    this.svg.setAttribute("viewBox", `0 0 ${Math.max(1, positions.length - 1)} ${HEIGHT}`);
    this.line.setAttribute("d", `M${points.join("L")}`);
    const best = scores.indexOf(Math.max(...scores));
    const [first, last] = [scores[0], scores[scores.length - 1]].map((score) => fixed(score, 2));
    const words = `from ${first} at first to ${last} in the end, best after epoch ${epochs[best]}`;
    this.lowest.textContent = fixed(low, 1);
    this.mark(this.#epoch);
    this.svg.setAttribute("aria-label", `Test ${this.score} by epoch: ${words}`);
  }

  /** Mark where the slider is. With every frame: a line that is drawn anew costs less than one that is moved, for which
   *  the browser sorts out all of the page's layers again.
   *  @param {number | null} epoch */
  mark(epoch) {
    this.#epoch = epoch;
    const position = epoch === null ? -1 : this.#positions.indexOf(epoch);
    if (position >= 0) for (const end of ["x1", "x2"]) this.now.setAttribute(end, String(position));
  }

  /** @param {MouseEvent} event */
  #positionAt({ clientX }) {
    const { left, width } = this.plot.getBoundingClientRect();
    const last = this.#positions.length - 1;
    return Math.max(0, Math.min(last, Math.round(((clientX - left) / width) * last)));
  }
}

/** On a busy machine the browser may never have nothing better to do. */
const MAX_IDLE_WAIT_MS = 300;

/** Once the browser has nothing better to do, or after a moment; not every browser says when.
 *  @param {() => void} act */
export function soon(act) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(act, { timeout: MAX_IDLE_WAIT_MS });
  else setTimeout(act, 50);
}

/** The curves of all panels. */
export class Curves {
  /** @type {number | null | undefined} */
  #shown;

  /** @param {import("./panels.js").ModelPanel[]} panels @param {import("./fields.js").Fields} fields
   *  @param {number[]} positions the epochs that the slider goes through */
  constructor(panels, fields, positions) {
    this.panels = panels;
    this.fields = fields;
    this.positions = positions;
  }

  /** Show a view's run once there is time for it, a model at a time: all of them take as long as some frames.
   *  @param {View} view */
  show({ statistic, run }) {
    const wanted = statistic === "probability" ? run : null;
    if (this.#shown === wanted) return;
    this.#shown = wanted;
    /** @type {(LearningCurve | null)[]} */
    const curves = [];
    const next = () => {
      if (this.#shown !== wanted) return;
      if (curves.length === this.panels.length) return this.#draw(curves);
      curves.push(wanted === null ? null : this.#of(this.panels[curves.length].model, wanted));
      soon(next);
    };
    soon(next);
  }

  /** @param {Model} model @param {number} run */
  #of(model, run) {
    try {
      return this.fields.learning(model, run);
    } catch (error) {
      model.leave(messageOf(error));
      return null;
    }
  }

  /** @param {(LearningCurve | null)[]} curves */
  #draw(curves) {
    const low = Math.max(
      0,
      Math.floor(10 * Math.min(0.9, ...curves.flatMap((one) => one?.scores ?? []).filter(Number.isFinite))) / 10,
    );
    curves.forEach((one, i) => this.panels[i].curve.show(one, this.positions, low));
  }
}
