// The points as they were before each stroke, to be brought back: what else is chosen since then stays.

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {Pick<Settings, "set" | "points" | "classes" | "domain">} Data */

const MOST_KEPT = 100;

export class Earlier {
  /** @type {Data[]} */
  #kept = [];

  /** @param {Data} data */
  keep({ set, points, classes, domain }) {
    this.#kept.push({ set, points, classes, domain });
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
  }

  /** The last that are not those that are there now, as after a press that took nothing away.
   *  @param {Data} now
   *  @returns {Data | undefined} */
  back(now) {
    const last = this.#kept.pop();
    return last !== undefined && last.set === now.set && last.points === now.points ? this.back(now) : last;
  }
}
