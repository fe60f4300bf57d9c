// Small multiples: one panel a model, all on one colour scale and one domain; and the difference of two.

import { signedScale, scaleOf } from "./colours.js";
import { options } from "./controls.js";
import { Curve } from "./curve.js";
import { counted, fixed, h, interval, number, say } from "./dom.js";
import { NODES, share } from "./fields.js";
import { scaleBar } from "./legend.js";
import { line, Plot } from "./map.js";
import { comparable, isOfP } from "./view.js";

const NOTHING = "–";

/** A map with a title above and words below. */
class Panel {
  constructor(id, title, domain, onpoint) {
    this.plot = new Plot(domain, NODES);
    this.message = h("p", { class: "message", hidden: true });
    this.summary = h("p", { class: "summary", id: `${id}-summary` });
    const map = h("div", { class: "map", role: "img", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-summary` }, this.plot.element);
    map.addEventListener("click", (event) => onpoint(this.plot.pointAt(event)));
    this.element = h("article", { class: "panel", id, tabindex: -1, "aria-labelledby": `${id}-title` }, title, h("div", { class: "frame" }, map, this.message));
    this.map = map;
  }

  /** Show why there is no map, or the map. */
  say(reason) {
    this.message.hidden = reason === null;
    this.message.textContent = reason ?? "";
    this.map.hidden = reason !== null;
  }
}

export class ModelPanel extends Panel {
  constructor(model, catalogue, handlers) {
    const id = `model-${model.name}`;
    const title = h("h3", { id: `${id}-title` }, model.name, h("small", {}, model.description));
    super(id, title, catalogue.domain, handlers.onpoint);
    this.model = model;
    this.catalogue = catalogue;
    this.accuracy = h("dd");
    this.runs = h("dd");
    this.notebook = h("dd");
    this.isInside = h("button", { type: "button", class: "look", "aria-label": `Look inside ${model.name}`, onclick: () => handlers.onlook(model.name) }, "Look inside");
    this.links = h("span", { class: "links" });
    this.curve = new Curve((position) => handlers.onepoch(catalogue.epochs[position]));
    this.element.append(
      h("dl", { class: "figures" },
        h("div", {}, h("dt", {}, "this run"), this.accuracy),
        h("div", {}, h("dt", {}, model.row ? `${model.row.replicates} runs, trained` : "runs"), this.runs),
        h("div", {}, h("dt", {}, "notebook"), this.notebook)),
      this.curve.element,
      this.summary,
      h("p", { class: "actions" }, this.isInside, this.links),
    );
    const row = model.row;
    this.runs.replaceChildren(...(row ? [number(row.accuracy.mean), row.accuracy.ci95 ? h("small", {}, ` ${interval(row.accuracy.ci95)}`) : ""] : [NOTHING]));
    this.notebook.replaceChildren(row?.notebook_accuracy ? number(row.notebook_accuracy) : NOTHING);
    this.truth = model.card?.true_boundary && model.isPlane ? this.plot.circle(model.card.true_boundary) : "";
  }

  /** Draw the model in a view; `values` is its field. */
  draw(view, fields, values) {
    const reason = fields.lacks(this.model, view);
    this.say(reason);
    this.isInside.hidden = !this.model.isServed || !this.model.isPlane;
    this.isInside.setAttribute("aria-pressed", String(view.inside === this.model.name));
    this.accuracy.replaceChildren(NOTHING);
    this.curve.element.hidden = view.statistic !== "probability";
    this.curve.mark(view.epoch);
    if (reason !== null) {
      this.summary.textContent = "";
      link(this.links, null, "");
      return;
    }
    const isShare = isOfP(view);
    this.plot.paint(values, scaleOf(view.statistic, view.colours));
    this.plot.draw("truth", this.truth);
    this.plot.draw("boundary", isShare ? line(values, NODES, 0.5) : "");
    this.plot.draw("point", view.point ? this.plot.cross(view.point) : "");
    const right = this.#right(view, fields);
    if (right !== null) this.accuracy.replaceChildren(number(right.share));
    this.summary.textContent = this.#inWords(view, values, right);
    this.#link(view, fields);
  }

  /** How many of the test points this run has right now, or null where they do not test it. */
  #right(view, fields) {
    const probabilities = this.model.isTestedBy(view.run) ? fields.atTest(this.model, view) : null;
    if (probabilities === null) return null;
    const { labels } = this.catalogue.test;
    const right = share(probabilities, labels);
    return { right: Math.round(right * labels.length), of: labels.length, share: right };
  }

  #inWords(view, values, right) {
    const { card } = this.model;
    const parts = [];
    if (card !== null) {
      const epoch = card.epochs[this.model.snapshot(view.epoch)];
      const when = epoch === 0 ? "Before training" : `After epoch ${epoch}${epoch === card.epochs.at(-1) ? ", its last" : ""}`;
      parts.push(when);
    }
    if (right !== null) parts.push(`${right.of - right.right} of ${right.of} test points wrong`);
    if (view.statistic === "std") parts.push(`the runs differ by more than 0.1 on ${shareOver(values, 0.1)} of the area`);
    else if (view.statistic === "agreement") parts.push(`more than 90% of the runs agree on ${shareOver(values, 0.9)} of the area`);
    else parts.push(`class 1 on ${shareOver(values, 0.5)} of the area`);
    return `${parts.join("; ")}.`;
  }

  #link(view, fields) {
    link(this.links, fields.query(this.model, view), this.model.name);
  }
}

/** Have links give what a query asks for; null takes them away. */
function link(links, query, name) {
  const key = String(query ?? "");
  if (links.dataset.query === key) return;
  links.dataset.query = key;
  const one = (format) => h("a", { href: `/boundary?${key}&format=${format}`, "aria-label": `${name} as ${format}`, "data-file": `${name}.${format}` }, format);
  links.replaceChildren(...(query === null ? [] : ["json", "npy", "png"].map(one)));
}

/** A − B: where two models say something else. */
export class DifferencePanel extends Panel {
  constructor(catalogue, handlers) {
    const choose = (name) => h("select", { id: name, "aria-label": `Model ${name.toUpperCase()}`, onchange: (event) => handlers.onpair({ [name]: event.target.value }) });
    const [a, b] = [choose("a"), choose("b")];
    super("difference", h("h3", { id: "difference-title" }, a, h("span", { class: "minus" }, " − "), b), catalogue.domain, handlers.onpoint);
    Object.assign(this, { a, b, catalogue });
    this.values = new Float32Array(NODES * NODES);
    this.verdict = h("p", { class: "verdict" });
    this.scale = h("p", { class: "scales" });
    this.links = h("span", { class: "links" });
    this.element.append(this.scale, this.summary, this.verdict, h("p", { class: "actions" }, this.links));
    this.truth = catalogue.models.map(({ card }) => card?.true_boundary).find(Boolean);
  }

  draw(view, fields, first, second) {
    const names = comparable(this.catalogue).map(({ name }) => [name, name]);
    options(this.a, names);
    options(this.b, names);
    [this.a.value, this.b.value] = [view.a.name, view.b.name];
    const lacking = [view.a, view.b].find((model) => fields.lacks(model, view) !== null);
    this.say(lacking ? `${lacking.name} ${fields.lacks(lacking, view)}` : null);
    link(this.links, lacking ? null : fields.difference(view), "difference");
    if (lacking) return;
    this.#legend(view);
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = first[i] - second[i];
    const isShare = isOfP(view);
    this.plot.paint(values, differenceScale(view));
    this.plot.draw("truth", this.truth ? this.plot.circle(this.truth) : "");
    this.plot.draw("other", isShare ? line(second, NODES, 0.5) : "");
    this.plot.draw("boundary", isShare ? line(first, NODES, 0.5) : "");
    this.plot.draw("disagreement", this.#disagreements(view, fields));
    this.plot.draw("point", view.point ? this.plot.cross(view.point) : "");
  }

  #legend(view) {
    const scale = differenceScale(view);
    if (this.shown === scale) return;
    this.shown = scale;
    this.scale.replaceChildren("A − B", scaleBar(scale, fixed(scale.low, 1), `+${fixed(scale.high, 1)}`));
  }

  #disagreements(view, fields) {
    const [p, q] = [view.a, view.b].map((model) => fields.atTest(model, view));
    if (p === null || q === null) {
      const reach = this.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      this.summary.textContent = `At most ${fixed(reach, 2)} apart.`;
      return "";
    }
    const { points, labels } = this.catalogue.test;
    const ids = points.map((_, i) => i).filter((i) => p[i] >= 0.5 !== q[i] >= 0.5);
    const right = ids.filter((i) => Number(p[i] >= 0.5) === labels[i]).length;
    const of = counted(points.length, "test point");
    say(this.summary,
      ids.length === 0
        ? `They agree on all ${of}.`
        : `They disagree on ${ids.length} of ${of}, ringed here: ${view.a.name} is right on ${right} of them, ${view.b.name} on ${ids.length - right}. Solid is ${view.a.name}’s boundary, dotted ${view.b.name}’s.`);
    return this.plot.rings(ids.map((i) => points[i]));
  }
}

function shareOver(values, level) {
  let over = 0;
  for (let i = 0; i < values.length; i++) if (values[i] >= level) over++;
  return `${Math.round((100 * over) / values.length)}%`;
}

export function differenceScale({ statistic, colours }) {
  return signedScale(statistic === "std" || statistic === "agreement" ? 0.5 : 1, colours);
}
