// The maps of all runs, small, each alive while it is trained; a press enlarges one.

import { h } from "../explorer/dom.js";
import { contextOf } from "../explorer/map.js";
import { ofRun } from "./fields.js";
import { NODES } from "./run.js";

/** @typedef {import("./worker.js").Progress} Progress */

export class Maps {
  /** @type {{button: HTMLButtonElement, canvas: HTMLCanvasElement, image: ImageData}[][]} by network and run */
  #maps = [];
  #shape = "";

  /** @param {HTMLElement} element @param {(network: number, run: number) => void} onchoose */
  constructor(element, onchoose) {
    this.element = element;
    this.onchoose = onchoose;
  }

  /** Make room for so many runs of these networks.
   *  @param {string[]} names @param {number} runs */
  reserve(names, runs) {
    const shape = JSON.stringify([names, runs]);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#maps = names.map((name, network) => Array.from({ length: runs }, (_, run) => this.#make(name, network, run)));
    this.element.replaceChildren(
      ...names.map((name, network) =>
        h(
          "div",
          { class: "group" },
          h("h3", {}, name),
          h("ol", { class: "runs-of", start: 0 }, ...this.#maps[network].map(({ button }) => h("li", {}, button))),
        ),
      ),
    );
  }

  /** @param {string} name @param {number} network @param {number} run */
  #make(name, network, run) {
    const canvas = h("canvas", { width: NODES, height: NODES });
    const button = h(
      "button",
      { type: "button", "aria-label": `${name}, run ${run}`, onclick: () => this.onchoose(network, run) },
      canvas,
    );
    return { button, canvas, image: new ImageData(NODES, NODES) };
  }

  /** Show where a run is.
   *  @param {Progress} progress @param {import("../explorer/scales.js").AnyScale} scale @param {string} name */
  show({ network, run, field, accuracy }, scale, name) {
    const map = this.#maps[network]?.[run];
    if (map === undefined) return;
    if (accuracy === null) contextOf(map.canvas).clearRect(0, 0, NODES, NODES);
    else {
      const { values, labels } = ofRun(field);
      scale.paint(map.image, values, NODES, labels);
      contextOf(map.canvas).putImageData(map.image, 0, 0);
    }
    const said = accuracy === null ? "diverged" : `${(100 * accuracy).toFixed(1)}% of its test points right`;
    map.button.setAttribute("aria-label", `${name}, run ${run}: ${said}`);
    map.button.title = `run ${run}: ${said}`;
  }

  /** Mark the one that is enlarged.
   *  @param {number} network @param {number | null} run null where it is none */
  mark(network, run) {
    this.#maps.forEach((maps, n) => {
      maps.forEach(({ button }, r) => button.setAttribute("aria-pressed", String(n === network && r === run)));
    });
  }
}
