// When learning happened: a run's accuracy at every recorded epoch, as a small line below its map, with where it is now.

import { fixed, h, s } from "./dom.js";

const HEIGHT = 100; // units, whatever the pixels

/** One model's curve. All are drawn over the slider's positions and one range, so that they can be compared. */
export class Curve {
  /** @param onposition called with the slider's position that was clicked */
  constructor(onposition) {
    this.line = s("path", { class: "line" });
    this.now = h("div", { class: "now" });
    this.svg = s("svg", { preserveAspectRatio: "none", role: "img" }, this.line);
    this.plot = h("div", { class: "drawn" }, this.svg, this.now);
    this.lowest = h("span");
    this.element = h("div", { class: "curve", onclick: (event) => onposition(this.#positionAt(event)) }, this.plot, h("div", { class: "range", "aria-hidden": "true" }, h("span", {}, "1.0"), this.lowest));
    this.show(null);
  }

  /** @param {?{epochs: number[], accuracies: ArrayLike<number>}} run null where there is nothing to show
   *  @param {number[]} positions the epochs that the slider goes through
   *  @param {number} low the accuracy at the bottom; the top is 1 */
  show(run, positions = [], low = 0) {
    if (this.run === run && this.low === low) return;
    Object.assign(this, { run, positions, low });
    this.element.classList.toggle("empty", run === null);
    if (run === null) return;
    const { epochs, accuracies } = run;
    const y = (accuracy) => ((HEIGHT * (1 - accuracy)) / (1 - low)).toFixed(1);
    const points = epochs.map((epoch, i) => `${positions.indexOf(epoch)},${y(accuracies[i])}`);
    this.svg.setAttribute("viewBox", `0 0 ${Math.max(1, positions.length - 1)} ${HEIGHT}`);
    this.line.setAttribute("d", `M${points.join("L")}`);
    const best = accuracies.indexOf(Math.max(...accuracies));
    const words = `from ${fixed(accuracies[0], 2)} at first to ${fixed(accuracies.at(-1), 2)} in the end, best after epoch ${epochs[best]}`;
    this.lowest.textContent = fixed(low, 1);
    this.mark(this.epoch);
    this.svg.setAttribute("aria-label", `Test accuracy by epoch: ${words}`);
  }

  /** Mark where the slider is: by moving what is drawn already, as this is done with every frame. */
  mark(epoch) {
    this.epoch = epoch;
    const share = this.positions.indexOf(epoch) / Math.max(1, this.positions.length - 1);
    if (share >= 0) this.now.style.transform = `translateX(${(100 * share).toFixed(2)}%)`;
  }

  #positionAt({ clientX }) {
    const { left, width } = this.plot.getBoundingClientRect();
    const last = this.positions.length - 1;
    return Math.max(0, Math.min(last, Math.round(((clientX - left) / width) * last)));
  }
}

/** Once the browser has nothing better to do; not every browser says when. */
const soon = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 50));

/** The curves of all panels. */
export class Curves {
  #shown;

  constructor(panels, fields, positions) {
    Object.assign(this, { panels, fields, positions });
  }

  /** Show a view's run once there is time for it, a model at a time: all of them take as long as some frames. */
  show({ statistic, run }) {
    const wanted = statistic === "probability" ? run : null;
    if (this.#shown === wanted) return;
    this.#shown = wanted;
    const found = [];
    const next = () => {
      if (this.#shown !== wanted) return;
      if (found.length === this.panels.length) return this.#draw(found);
      found.push(wanted === null ? null : this.fields.learning(this.panels[found.length].model, wanted));
      soon(next);
    };
    soon(next);
  }

  #draw(found) {
    const low = Math.floor(10 * Math.min(0.9, ...found.flatMap((one) => one?.accuracies ?? []))) / 10;
    found.forEach((one, i) => this.panels[i].curve.show(one, this.positions, low));
  }
}
