// Random numbers by a seed, the same in every browser: each kind of randomness of each run has a stream of its own, so
// that how much one of them draws leaves the others as they are.

/** What numbers are drawn for. */
export const STREAM = Object.freeze({ data: 0, split: 1, weights: 2, batches: 3, centres: 4 });

export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;
  /** @type {number | null} the second of two normal numbers */
  #spare = null;

  /** @param {number[]} seeds whole numbers, of which each stream has other ones */
  constructor(...seeds) {
    let state = 0x9e3779b9;
    const mixed = () => {
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    for (const seed of seeds) state = mixed() ^ (seed | 0);
    [this.#a, this.#b, this.#c] = [mixed(), mixed(), mixed()];
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits: sfc32 of PractRand. */
  bits() {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number from low to below high. */
  uniform(low = 0, high = 1) {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** A number of the normal distribution (Box & Muller). */
  normal(sd = 1) {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return sd * spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return sd * radius * Math.cos(angle);
  }

  /** Put numbers in a random order, in place (Fisher & Yates).
   *  @template {{[i: number]: number, length: number}} T
   *  @param {T} values
   *  @returns {T} */
  shuffle(values) {
    for (let i = values.length - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1));
      const value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
    return values;
  }
}
