// The last step: whether depth always helps, from a study of depth and points, or else from the comparison.

import { h, interval, inWords, listed, number } from "../explorer/dom.js";
import { scoreOf } from "../explorer/panels.js";
import { pairOf } from "../explorer/verdicts.js";
import { classifiers } from "./cast.js";
import { chart } from "./chart.js";
import { depthStudy } from "./deep-study.js";
import { term } from "./glossary.js";
import { capital, missing } from "./telling.js";

/** @typedef {import("./telling.js").Desk} Desk */
/** @typedef {import("./telling.js").Told} Told */
/** @typedef {import("./telling.js").Question} Question */
/** @typedef {import("./deep-study.js").DepthStudy} DepthStudy */
/** @typedef {import("./chart.js").Mean} Mean */

/** Choices that can be read at a glance. */
const MOST_CHOICES = 4;

const TITLE = "Does depth always help?";

const IDEA =
  "The second layer came with more [weight|weights] to learn, from the same points. A third brings more still. With " +
  "many points, that may pay. With few, a network can learn them by heart, chance and all, and do worse on new ones.";

/** @param {Desk} desk
 *  @returns {Promise<Told>} */
export async function depth(desk) {
  const study = await depthStudy(desk.service);
  const told = study === null ? ofComparison(desk) : ofStudy(study);
  return { ...told, end: await ending(desk) };
}

/** @param {number} n */
const points = (n) => `${n.toLocaleString("en")} points`;

/** @param {number} layers */
const layers = (layers) => `${layers === 0 ? "no hidden layer" : `${inWords(layers)} layer${layers === 1 ? "" : "s"}`}`;

/** @param {DepthStudy} study
 *  @returns {Told} */
function ofStudy(study) {
  const { name, title, metric, where, depths, sizes, means, runs } = study;
  const what = metric === "exact_accuracy" ? "exact accuracy" : metric.replaceAll("_", " ");
  const few = sizes[0];
  const { offered, right } = choicesOf(means[0]);
  /** @type {Question} */
  const question = {
    question: `With only ${few} points, how many hidden layers are best on average?`,
    choices: offered.map((k) => capital(depths[k] === 0 ? "none" : inWords(depths[k]))),
    measured: () => ({ right, words: wordsOf(study, what) }),
  };
  return {
    title: TITLE,
    idea: IDEA,
    note: `From the study “${title}”${where ? `, on ${where}` : ""}: ${what}, the mean of ${runs} runs.`,
    question: offered.length > 1 ? question : null,
    picture: chart({
      across: "hidden layers",
      categories: depths.map((count) => (count === 0 ? "none" : String(count))),
      names: sizes.map(points),
      means,
      what: `Mean ${what} by the number of hidden layers`,
    }),
    look: { href: `studies/${encodeURIComponent(name)}`, text: "The whole study" },
  };
}

/** The position of the highest mean.
 *  @param {Mean[]} means */
const bestOf = (means) =>
  means.reduce((best, mean, i) => ((mean?.mean ?? -1) > (means[best]?.mean ?? -1) ? i : best), 0);

/** The depths to choose from, by their positions: of those that were measured a few in a row, with the best among them;
 *  and where it is.
 *  @param {Mean[]} means by depth */
function choicesOf(means) {
  const known = means.flatMap((mean, k) => (mean === null ? [] : [k]));
  const best = known.indexOf(bestOf(means));
  const first = Math.max(0, Math.min(best - 1, known.length - MOST_CHOICES));
  return { offered: known.slice(first, first + MOST_CHOICES), right: best - first };
}

/** What the study says of the fewest points and of the most.
 *  @param {DepthStudy} study @param {string} what */
function wordsOf({ depths, sizes, means, at }, what) {
  /** @param {number} row
   *  @returns {(Node | string)[]} */
  const best = (row) => {
    const i = bestOf(means[row]);
    const mean = means[row][i];
    const others = depths.flatMap((_, k) => (k !== i && overlap(means[row][k], mean) ? [k] : []));
    if (mean === null) return [];
    const shown = mean.ci95 ? ` ${interval(mean.ci95)}` : "";
    const lie = others.length === 1 && depths[others[0]] < 2 ? "lies" : "lie";
    const close = [`; ${listed(others.map((k) => layers(depths[k])))} ${lie} within its `, term("interval"), ", too"];
    return [
      `With ${points(sizes[row])}, ${layers(depths[i])} ${depths[i] > 1 ? "come" : "comes"} out best: `,
      what === "exact accuracy" ? term(what) : what,
      " ",
      number(mean.mean),
      shown,
      ...(others.length > 0 ? close : []),
      ". ",
    ];
  };
  const claims = at(sizes[0]).map(({ sentence }) => h("li", {}, sentence));
  const judged =
    claims.length > 0 ? [h("details", {}, h("summary", {}, "What the study judges"), h("ul", {}, claims))] : [];
  return [...best(0), ...best(sizes.length - 1), ...judged];
}

/** Whether a mean lies within another's interval.
 *  @param {Mean} one @param {Mean} other */
const overlap = (one, other) => {
  if (one === null || other === null || !other.ci95) return false;
  return one.mean >= other.ci95[0] && one.mean <= other.ci95[1];
};

/** From the comparison: each activation's networks, by their layers.
 *  @param {Desk} desk
 *  @returns {Told} */
function ofComparison(desk) {
  const { catalogue } = desk;
  const models = classifiers(catalogue).filter(({ row }) => scoreOf(row) !== null);
  const deep = models.filter(({ hiddenLayers }) => hiddenLayers.length > 1);
  const twins = deep.flatMap((model) => {
    const before = models.find((one) => isBefore(one, model));
    return before ? [{ before, model }] : [];
  });
  const look = desk.explorer({}, "comparison");
  if (twins.length === 0) return missing(TITLE, IDEA, "two networks of which one has a layer more", look);
  const shapes = [...new Set(models.map(({ hiddenLayers }) => hiddenLayers.join("-")))].sort(
    (a, b) => a.split("-").length - b.split("-").length || Number.parseInt(a || "0") - Number.parseInt(b || "0"),
  );
  const names = [...new Set(deep.map(({ activations }) => activations[0]))];
  const means = names.map((activation) =>
    shapes.map((shape) => {
      const model = models.find(
        ({ hiddenLayers, activations }) =>
          hiddenLayers.join("-") === shape && (hiddenLayers.length === 0 || activations[0] === activation),
      );
      const score = model ? scoreOf(model.row) : null;
      return score && { mean: score.mean, ci95: score.ci95 };
    }),
  );
  return {
    title: TITLE,
    idea: IDEA,
    note: "No study of depth and points is served here, so this is from the comparison, with one number of points.",
    question: secondTwin(desk, twins),
    picture: chart({
      across: "units by layer",
      categories: shapes.map((shape) => shape || "none"),
      names,
      means,
      what: "Mean accuracy by units and layers",
    }),
    look,
  };
}

/** Whether the second has one layer more, and is otherwise the same.
 *  @param {Model} one @param {Model} other */
const isBefore = (one, other) =>
  one.hiddenLayers.length + 1 === other.hiddenLayers.length &&
  one.hiddenLayers.every((units, l) => units === other.hiddenLayers[l]) &&
  one.activations.every((name, l) => name === other.activations[l]);

/** Whether a layer helps as well where it has not been looked at: with another activation, if there is one.
 *  @param {Desk} desk @param {{before: Model, model: Model}[]} twins
 *  @returns {Question | null} */
function secondTwin(desk, twins) {
  const { before, model } = twins.find((twin) => twin.model !== desk.cast.deep) ?? twins[0];
  const judged = pairOf(desk.catalogue.comparison, model.name, before.name);
  if (!judged?.words || !judged.verdict) return null;
  const of = judged.a === model.name ? ["better", "worse"] : ["worse", "better"];
  return {
    question: `${model.name} has a layer more than ${before.name}. Is it better?`,
    choices: [
      "Better, by enough to matter",
      "Worse, by enough to matter",
      "Neither: they are too close to matter",
      "The runs cannot tell whether it matters",
    ],
    measured: () => ({
      right: [...of, "equivalent", "undecided"].indexOf(judged.verdict ?? "undecided"),
      words: [`The verdict: ${judged.words}.`],
    }),
  };
}

/** Where to go from here: the trainer, with settings that answer what is left open.
 *  @param {Desk} desk */
async function ending(desk) {
  const [{ GALLERY }, { toHash }, { beginning, network }] = await Promise.all([
    import("../trainer/gallery.js"),
    import("../trainer/keeping.js"),
    import("../trainer/settings.js"),
  ]);
  const hash = await toHash({
    ...beginning(),
    set: { name: "spiral", n: 300, noise: GALLERY.spiral.noise, classes: 2 },
    domain: { x: [-1.2, 1.2], y: [-1.2, 1.2], names: ["x1", "x2"] },
    networks: [network({ hidden: [10] }), network({ hidden: [10, 10] })],
    epochs: 200,
  });
  return h(
    "section",
    { class: "ending", "aria-labelledby": "ending-title" },
    h("h3", { id: "ending-title" }, "Your turn"),
    h(
      "p",
      {},
      "Two spirals that wind around each other are a harder shape, and 300 points are not many. Does a second layer " +
        "help there? Everything is set: ",
      h("a", { href: `trainer${hash}` }, "train it yourself"),
      ".",
    ),
    h(
      "p",
      {},
      h(
        "span",
        { class: "needs-service" },
        "More questions of this kind, each put to the test: ",
        h("a", { href: "studies" }, "the studies"),
        ". ",
      ),
      "Every network of this lesson, run by run and unit by unit: ",
      h("a", { href: desk.explorer({}, "boundaries").href }, "the explorer"),
      ".",
    ),
  );
}
