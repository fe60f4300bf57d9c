// Verdicts: which of two models is better, in words, and the difference drawn on what would be no difference.

import { fixed, h, interval, nonBreaking, s, say, signed } from "./dom.js";
import { scoreOf } from "./panels.js";
import { field, options, select } from "./selects.js";
import { legible } from "./ticks.js";

/** @typedef {import("./service.js").Service} Service */

/** What models can be compared by: the keys of a model's summaries, in words. */
const SCORES = {
  accuracy: "accuracy on test points",
  own_accuracy: "exact accuracy, each run’s own boundary",
  population_accuracy: "exact accuracy, the population’s boundary",
};

/** What can be called no difference. */
const ROPES = [0.001, 0.0025, 0.005, 0.01, 0.02];

/** How probable it has to be that models are equivalent, and that one is better, for a verdict to say so. */
const VERDICT_PROBABILITIES = [0.95, 0.975];

/** As many pairs are listed as can be read; of more the clearest. */
const MAX_LISTED_PAIRS = 60;

const [WIDTH, HEIGHT, EDGE] = [400, 22, 12];

export class Verdicts {
  /** @type {string | null} what was asked for last, and for what is listed */
  #asked = null;
  /** @type {string | null} */
  #shown = null;

  /** @param {ComparisonDocument} comparison by what the service takes @param {Handlers} handlers
   *  @param {Service} service that compares by something else */
  constructor(comparison, handlers, service) {
    this.comparison = comparison;
    this.service = service;
    const { models, pairs } = comparison;
    const known = Object.entries(SCORES).filter(([key]) => models.some((row) => Reflect.get(row, key)));
    this.score = select("score", Object.fromEntries(known), (value) =>
      handlers.onverdict({ score: value === "accuracy" ? null : value }),
    );
    this.usual = pairs[0]?.rope ?? null;
    this.rope = select("rope", {}, (value) =>
      handlers.onverdict({ rope: Number(value) === this.usual ? null : Number(value) }),
    );
    this.message = h("p", { role: "status" });
    this.note = h("p", { class: "lead" });
    this.list = h("ul", { id: "pairs" });
    const isOfValues = models.some((row) => row.accuracy === null);
    const scores = known.length > 1 && !isOfValues ? field("Compared by", this.score) : null;
    const choices = h("div", { class: "fields" }, scores, field("No difference up to", this.rope));
    this.element = h(
      "div",
      { id: "verdicts", hidden: pairs.length === 0 },
      h("h3", {}, "Verdicts"),
      this.usual === null || !pairs[0].words ? null : choices,
      this.note,
      this.message,
      this.list,
    );
  }

  /** @param {View} view */
  draw({ score, rope }) {
    if (this.usual !== null) {
      const ropes = [...new Set([...ROPES, this.usual, rope ?? this.usual])].sort((a, b) => a - b);
      const unit = unitOf(this.comparison);
      options(
        this.rope,
        ropes.map((value) => [String(value), amount(value, unit)]),
      );
      this.rope.value = String(rope ?? this.usual);
    }
    this.score.value = score !== null && score in SCORES ? score : "accuracy";
    const asked = JSON.stringify([score, rope]);
    if (this.#asked === asked) return;
    this.#asked = asked;
    if (score === null && rope === null) this.#show(this.comparison, asked);
    else this.#ask(score, rope, asked);
  }

  /** @param {string | null} score @param {number | null} rope @param {string} asked */
  async #ask(score, rope, asked) {
    const query = new URLSearchParams({ experiment: this.comparison.experiment, values: "false" });
    if (score !== null) query.set("score", score);
    if (rope !== null) query.set("rope", String(rope));
    try {
      const comparison = await this.service.json(`comparison?${query}`);
      if (this.#asked === asked) this.#show(comparison, asked);
    } catch (error) {
      if (this.#asked !== asked) return;
      if (this.#shown === null) this.#show(this.comparison, "");
      say(this.message, `These verdicts did not load: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {ComparisonDocument} comparison @param {string} asked */
  #show(comparison, asked) {
    if (this.#shown === asked) return;
    this.#shown = asked;
    this.message.replaceChildren();
    const shown = clearest(comparison.pairs);
    const scale = scaleOf(shown, unitOf(comparison));
    const isDrawn = scale.high > scale.low;
    this.list.replaceChildren(
      ...(isDrawn ? [h("li", { class: "head", "aria-hidden": "true" }, h("span"), axis(scale))] : []),
      ...shown.map((pair) =>
        h(
          "li",
          { "data-pair": `${pair.a} ${pair.b}`, class: pair.verdict ?? "" },
          h("span", {}, nonBreaking(sentence(pair, comparison)), h("small", {}, ...nonBreaking(evidence(pair)))),
          isDrawn && pair.ci95 ? strip(pair, scale) : null,
        ),
      ),
    );
    const { length } = comparison.pairs;
    const some = shown.length < length ? ` The clearest ${MAX_LISTED_PAIRS} of ${length}.` : "";
    this.note.textContent = isDrawn ? howToRead(shown.some((pair) => pair.words)) + some : some;
  }
}

/** How a pair's line is read. @param {boolean} isJudged */
function howToRead(isJudged) {
  return isJudged
    ? "The band is what counts as no difference; thick: the 95% interval, thin: that for all pairs at once. " +
        "A p value is not how likely a difference is chance: it says how often runs without one would look like " +
        "this. In small print: how likely the model named first is better, or worse, by more than the band, or " +
        "equivalent; and how often one of the two wins (95% interval)."
    : "Thick: the difference’s 95% interval.";
}

/** A pair's verdict in words: the service's, which name the recipe; of an older one what the runs say.
 *  @param {Pair} pair @param {ComparisonDocument | null} comparison */
function verdict(pair, comparison) {
  if (pair.words) return pair.words.replace(/^it /, "It ");
  const { a, b, mean_difference: difference, p_value_holm: p } = pair;
  const [first, second] = isTurned(pair) ? [b, a] : [a, b];
  const [wins, ties, losses] = counted(comparison, first, second);
  const unit = unitOf(comparison);
  const range = pair.ci95 ? ` ${unit.interval(turned(pair, pair.ci95))}` : "";
  const doubt = p !== null && p >= 0.05 ? "; these runs cannot tell them apart" : "";
  const won = wins + ties + losses > 0 ? `${wins} wins, ${ties} ties, ${losses} losses; ` : "";
  const apart = `difference ${signed(unit.of(Math.abs(difference)), unit.digits)}${unit.name}${range}`;
  return `${first} against ${second}: ${won}${apart}${doubt}`;
}

/** A verdict as a sentence.
 *  @param {Pair} pair @param {ComparisonDocument | null} comparison */
export const sentence = (pair, comparison) => verdict(pair, comparison).replace(/\.?$/, ".");

/** The pair of two models, whichever way round it is kept.
 *  @param {ComparisonDocument | null} comparison @param {string} a @param {string} b */
export function pairOf(comparison, a, b) {
  return comparison?.pairs.find((pair) => (pair.a === a && pair.b === b) || (pair.a === b && pair.b === a)) ?? null;
}

/** In how many runs the first is ahead, level and behind; runs of one number share their data.
 *  @param {ComparisonDocument | null} comparison @param {string} first @param {string} second */
function counted(comparison, first, second) {
  /** @param {string} name */
  const valuesOf = (name) => {
    const row = comparison?.models.find(({ model }) => model === name);
    return (row && scoreOf(row)?.values) ?? [];
  };
  const [ours, theirs] = [valuesOf(first), valuesOf(second)];
  const signs = ours.flatMap((value, run) => {
    const other = theirs[run];
    return value === null || other === null || other === undefined ? [] : [Math.sign(value - other)];
  });
  return [1, 0, -1].map((sign) => signs.filter((one) => one === sign).length);
}

/** What stands behind a verdict, as far as it is known, of the model that is named first.
 *  @param {Pair} pair */
function evidence(pair) {
  const [above, below] = [pair.probability_better, pair.probability_worse];
  const [ahead, behind] = isTurned(pair) ? [below, above] : [above, below];
  const parts = [];
  if (typeof ahead === "number" && typeof behind === "number" && typeof pair.probability_equivalent === "number") {
    const same = pair.probability_equivalent;
    parts.push(`P(better) ${probability(ahead)}, P(equivalent) ${probability(same)}, P(worse) ${probability(behind)}`);
  }
  if (pair.wins_ci95 && pair.ci95) {
    const [low, high] = pair.wins_ci95.map((share) => Math.round(100 * share));
    parts.push(`${pair.a} wins ${low} to ${high}% of runs`);
  }
  return parts.length > 0 ? ` ${parts.join("; ")}` : "";
}

/** A probability in three digits; in more where these would say that it is as large as a verdict needs, and it is not.
 *  @param {number} value */
function probability(value) {
  /** @param {number} digits */
  const isRaised = (digits) => VERDICT_PROBABILITIES.some((p) => value < p && +value.toFixed(digits) >= p);
  return fixed(value, [3, 4, 5].find((digits) => !isRaised(digits)) ?? 6);
}

/** Whether the second model is named first: it is the better one; where nothing was judged, it is ahead.
 *  @param {Pair} pair */
const isTurned = ({ words, verdict, mean_difference: difference }) => (words ? verdict === "worse" : difference < 0);

/** An interval of a pair's difference as that of the model that is named first minus the other.
 *  @param {Pair} pair @param {Interval} ends
 *  @returns {Interval} */
const turned = (pair, ends) => (isTurned(pair) ? [-ends[1], -ends[0]] : ends);

/** At most so many pairs, those whose differences are farthest from 0 in widths of their intervals.
 *  @param {Pair[]} pairs */
function clearest(pairs) {
  if (pairs.length <= MAX_LISTED_PAIRS) return pairs;
  /** @param {Pair} pair */
  const clear = ({ ci95, mean_difference: difference }) =>
    ci95 && ci95[1] > ci95[0] ? Math.abs(difference) / (ci95[1] - ci95[0]) : Math.sign(Math.abs(difference));
  const first = new Set(pairs.toSorted((p, q) => clear(q) - clear(p)).slice(0, MAX_LISTED_PAIRS));
  return pairs.filter((pair) => first.has(pair));
}

/** In what differences are written: of accuracies in points of a hundred.
 *  @param {ComparisonDocument | null} comparison */
function unitOf(comparison) {
  const isOfValues = comparison?.models.some((row) => row.accuracy === null) ?? false;
  const [factor, name, digits] = isOfValues ? [1, "", 3] : [100, " points", 1];
  /** @param {number} value */
  const of = (value) => factor * value;
  return {
    of,
    name,
    digits,
    text: (/** @type {number} */ value) => fixed(of(value), digits),
    interval: (/** @type {Interval} */ [low, high]) => interval([of(low), of(high)], digits),
  };
}

/** A size of differences, such as `0.5 points` or `1 point`.
 *  @param {number} value @param {ReturnType<typeof unitOf>} unit */
function amount(value, unit) {
  const text = short(unit.of(value));
  return text + (text === "1" ? unit.name.replace("points", "point") : unit.name);
}

/** A round number in as few digits as it has.
 *  @param {number} value */
const short = (value) => String(Number(value.toPrecision(3))).replace("-", "−");

/** @typedef {ReturnType<typeof scaleOf>} Scale */

/** One axis for all differences: even up to what is no difference, in powers beyond it.
 *  @param {Pair[]} pairs @param {ReturnType<typeof unitOf>} unit */
function scaleOf(pairs, unit) {
  const rope = pairs[0]?.rope ?? 0.005;
  const ends = pairs.flatMap((pair) =>
    [pair.ci95, pair.simultaneous_ci95].flatMap((ci95) => (ci95 ? turned(pair, ci95) : [])),
  );
  /** @param {number} value */
  const bent = (value) => Math.sign(value) * Math.log1p(Math.abs(value) / rope);
  const [low, high] = ends.length > 0 ? [Math.min(-rope, ...ends), Math.max(rope, ...ends)] : [0, 0];
  /** @param {number} value */
  const x = (value) => EDGE + ((WIDTH - 2 * EDGE) * (bent(value) - bent(low))) / (bent(high) - bent(low) || 1);
  const steps = [1, 4, 20, 100, 500].map((n) => n * rope);
  const ticks = [...steps.map((value) => -value).reverse(), 0, ...steps].filter((at) => at >= low && at <= high);
  return { low, high, rope, x, ticks, unit };
}

/** @param {Scale} scale */
function axis({ x, ticks, unit }) {
  const outwards = ticks.toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const labels = legible(outwards.map((tick) => ({ at: x(tick), text: short(unit.of(tick)) }))).map(({ at, text }) => {
    const anchor = at < 2 * EDGE ? "start" : at > WIDTH - 2 * EDGE ? "end" : "middle"; // so that none is cut off
    return s("text", { x: at, y: 11, "text-anchor": anchor }, text);
  });
  return s("svg", { class: "axis", viewBox: `0 0 ${WIDTH} 14` }, labels);
}

/** A pair's difference with its intervals, the model that is named first minus the other.
 *  @param {Pair} pair @param {Scale} scale */
function strip(pair, { x, ticks, rope, unit }) {
  const y = HEIGHT / 2;
  const ends = turned(pair, pair.ci95 ?? [0, 0]);
  const wide = pair.simultaneous_ci95 ? turned(pair, pair.simultaneous_ci95) : null;
  const all = wide ? `, for all pairs at once ${unit.interval(wide)}` : "";
  const middle = isTurned(pair) ? -pair.mean_difference : pair.mean_difference;
  /** @param {Interval} span @param {string} name */
  const bar = ([low, high], name) => s("path", { class: name, d: `M${x(low).toFixed(1)},${y}H${x(high).toFixed(1)}` });
  return s(
    "svg",
    {
      class: "forest",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": `difference ${unit.text(middle)}${unit.name}, 95% interval ${unit.interval(ends)}${all}`,
    },
    s("rect", { class: "rope", x: x(-rope), y: 0, width: x(rope) - x(-rope), height: HEIGHT }),
    s("path", { class: "grid", d: ticks.map((tick) => `M${x(tick).toFixed(1)},0v${HEIGHT}`).join("") }),
    wide ? bar(wide, "whisker") : null,
    bar(ends, "interval"),
    s("circle", { class: "middle", cx: x(middle).toFixed(1), cy: y, r: 3.5 }),
  );
}
