// A picture that moves: the units of a network's last hidden layer, added into its output one after the other.

import { signedScale } from "../explorer/colours.js";
import { h, inWords } from "../explorer/dom.js";
import { NODES } from "../explorer/fields.js";
import { line } from "../explorer/lines.js";
import { Plot } from "../explorer/map.js";
import { Network, Scratch } from "../explorer/network.js";
import { mostProbable } from "../explorer/quantity.js";
import { rangeOf } from "../explorer/scales.js";
import { sameIn } from "../explorer/switched.js";
import { linesOf, outgoing, scalesOf } from "../explorer/units.js";
import { placeIn } from "../explorer/view.js";
import { LessonMap } from "./drawing.js";
import { shapeOfUnit } from "./shape.js";
import { capital } from "./telling.js";

/** Frames, of all units together, about; and how many are shown of a wide layer. */
const FRAMES = 72;
const MAX_SHOWN_UNITS = 16;
const SPEED = 24;

/** What a layer makes of its inputs at all nodes. As the head of a regression it gives its sums.
 *  @param {{kernel: number[][], bias: number[]}} layer @param {import("../explorer/encoder.js").Column[]} inputs
 *  @param {Task} task */
function weighed({ kernel, bias }, inputs, task) {
  const weights = { epochs: [0], activation: null, layers: [{ kernel: [kernel], bias: [bias] }] };
  return new Network(weights, null, { task, outputs: bias.length }).outputs(0, inputs, new Scratch());
}

/** The last hidden layer of a model's run 0 at its end: what its units give, where their sums are 0, which weigh most.
 *  @param {import("./drawing.js").Desk} desk @param {Model} model
 *  @returns {Layer | null} null where the page cannot compute it */
export function lastLayer(desk, model) {
  const network = model.network(0);
  const view = desk.view();
  if (network === null || network.layers.length < 2) return null;
  const snapshot = model.snapshot(view.epoch);
  const place = placeIn(model, view).heldOnly;
  const columns = desk.fields.columns(place);
  const layers = network.evaluate(snapshot, columns, new Scratch());
  const weights = network.at(snapshot);
  const l = weights.length - 2;
  const widths = outgoing(weights[l + 1].kernel);
  const order = widths.map((_, u) => u).sort((a, b) => widths[b] - widths[a]);
  const sums = weighed(weights[l], l === 0 ? network.encoder.encode(columns) : layers[l - 1], "regression");
  const straight = linesOf(network, snapshot, place);
  return {
    units: layers[l],
    head: weights[l + 1],
    scales: scalesOf(view, model, layers, null)[l],
    order: order.slice(0, MAX_SHOWN_UNITS),
    widths,
    sums,
    line: (plot, u) => (l === 0 ? straight(plot, u) : line(sums[u], NODES, 0)),
  };
}

/** @typedef {{units: Float64Array[], head: {kernel: number[][], bias: number[]},
 *  scales: import("../explorer/scales.js").AnyScale[], order: number[], widths: number[], sums: Float64Array[],
 *  line: (plot: Plot, u: number) => string}} Layer */

/** The shape of each unit's line, by kind.
 *  @param {Layer} layer */
export const shapesOf = ({ sums }) => Map.groupBy(sums, (values) => shapeOfUnit(values).kind);

/** Whether a unit is dead: it gives the same everywhere on the map.
 *  @param {ArrayLike<number>} values */
const isDead = (values) => sameIn(values) !== null;

/** How many of a layer's units are dead, in a sentence; "" where none is.
 *  @param {Layer} layer */
export function deadOf({ units }) {
  const [dead, all] = [units.filter(isDead).length, units.length];
  if (dead === 0) return "";
  const are = dead === 1 ? "is" : "are";
  const alike = all === 1 ? "the only unit" : `all ${inWords(all)} units`;
  const who = dead === all ? alike : `${inWords(dead)} of the units`;
  return `${capital(who)} ${are} dead: the same output everywhere on the map.`;
}

/** @param {import("./drawing.js").Desk} desk @param {Model} model @param {Layer} layer
 *  @returns {import("./player.js").Picture} */
export function adding(desk, model, layer) {
  const { order, widths } = layer;
  const map = new LessonMap(desk, model);
  const tiles = order.map((u, at) => tileOf(map, layer, u, at));
  const each = Math.max(4, Math.round(FRAMES / order.length));
  const sum = model.quantity.isMulticlass ? null : scaleOfSum(layer, desk.view().colours);
  if (sum !== null) map.scale = sum;
  const last = desk.view();
  /** Units that are not drawn come in with the last of those that are.
   *  @param {number} added */
  const said = (added) => `${added < order.length ? Math.floor(added) : widths.length} of ${widths.length} units`;
  return {
    element: h(
      "div",
      {},
      h("div", { class: "maps" }, map.element, h("ol", { class: "tiles" }, ...tiles)),
      desk.legend(sum),
    ),
    stops: Array.from({ length: order.length + 1 }, (_, k) => k * each),
    speed: SPEED,
    unit: "Units added",
    label: (frame) => said(frame / each),
    load: async () => {},
    draw: (frame) => {
      const added = frame / each;
      const outputs = outputsOf(layer, added, sum === null ? model.quantity.task : "regression");
      const field = sum === null ? { ...mostProbable(outputs), outputs } : { values: outputs[0], labels: null };
      const accuracy = added >= order.length ? desk.accuracy(model, last) : null;
      map.show(field, said(added), accuracy, 0);
      order.forEach((u, at) => {
        map.plot.draw(`unit:${u}`, at < added ? layer.line(map.plot, u) : "", widths[u] / 4);
        tiles[at].toggleAttribute("data-added", at < added);
      });
    },
  };
}

/** What the output makes of so many units, in their order; a fraction is of the newest one. Units that are too many to
 *  be shown come in with the last.
 *  @param {Layer} layer @param {number} added @param {Task} task */
function outputsOf({ units, head, order }, added, task) {
  const shares = units.map((_, u) => {
    const at = order.indexOf(u);
    return at < 0 ? Number(added >= order.length) : Math.min(1, Math.max(0, added - at));
  });
  const kernel = head.kernel.map((row, u) => row.map((weight) => weight * shares[u]));
  return weighed({ kernel, bias: head.bias }, units, task);
}

/** A scale for the output's sum, as far as it gets to either side of 0 while units are added.
 *  @param {Layer} layer @param {string} colours */
function scaleOfSum(layer, colours) {
  const sums = Array.from({ length: layer.order.length + 1 }, (_, k) => rangeOf(outputsOf(layer, k, "regression")[0]));
  return signedScale(Math.max(...sums.flat().map(Math.abs)), colours);
}

/** A unit's own map, small.
 *  @param {LessonMap} map @param {Layer} layer @param {number} u @param {number} at */
function tileOf(map, layer, u, at) {
  const plot = new Plot(map.place, NODES);
  plot.paint({ values: layer.units[u], labels: null }, layer.scales[u]);
  plot.draw("unit", layer.line(plot, u), 1);
  const words = isDead(layer.units[u]) ? "dead, the same output everywhere" : shapeOfUnit(layer.sums[u]).words;
  const label = `Unit ${u + 1}, added as number ${at + 1}: ${words}`;
  return h("li", {}, h("div", { class: "frame", role: "img", "aria-label": label }, plot.element));
}
