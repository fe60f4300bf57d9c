// A picture that moves: boundaries as they form while networks train, one beside the other.

import { epochText, h } from "../explorer/dom.js";
import { linesOf } from "../explorer/units.js";
import { placeIn } from "../explorer/view.js";
import { LessonMap, unshown } from "./drawing.js";
import { capital } from "./telling.js";

/** Epochs that are asked of the service, a grid each, where the page cannot compute a network. */
const MAX_ASKED_EPOCHS = 8;

/** @param {import("./drawing.js").Desk} desk @param {Model[]} models
 *  @param {boolean} hasLines whether to draw the lines of their first layers' units
 *  @returns {Promise<import("./player.js").Picture | null>} null where none of them can be drawn */
export async function forming(desk, models, hasLines = false) {
  const shown = models.filter((model) => unshown(desk, model) === null);
  if (shown.length === 0) return null;
  await Promise.all(shown.map((model) => model.loadNetwork(desk.service, 0)));
  const epochs = epochsOf(shown);
  const maps = shown.map((model) => new LessonMap(desk, model));
  return {
    element: h("div", {}, h("div", { class: "maps" }, ...maps.map(({ element }) => element)), desk.legend()),
    stops: epochs.map((_, i) => i),
    speed: Math.max(8, epochs.length / 5),
    unit: "Epoch",
    label: (frame) => epochText(epochs[frame], epochs.at(-1)),
    load: async () => {
      const asked = shown.filter(({ isEvaluatedHere }) => !isEvaluatedHere);
      const views = epochs.map((epoch) => desk.view(0, epoch));
      await Promise.all(asked.flatMap((model) => views.map((view) => desk.fields.load(model, view))));
    },
    draw: (frame) => {
      const view = desk.view(0, epochs[frame]);
      shown.forEach((model, i) => {
        const field = desk.fields.of(model, view);
        if (field === null) return maps[i].excuse(unshown(desk, model));
        const epoch = model.epochs[model.snapshot(view.epoch)];
        maps[i].show(field, capital(epochText(epoch)), desk.accuracy(model, view));
        if (hasLines) drawLines(maps[i], model, view);
      });
    },
  };
}

/** The epochs that all of them go through.
 *  @param {Model[]} models */
function epochsOf(models) {
  const all = [...new Set(models.flatMap((model) => model.epochs))].sort((a, b) => a - b);
  if (models.every(({ isEvaluatedHere }) => isEvaluatedHere) || all.length <= MAX_ASKED_EPOCHS) return all;
  const step = (all.length - 1) / (MAX_ASKED_EPOCHS - 1);
  return Array.from({ length: MAX_ASKED_EPOCHS }, (_, i) => all[Math.round(i * step)]);
}

/** @param {LessonMap} map @param {Model} model @param {View} view */
function drawLines(map, model, view) {
  const network = model.network(view.run);
  if (network === null || model.hiddenLayers.length === 0) return;
  const at = linesOf(network, model.snapshot(view.epoch), placeIn(model, view));
  for (let u = 0; u < model.hiddenLayers[0]; u++) map.plot.draw(`unit:${u}`, at(map.plot, u), -0.2);
}
