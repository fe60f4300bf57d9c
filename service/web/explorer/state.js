// What the explorer shows, and its address.

import { Address, addressOf as address } from "./address.js";

/** What is shown where the address says nothing; null is for what follows from the models: the last epoch, all of an
 *  experiment, the first test point, the first features, held where they usually are. */
export const DEFAULTS = Object.freeze(
  /** @type {Values} */ ({
    experiment: null,
    epoch: null,
    run: 0,
    statistic: "probability",
    a: null,
    b: null,
    inside: null,
    unit: null,
    off: null,
    order: null,
    x: null,
    y: null,
    points: "all",
    colours: "orange-blue",
    theme: "auto",
    sort: null,
    score: null,
    rope: null,
    across: null,
    up: null,
    deep: null,
    hold: null,
    average: null,
    class: null,
    level: null,
    planes: null,
  }),
);

const WHOLE_NUMBERS = new Set(["epoch", "run"]);
const REAL_NUMBERS = new Set(["x", "y", "level", "rope"]);

/** @extends {Address<Values>} */
export class State extends Address {
  constructor() {
    super(DEFAULTS, WHOLE_NUMBERS, REAL_NUMBERS);
  }
}

/** The page's address with these values.
 *  @param {Values} values */
export const addressOf = (values) => address(values, DEFAULTS);
