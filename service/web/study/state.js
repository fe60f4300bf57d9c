// What a study's page shows, and its address.

import { Address, addressOf as address } from "../explorer/address.js";

/** What is shown where the address says nothing; null is for what follows from the study. */
export const DEFAULTS = Object.freeze(
  /** @type {StudyValues} */ ({
    x: null,
    y: null,
    metric: null,
    epoch: null,
    where: null,
    cell: null,
    show: null,
    theme: "auto",
  }),
);

/** @extends {Address<StudyValues>} */
export class State extends Address {
  constructor() {
    super(DEFAULTS, new Set(["epoch"]), new Set());
  }
}

/** The page's address with these values.
 *  @param {StudyValues} values */
export const addressOf = (values) => address(values, DEFAULTS);

/** Levels by factor, as `where=activation:tanh,width:10` has them; what would be taken for a separator is escaped.
 *  @param {string | null} text
 *  @returns {Map<string, string>} */
export function readWhere(text) {
  const pairs = (text ?? "").split(",").map((pair) => pair.split(":").map(unescaped));
  return new Map(pairs.flatMap(([name, level]) => (level === undefined ? [] : [[name, level]])));
}

/** @param {Map<string, string>} levels */
export function writeWhere(levels) {
  const pairs = [...levels].map((pair) => pair.map(escaped).join(":"));
  return pairs.length > 0 ? pairs.join(",") : null;
}

/** @param {string} text */
const escaped = (text) => text.replace(/[%,:]/g, (sign) => encodeURIComponent(sign));

/** @param {string} text */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
