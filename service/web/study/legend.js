// What the colours of the measure mean, and what is to be seen of boundaries.

import { counted, h } from "../explorer/dom.js";
import { meaningOf, nameOf, written } from "./measures.js";

/** @param {HTMLElement} element @param {import("./view.js").StudyView} view @param {import("./main.js").Shown} shown */
export function drawLegend(element, view, { heat, maps, study }) {
  const { metric, epoch } = view;
  const bar = h("span", { class: "bar" });
  bar.style.background = heat.gradient;
  const [low, high] = heat.ends.map((end) => written(end, metric));
  const meaning = meaningOf(metric);
  const line = maps === null || maps.isValue ? "" : "Dark: where classes part. ";
  const isWithout = study.maps.length === 0 && study.cells.some(({ replicates }) => replicates > 0);
  const boundaries = isWithout ? "This study keeps no boundaries. " : line;
  const kept = maps === null ? "" : "Boundaries are kept of the end of training alone. ";
  element.replaceChildren(
    h("span", {}, `${nameOf(metric)}${meaning ? ` (${meaning})` : ""}, mean of the runs`),
    ...(heat.hasAny ? [h("span", { class: "scale" }, low, bar, high)] : []),
    h("span", {}, epoch !== null ? kept : view.show === "boundaries" ? boundaries : ""),
    view.hidden > 0 ? h("span", {}, `${counted(view.hidden, "more cell")} at the same places.`) : "",
  );
}
