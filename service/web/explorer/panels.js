// Small multiples: one panel a model, all on one colour scale and one domain where they can be.

import { ClassScale } from "./colours.js";
import { Curve } from "./curve.js";
import { fixed, h, interval, number, within } from "./dom.js";
import { NODES, once } from "./fields.js";
import { hues, scaleBar } from "./legend.js";
import { between, levelLines, line } from "./lines.js";
import { Plot } from "./map.js";
import { nodesOf } from "./network.js";
import { rmse } from "./quantity.js";
import { levels, rangeOf } from "./scales.js";
import { DEFAULTS } from "./state.js";
import { classOf, isOfP, placeIn } from "./view.js";

/** @typedef {import("./scales.js").AnyScale} AnyScale */
/** @typedef {import("./fields.js").Fields} Fields */

const NOTHING = "–";

/** What a map is offered as. */
const FORMATS = ["json", "npy", "png"];

/** Characters of a name that is written smaller, or broken. */
export const LONG_NAME_CHARACTERS = 24;

/** Classes that are named with their share of the area; the others are few points each. */
const MOST_NAMED = 4;

/** A map with a title above and words below. */
export class Panel {
  /** @param {string} id @param {HTMLElement} title @param {Domain} domain @param {(point: Point) => void} onpoint */
  constructor(id, title, domain, onpoint) {
    this.plot = new Plot(domain, NODES);
    this.message = h("p", { class: "message", hidden: true });
    this.summary = h("p", { class: "summary", id: `${id}-summary` });
    /** Where its boundary runs, for whoever does not see it. */
    this.shape = h("span", { class: "hidden", id: `${id}-shape` });
    const named = { "aria-labelledby": `${id}-title ${id}-shape`, "aria-describedby": `${id}-summary` };
    const map = h("div", { class: "map", role: "img", ...named }, this.plot.element);
    map.addEventListener("click", (event) => onpoint(this.plot.pointAt(event)));
    this.element = h(
      "article",
      { class: "panel", id, tabindex: -1, "aria-labelledby": `${id}-title` },
      title,
      h("div", { class: "frame" }, map, this.message, this.shape),
    );
    this.map = map;
  }

  /** Show why there is no map, or the map and, to whoever does not see it, its boundary.
   *  @param {string | null} reason */
  say(reason) {
    this.message.hidden = reason === null;
    this.message.textContent = reason ?? "";
    this.map.hidden = this.shape.hidden = reason !== null;
  }
}

export class ModelPanel extends Panel {
  /** @param {Model} model @param {Catalogue} catalogue @param {Handlers} handlers */
  constructor(model, catalogue, handlers) {
    const id = `model-${model.name}`;
    const title = h(
      "h3",
      { id: `${id}-title` },
      h("span", { class: model.name.length > LONG_NAME_CHARACTERS ? "name long" : "name" }, model.name),
      h("small", {}, model.description),
    );
    const domain = model.isOfData || model.ownPlace === null ? catalogue.place(DEFAULTS) : model.ownPlace;
    super(id, title, domain, (point) => model.isOfData && handlers.onpoint(point));
    this.model = model;
    this.catalogue = catalogue;
    this.score = h("dd");
    this.runs = h("dd");
    this.look = h(
      "button",
      {
        type: "button",
        class: "look",
        "aria-label": `Look inside ${model.name}`,
        onclick: () => handlers.onlook(model.name),
      },
      "Look inside",
    );
    this.links = h("span", { class: "links" });
    this.scale = h("p", { class: "scales", hidden: true });
    /** @type {AnyScale | null} the scale of its own with which it is drawn */
    this.shown = null;
    this.curve = new Curve((position) => handlers.onepoch(catalogue.epochs[position]), model.quantity.scoreName);
    const { row } = model;
    const notebook = h("dd", {}, row?.notebook_accuracy ? number(row.notebook_accuracy) : NOTHING);
    this.element.append(
      this.scale,
      h(
        "dl",
        { class: "figures" },
        h("div", {}, h("dt", {}, "this run"), this.score),
        h("div", {}, h("dt", {}, row ? meanOf(row.replicates) : "runs"), this.runs),
        catalogue.hasNotebook ? h("div", {}, h("dt", {}, "notebook"), notebook) : null,
      ),
      this.curve.element,
      this.summary,
      h("p", { class: "actions" }, this.look, this.links),
    );
    const score = row && scoreOf(row);
    this.runs.append(score ? number(score.mean) : NOTHING);
    if (score?.ci95) this.runs.append(h("small", {}, ` ${interval(score.ci95)}`));
  }

  /** Draw the model in a view.
   *  @param {View} view @param {Fields} fields
   *  @param {Field | null} field null where it has none
   *  @param {AnyScale} scale of the field @param {boolean} isOwn whether the scale is not that of the other maps */
  draw(view, fields, field, scale, isOwn) {
    const { model } = this;
    this.say(fields.unavailableReason(model, view));
    this.look.hidden = !model.isServed || !model.isMapped;
    this.look.setAttribute("aria-pressed", String(view.inside === model.name));
    this.score.replaceChildren(NOTHING);
    this.curve.element.hidden = view.statistic !== "probability";
    this.scale.hidden = field === null || !isOwn;
    if (field === null) {
      this.curve.mark(view.epoch);
      this.summary.textContent = "";
      link(this.links, null, "");
      return;
    }
    const place = placeIn(model, view);
    this.plot.moveTo(place);
    const truth = model.card?.true_boundary;
    this.plot.draw("truth", truth ? this.plot.sphere(truth, place) : "");
    this.plot.draw("point", model.isOfData ? this.plot.cross(view.point) : "");
    this.follow(view, field, scale);
    this.shown = isOwn ? scale : null;
    if (isOwn) this.#ownScale(scale, place);
    const outputs = this.#tested(view, fields);
    const score = outputs === null ? null : model.quantity.score(outputs, this.catalogue.test?.labels ?? []);
    if (score !== null) this.score.replaceChildren(number(score));
    else if (this.#isServedRun(view)) this.score.replaceChildren(number(served(model.row)));
    this.summary.textContent = this.#inWords(view, field, outputs, score);
    link(this.links, fields.query(model, view), model.name);
  }

  /** Draw what another epoch changes, but for words.
   *  @param {View} view @param {Field} field @param {AnyScale} scale */
  follow(view, field, scale) {
    this.curve.mark(view.epoch);
    this.plot.paint(field, scale);
    const { isValue } = this.model.quantity;
    this.plot.draw("boundary", isOfP(view) && !isValue && field.labels === null ? boundaryOf(field) : "");
    const nodes = nodesOf(field.values);
    this.plot.draw("between", field.labels === null ? "" : once(field, "between", () => between(field, nodes)));
    const lines = isValue && isOfP(view) ? levels([scale.low, scale.high]) : [];
    const drawn = once(field, String(lines), () => levelLines(field.values, nodes, lines));
    this.plot.draw("level", drawn.path);
    this.plot.number(drawn.labels);
  }

  /** Say what its colours mean, and over which features it is drawn where these are others.
   *  @param {AnyScale} scale @param {import("./place.js").Place} place */
  #ownScale(scale, place) {
    const span = /** @type {Interval} */ ([scale.low, scale.high]);
    const classes = scale instanceof ClassScale ? hues(scale, this.model.quantity.classes) : "";
    const over = this.model.isOfData ? "" : `${place.titles[0]} across, ${place.titles[1]} up`;
    const bar = scaleBar(scale, within(scale.low, span), within(scale.high, span));
    this.scale.replaceChildren(scale.label, bar, classes, over);
  }

  /** The outputs of what is shown at the test points, null where they do not test it.
   *  @param {View} view @param {Fields} fields */
  #tested(view, fields) {
    return this.model.isTestedBy(view.run) ? fields.atTest(this.model, view) : null;
  }

  /** Whether what is shown is what the comparison calls the served run.
   *  @param {View} view */
  #isServedRun({ statistic, run, epoch }) {
    const { model } = this;
    return (
      model.row !== null &&
      statistic === "probability" &&
      run === 0 &&
      model.snapshot(epoch) === model.epochs.length - 1
    );
  }

  /** @param {View} view @param {Field} field @param {ArrayLike<number>[] | null} outputs at the test points
   *  @param {number | null} score of them */
  #inWords(view, field, outputs, score) {
    const { card, quantity } = this.model;
    const parts = [];
    if (card !== null) {
      const epoch = card.epochs[this.model.snapshot(view.epoch)];
      const when =
        epoch === 0 ? "Before training" : `After epoch ${epoch}${epoch === card.epochs.at(-1) ? ", its last" : ""}`;
      parts.push(when);
    }
    if (outputs !== null && score !== null) {
      const labels = this.catalogue.test?.labels ?? [];
      const n = labels.length;
      const whose = view.run === 0 ? "" : "run 0’s ";
      if (!quantity.isValue) parts.push(`${n - Math.round(score * n)} of ${whose}${n} test points wrong`);
      else parts.push(`RMSE ${within(rmse(outputs[0], labels), rangeOf(labels), 1)} at ${whose}${n} test points`);
      const own = scoreOf(this.model.row)?.values?.[view.run] ?? null;
      const isLast = this.model.snapshot(view.epoch) === this.model.epochs.length - 1;
      if (view.run > 0 && isLast && own !== null) parts.push(`${quantity.scoreName} ${fixed(own)} on its own`);
    }
    parts.push(this.#ofArea(view, field));
    return `${parts.join("; ")}.`;
  }

  /** What is where on the map.
   *  @param {View} view @param {Field} field */
  #ofArea({ statistic, class: wanted }, { values, labels }) {
    const { quantity } = this.model;
    if (statistic === "agreement") return `more than 90% of the runs agree on ${shareOver(values, 0.9)} of the area`;
    const class_ = classOf(quantity, wanted, statistic);
    if (quantity.isValue) {
      const [low, high] = rangeOf(values);
      const span = /** @type {Interval} */ ([low, high]);
      const what = statistic === "std" ? "the runs differ by" : quantity.subject;
      return `${what} from ${within(low, span)} to ${within(high, span)} here`;
    }
    if (statistic === "std") return `the runs differ by more than 0.1 on ${shareOver(values, 0.1)} of the area`;
    if (labels !== null) return shares(labels, quantity);
    if (class_ !== null) return `${quantity.name(class_)} above 0.5 on ${shareOver(values, 0.5)} of the area`;
    return `${quantity.className(1)} on ${shareOver(values, 0.5)} of the area`;
  }
}

/** Where a field is 0.5.
 *  @param {Field} field */
export const boundaryOf = (field) => once(field, "boundary", () => line(field.values, nodesOf(field.values), 0.5));

/** Each class's share of the area, the largest first.
 *  @param {ArrayLike<number>} labels @param {Model["quantity"]} quantity */
function shares(labels, quantity) {
  const counts = quantity.classes.map((_, c) => ({ name: quantity.className(c), count: 0 }));
  for (let i = 0; i < labels.length; i++) counts[labels[i]].count++;
  const there = counts.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  const parts = there
    .slice(0, MOST_NAMED)
    .map(({ name, count }) => `${name} on ${Math.round((100 * count) / labels.length)}%`);
  const more = there.length > MOST_NAMED ? `, ${there.length - MOST_NAMED} more` : "";
  return `${parts.join(", ")} of the area${more}`;
}

/** The score of the comparison: accuracy, in a regression R².
 *  @param {ModelResult | null} row */
export const scoreOf = (row) => row?.accuracy ?? row?.metrics?.r2 ?? null;

/** The same of the served run.
 *  @param {ModelResult | null} row */
export const served = (row) => (row === null ? NaN : "accuracy" in row.served ? row.served.accuracy : row.served.r2);

/** @param {number} runs */
const meanOf = (runs) => (runs === 1 ? "its one run" : `mean of ${runs} runs`);

/** Have links give what a query asks for; null takes them away.
 *  @param {HTMLElement} links @param {URLSearchParams | null} query @param {string} name */
export function link(links, query, name) {
  const key = String(query ?? "");
  if (links.dataset.query === key) return;
  links.dataset.query = key;
  /** @param {string} format */
  const one = (format) => h("a", { "aria-label": `${name} as ${format}`, "data-file": `${name}.${format}` }, format);
  if (query === null) links.replaceChildren();
  else if (links.children.length === 0 || links.dataset.name !== name) links.replaceChildren(...FORMATS.map(one));
  links.dataset.name = name; // the elements stay with every frame, only where they lead to changes
  FORMATS.forEach((format, i) => links.children[i]?.setAttribute("href", `boundary?${key}&format=${format}`));
}

/** @param {ArrayLike<number>} values @param {number} level */
function shareOver(values, level) {
  let over = 0;
  for (let i = 0; i < values.length; i++) if (values[i] >= level) over++;
  return `${Math.round((100 * over) / values.length)}%`;
}
