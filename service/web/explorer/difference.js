// The difference of two models, and the test points that they tell apart.

import { signedScale } from "./colours.js";
import { counted, fixed, h, say, within } from "./dom.js";
import { NODES } from "./fields.js";
import { scaleBar } from "./legend.js";
import { nodesOf, thinned } from "./network.js";
import { boundaryOf, link, Panel } from "./panels.js";
import { rangeOf } from "./scales.js";
import { named, options } from "./selects.js";
import { DEFAULTS } from "./state.js";
import { comparable, isOfP } from "./view.js";

/** @typedef {import("./colours.js").Scale} Scale */
/** @typedef {import("./fields.js").Fields} Fields */

/** A − B: where two models differ. */
export class DifferencePanel extends Panel {
  /** @type {Scale | null} */
  #scale = null;

  /** @param {Catalogue} catalogue @param {Handlers} handlers */
  constructor(catalogue, handlers) {
    /** @param {string} name */
    const choose = (name) => {
      const choice = h("select", { id: name, "aria-label": `Model ${name.toUpperCase()}` });
      choice.addEventListener("change", () => handlers.onpair({ [name]: choice.value }));
      return choice;
    };
    const [a, b] = [choose("a"), choose("b")];
    super(
      "difference",
      h("h3", { id: "difference-title" }, a, h("span", { class: "minus" }, " − "), b),
      catalogue.place(DEFAULTS),
      handlers.onpoint,
    );
    this.a = a;
    this.b = b;
    this.catalogue = catalogue;
    this.values = new Float32Array(NODES * NODES);
    this.verdict = h("p", { class: "verdict" });
    this.scale = h("p", { class: "scales" });
    this.links = h("span", { class: "links" });
    this.element.append(this.scale, this.summary, this.verdict, h("p", { class: "actions" }, this.links));
    this.truth = catalogue.models.map(({ card }) => card?.true_boundary).find(Boolean);
  }

  /** Draw the difference of a pair in a view.
   *  @param {View} view @param {[Model, Model]} pair @param {Fields} fields
   *  @param {Field | null} first the field of the pair's first model, null where it has none
   *  @param {Field | null} second */
  draw(view, pair, fields, first, second) {
    const names = named(comparable(this.catalogue).map(({ name }) => name));
    options(this.a, names);
    options(this.b, names);
    [this.a.value, this.b.value] = pair.map(({ name }) => name);
    const reason = whyNot(view, pair, fields);
    this.say(reason);
    link(this.links, reason === null ? fields.difference(view) : null, "difference");
    if (reason !== null || first === null || second === null) {
      this.summary.textContent = "";
      this.scale.hidden = true;
      return;
    }
    this.plot.moveTo(view.place);
    this.plot.draw("truth", this.truth ? this.plot.sphere(this.truth, view.place) : "");
    this.plot.draw("point", this.plot.cross(view.point));
    this.follow(view, pair, first, second);
    this.#legend(differenceScale(view, pair[0], this.values));
    this.plot.draw("disagreement", this.#disagreements(view, pair, fields));
  }

  /** Draw what another epoch changes, but for words and the points that they are of.
   *  @param {View} view @param {[Model, Model]} pair @param {Field} first @param {Field} second */
  follow(view, pair, first, second) {
    const nodes = Math.min(nodesOf(first.values), nodesOf(second.values));
    const [a, b] = [thinned(first.values, nodes), thinned(second.values, nodes)];
    if (this.values.length !== a.length) this.values = new Float32Array(a.length);
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = a[i] - b[i];
    const isShare = isOfP(view) && !pair[0].quantity.isValue;
    this.plot.paint({ values, labels: null }, differenceScale(view, pair[0], values));
    this.plot.draw("other", isShare ? boundaryOf(second) : "");
    this.plot.draw("boundary", isShare ? boundaryOf(first) : "");
  }

  /** @param {Scale} scale */
  #legend(scale) {
    this.scale.hidden = false;
    if (this.#scale === scale) return;
    this.#scale = scale;
    const [low, high] = [scale.low, scale.high];
    const [least, most] =
      high <= 1 ? [fixed(low, 1), fixed(high, 1)] : [low, high].map((end) => within(end, [low, high]));
    this.scale.replaceChildren("A − B", scaleBar(scale, least, `+${most}`));
  }

  /** Tell how many test points the two models classify differently; return rings around them.
   *  @param {View} view @param {[Model, Model]} pair @param {Fields} fields */
  #disagreements(view, pair, fields) {
    const { test } = this.catalogue;
    const [p, q] = pair.map((model) => fields.atTest(model, view));
    const { quantity } = pair[0];
    if (test === null || p === null || q === null || quantity.isValue) {
      const reach = this.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const apart = quantity.isValue ? within(reach, rangeOf(this.values), 1) : fixed(reach, 2);
      this.summary.textContent = `At most ${apart} apart.`;
      return "";
    }
    const { points, labels } = test;
    const [first, second] = [quantity.labels(p), quantity.labels(q)];
    const ids = points.map((_, i) => i).filter((i) => first[i] !== second[i]);
    const [right, other] = [first, second].map((given) => ids.filter((i) => given[i] === labels[i]).length);
    const [a, b] = pair.map(({ name }) => name);
    const all = counted(points.length, "test point");
    say(
      this.summary,
      ids.length === 0
        ? `They agree on all ${all}.`
        : `They disagree on ${ids.length} of ${all}, ringed here: ${a} is right on ${right} of them, ` +
            `${b} on ${other}. Solid is ${a}’s boundary, dotted ${b}’s.`,
    );
    const near = this.catalogue.near(view.place);
    const [x, y] = view.place.axes;
    return this.plot.rings(
      ids.filter((i) => near === null || near[test.rows[i]]).map((i) => [points[i][x], points[i][y]]),
    );
  }
}

/** Why two models have no difference in a view; null where they have.
 *  @param {View} view @param {[Model, Model]} pair @param {Fields} fields */
function whyNot(view, pair, fields) {
  for (const model of pair) {
    const reason = fields.unavailableReason(model, view);
    if (reason !== null) return `${model.name} ${reason}`;
  }
  const isOfLabels = pair[0].quantity.isMulticlass && view.class === null && isOfP(view);
  return isOfLabels ? "Choose a class: its two probabilities are compared." : null;
}

/** @param {View} view @param {Model} model @param {ArrayLike<number>} values */
export function differenceScale({ statistic, colours }, { quantity }, values) {
  if (!quantity.isValue) return signedScale(statistic === "std" || statistic === "agreement" ? 0.5 : 1, colours);
  const [low, high] = rangeOf(values);
  return signedScale(Number(Math.max(-low, high, 1e-9).toPrecision(2)), colours);
}
