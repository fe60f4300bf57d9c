// Outcomes of claims: a sign and the word.

import { h } from "../explorer/dom.js";

/** What stands before an outcome's words.
 *  @type {Record<string, string>} */
const SIGNS = { holds: "✓", "does not hold": "✗", undecided: "?" };

/** @param {StudyClaim["outcome"]} outcome */
export const badge = (outcome) =>
  h(
    "span",
    { class: `outcome ${outcome.replaceAll(" ", "-")}` },
    h("span", { "aria-hidden": "true" }, `${SIGNS[outcome] ?? ""} `),
    outcome,
  );

/** How many claims have each outcome, in words.
 *  @param {Pick<StudyClaim, "outcome">[]} claims */
export function tally(claims) {
  const count = (/** @type {string} */ outcome) => claims.filter((claim) => claim.outcome === outcome).length;
  const [holds, not, undecided] = Object.keys(SIGNS).map(count);
  const parts = [
    holds > 0 ? `${holds} ${holds === 1 ? "holds" : "hold"}` : null,
    not > 0 ? `${not} ${not === 1 ? "does" : "do"} not hold` : null,
    undecided > 0 ? `${undecided} undecided` : null,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
