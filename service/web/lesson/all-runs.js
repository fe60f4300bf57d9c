// A picture that moves: all runs of one network, small, while they train; and each run's accuracy in the end.

import { epochText, fixed, h } from "../explorer/dom.js";
import { NODES } from "../explorer/fields.js";
import { between, line } from "../explorer/lines.js";
import { Plot } from "../explorer/map.js";
import { grid, linspace, Scratch } from "../explorer/network.js";
import { mostProbable } from "../explorer/quantity.js";
import { scaleFor } from "../explorer/scales.js";
import { placeIn } from "../explorer/view.js";
import { unshown } from "./drawing.js";
import { rowOf } from "./strip.js";

/** Nodes an axis of a small map. */
const FEW_NODES = 41;

/** How many runs are drawn. */
export const MOST_RUNS = 36;

/** @param {import("./drawing.js").Desk} desk @param {Model} model @param {Summary} score
 *  @returns {Promise<import("./player.js").Picture>} */
export async function allRuns(desk, model, score) {
  const { service, fields } = desk;
  const count = Math.min(MOST_RUNS, model.runs);
  const runs = Array.from({ length: count }, (_, run) => run);
  const sound = runs.filter((run) => unshown(desk, model, run) === null);
  await Promise.all(sound.map((run) => model.loadNetwork(service, run)));
  const isHere = model.isEvaluatedHere;
  if (!isHere) await Promise.all(sound.map((run) => fields.load(model, desk.view(run))));
  const epochs = isHere ? model.epochs : model.epochs.slice(-1);
  const place = placeIn(model, desk.view()).heldOnly;
  const nodes = isHere ? FEW_NODES : NODES;
  const columns = place.with(grid(linspace(...place.x, nodes), linspace(...place.y, nodes)));
  const scale = scaleFor(model.quantity, desk.view(), [0, 1]);
  const scratch = new Scratch();
  const tiles = runs.map((run) => tileOf(run, score, place, nodes));
  /** @param {number} run @param {number} epoch
   *  @returns {Field | null} */
  const fieldOf = (run, epoch) => {
    const outputs = model.network(run)?.outputs(model.snapshot(epoch), columns, scratch);
    if (outputs === undefined) return fields.of(model, desk.view(run));
    return outputs.length > 1 ? { ...mostProbable(outputs), outputs } : { values: outputs[0], labels: null };
  };
  const { element: strip, reveal } = rowOf(score);
  return {
    element: h(
      "div",
      { class: "maps" },
      h(
        "ol",
        { class: "runs", start: 0 },
        tiles.map((one) => one.element),
      ),
      strip,
    ),
    stops: epochs.map((_, i) => i),
    speed: 12,
    unit: "Epoch",
    label: (frame) => epochText(epochs[frame], epochs.at(-1)),
    load: async () => {},
    draw: (frame) => {
      for (const run of sound) {
        const field = fieldOf(run, epochs[frame]);
        if (field === null) continue;
        tiles[run].plot.paint(field, scale);
        tiles[run].plot.draw("boundary", field.labels === null ? line(field.values, nodes, 0.5) : "", -1);
        tiles[run].plot.draw("between", between(field, nodes));
      }
      const isEnd = frame === epochs.length - 1;
      for (const tile of tiles) tile.tell(isEnd);
      reveal(isEnd);
    },
  };
}

/** @param {number} run @param {Summary} score @param {Domain} place @param {number} nodes */
function tileOf(run, score, place, nodes) {
  const plot = new Plot(place, nodes);
  const value = score.values[run];
  const said = typeof value === "number" ? fixed(value) : "diverged";
  const words = h("small", { hidden: true, "aria-hidden": "true" }, said);
  const frame = h("div", { class: "frame", role: "img" }, plot.element);
  /** Say how good it is, once that may be known.
   *  @param {boolean} isEnd */
  const tell = (isEnd) => {
    words.hidden = !isEnd;
    frame.setAttribute("aria-label", isEnd ? `Run ${run}: ${said}` : `Run ${run}`);
  };
  tell(false);
  return { plot, tell, element: h("li", {}, frame, words) };
}
