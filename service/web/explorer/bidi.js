// Names in scripts from right to left, within sentences that run from left to right.

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name to be put into a sentence: one in a script from right to left, set apart by Unicode's isolates, as it would
 *  otherwise turn around the signs and numbers after it.
 *  @param {string} name */
export const isolated = (name) => (RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name);
