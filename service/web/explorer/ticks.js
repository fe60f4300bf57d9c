// Round numbers along an axis, and which of them have room.

/** The multiples of 1, 2 or 5 times a power of ten between two numbers, so many at most.
 *  @param {number} low @param {number} high @param {number} most */
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Pixels of a figure on an axis, and between two labels. */
const [FIGURE, GAP] = [6.5, 5];

/** Those of some labels that do not run into each other; of two that would, the earlier one stays.
 *  @template {{at: number, text: string}} T `at` is a label's middle
 *  @param {T[]} labels
 *  @returns {T[]} */
export function legible(labels) {
  /** @type {T[]} */
  const placed = [];
  for (const label of labels) {
    const isFree = placed.every(
      ({ at, text }) => Math.abs(at - label.at) >= (FIGURE * (text.length + label.text.length)) / 2 + GAP,
    );
    if (isFree) placed.push(label);
  }
  return placed;
}
