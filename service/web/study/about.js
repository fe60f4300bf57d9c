// What a study is about, how far it is, and what failed.

import { byId, counted, h } from "../explorer/dom.js";
import { markdown } from "./markdown.js";
import { tally } from "./outcomes.js";

/** @typedef {import("./study.js").Study} Study */

/** @param {Study} study */
export const runningText = ({ progress: { finished, cells } }) =>
  `This study is running: ${finished} of ${cells} cells are done.`;

/** Say all that does not depend on the view.
 *  @param {Study} study */
export function describe({ facts, progress, failures, claims, cells }) {
  document.title = `${facts.title}: a study`;
  byId("title").textContent = facts.title;
  const [first, ...rest] = markdown(facts.text);
  byId("text").replaceChildren(
    ...(first ? [first] : []),
    ...(rest.length > 0 ? [h("details", {}, h("summary", {}, "More about it"), rest)] : []),
  );
  const failed = progress.failed > 0 ? `, ${progress.failed} with failures` : "";
  const recipe = facts.recipe ? `, ${facts.recipe}` : "";
  byId("facts").replaceChildren(
    claims.length > 0 ? h("a", { href: "#claims" }, `Of ${counted(claims.length, "claim")}: ${tally(claims)}.`) : "",
    ` ${counted(progress.cells, "cell")}${failed}, ${counted(facts.replicates, "run")} each${recipe}.`,
  );
  byId("claims").hidden = claims.length === 0;
  byId("failures").hidden = failures.length === 0;
  const names = new Map(cells.map(({ digest, name }) => [digest, name]));
  byId("failed").replaceChildren(
    ...failures.map(({ cell, first: from, last: to, reason }) => {
      const runs = from === to ? `run ${from}` : `runs ${from} to ${to}`;
      return h("li", {}, h("strong", {}, names.get(cell) ?? cell), `, ${runs}: ${reason}`);
    }),
  );
}
