// What the study put to the test, and what came of it: the service's words.

import { addressOf } from "../explorer/address.js";
import { h, nonBreaking } from "../explorer/dom.js";
import { badge } from "./outcomes.js";
import { DEFAULTS } from "./state.js";
import { holding } from "./view.js";

/** @typedef {import("./study.js").Study} Study */

/** @param {HTMLElement} list @param {Study} study @param {import("./view.js").StudyView} view
 *  @param {import("./state.js").State} state */
export function drawClaims(list, study, view, state) {
  list.replaceChildren(
    ...study.claims.map((claim) => {
      const values = { ...DEFAULTS, theme: state.values.theme, ...viewFor(claim, study, view) };
      /** @param {MouseEvent} event */
      const go = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        state.go(values, "grid");
      };
      return h(
        "li",
        {},
        badge(claim.outcome),
        h(
          "div",
          {},
          h("p", { class: "claim" }, claim.text),
          h("p", { class: "sentence" }, ...nonBreaking(withoutOutcome(claim))),
          h("a", { href: `${addressOf(values, DEFAULTS)}#grid`, onclick: go }, "Show its cells", unseen(claim.text)),
        ),
      );
    }),
  );
}

/** The outcome stands before it already.
 *  @param {StudyClaim} claim */
const withoutOutcome = ({ outcome, sentence }) => sentence.replace(`${outcome}: `, "");

/** So that links that read the same are told apart.
 *  @param {string} text */
const unseen = (text) => h("span", { class: "hidden" }, ` of the claim: ${text}`);

/** A view in which a claim can be seen: its measure, along its factor, at the levels that it names.
 *  @param {StudyClaim} claim @param {Study} study @param {import("./view.js").StudyView} view
 *  @returns {Partial<StudyValues>} */
function viewFor({ metric, along, where, better, than }, study, view) {
  const compared = Object.keys(better ?? {}).find((name) => String(better?.[name]) !== String(than?.[name]));
  const first = [along, compared].find((name) => name && study.varied.includes(name)) ?? null;
  /** @type {Map<string, string>} */
  const levels = new Map();
  for (const [name, level] of [...Object.entries(where), ...Object.entries(better ?? {})]) {
    const one = Array.isArray(level) ? level[0] : level;
    if (name !== first && study.levels.get(name)?.some((known) => String(known) === String(one))) {
      levels.set(name, String(one));
    }
  }
  const free = study.varied.filter((name) => name !== first && !levels.has(name));
  const y = free.find((name) => study.facts.axes.includes(name)) ?? free[0] ?? null;
  const epoch = typeof where.epoch === "number" ? where.epoch : null;
  return { x: first, y, metric, epoch, ...holding(study, { ...view, x: first, y }, levels) };
}
