// Small multiples: one panel a model, all on one colour scale and one domain; and the difference of two.

import { signedScale, scaleOf } from "./colours.js";
import { named, options } from "./controls.js";
import { Curve } from "./curve.js";
import { counted, fixed, h, interval, number, say } from "./dom.js";
import { NODES, share } from "./fields.js";
import { scaleBar } from "./legend.js";
import { line, Plot } from "./map.js";
import { comparable, isOfP } from "./view.js";

/** @typedef {import("./colours.js").Scale} Scale */
/** @typedef {import("./fields.js").Fields} Fields */

const NOTHING = "–";

/** A map with a title above and words below. */
class Panel {
  /** @param {string} id @param {HTMLElement} title @param {Domain} domain @param {(point: Point) => void} onpoint */
  constructor(id, title, domain, onpoint) {
    this.plot = new Plot(domain, NODES);
    this.message = h("p", { class: "message", hidden: true });
    this.summary = h("p", { class: "summary", id: `${id}-summary` });
    const map = h(
      "div",
      { class: "map", role: "img", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-summary` },
      this.plot.element,
    );
    map.addEventListener("click", (event) => onpoint(this.plot.pointAt(event)));
    this.element = h(
      "article",
      { class: "panel", id, tabindex: -1, "aria-labelledby": `${id}-title` },
      title,
      h("div", { class: "frame" }, map, this.message),
    );
    this.map = map;
  }

  /** Show why there is no map, or the map.
   *  @param {string | null} reason */
  say(reason) {
    this.message.hidden = reason === null;
    this.message.textContent = reason ?? "";
    this.map.hidden = reason !== null;
  }
}

export class ModelPanel extends Panel {
  /** @param {Model} model @param {Catalogue} catalogue @param {Handlers} handlers */
  constructor(model, catalogue, handlers) {
    const id = `model-${model.name}`;
    const title = h("h3", { id: `${id}-title` }, model.name, h("small", {}, model.description));
    super(id, title, catalogue.domain, handlers.onpoint);
    this.model = model;
    this.catalogue = catalogue;
    this.accuracy = h("dd");
    this.runs = h("dd");
    this.notebook = h("dd");
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
    this.curve = new Curve((position) => handlers.onepoch(catalogue.epochs[position]));
    this.element.append(
      h(
        "dl",
        { class: "figures" },
        h("div", {}, h("dt", {}, "this run"), this.accuracy),
        h("div", {}, h("dt", {}, model.row ? `mean of ${model.row.replicates} runs` : "runs"), this.runs),
        h("div", {}, h("dt", {}, "notebook"), this.notebook),
      ),
      this.curve.element,
      this.summary,
      h("p", { class: "actions" }, this.look, this.links),
    );
    const row = model.row;
    if (row === null) this.runs.append(NOTHING);
    else this.runs.append(number(row.accuracy.mean));
    if (row?.accuracy.ci95) this.runs.append(h("small", {}, ` ${interval(row.accuracy.ci95)}`));
    this.notebook.replaceChildren(row?.notebook_accuracy ? number(row.notebook_accuracy) : NOTHING);
    this.truth = model.card?.true_boundary && model.isPlane ? this.plot.circle(model.card.true_boundary) : "";
  }

  /** Draw the model in a view; `values` is its field, null where it has none.
   *  @param {View} view @param {Fields} fields @param {ArrayLike<number> | null} values */
  draw(view, fields, values) {
    const reason = fields.unavailableReason(this.model, view);
    this.say(reason);
    this.look.hidden = !this.model.isServed || !this.model.isPlane;
    this.look.setAttribute("aria-pressed", String(view.inside === this.model.name));
    this.accuracy.replaceChildren(NOTHING);
    this.curve.element.hidden = view.statistic !== "probability";
    this.curve.mark(view.epoch);
    if (values === null) {
      this.summary.textContent = "";
      link(this.links, null, "");
      return;
    }
    const isShare = isOfP(view);
    this.plot.paint(values, scaleOf(view.statistic, view.colours));
    this.plot.draw("truth", this.truth);
    this.plot.draw("boundary", isShare ? line(values, NODES, 0.5) : "");
    this.plot.draw("point", this.plot.cross(view.point));
    const accuracy = this.#accuracyOf(view, fields);
    if (accuracy !== null) this.accuracy.replaceChildren(number(accuracy));
    this.summary.textContent = this.#inWords(view, values, accuracy);
    link(this.links, fields.query(this.model, view), this.model.name);
  }

  /** The accuracy of what is shown at the test points, null where they do not test it.
   *  @param {View} view @param {Fields} fields */
  #accuracyOf(view, fields) {
    const probabilities = this.model.isTestedBy(view.run) ? fields.atTest(this.model, view) : null;
    if (probabilities === null) return null;
    return share(probabilities, this.catalogue.test?.labels ?? []);
  }

  /** @param {View} view @param {ArrayLike<number>} values @param {number | null} accuracy */
  #inWords(view, values, accuracy) {
    const { card } = this.model;
    const parts = [];
    if (card !== null) {
      const epoch = card.epochs[this.model.snapshot(view.epoch)];
      const when =
        epoch === 0 ? "Before training" : `After epoch ${epoch}${epoch === card.epochs.at(-1) ? ", its last" : ""}`;
      parts.push(when);
    }
    if (accuracy !== null) {
      const n = this.catalogue.test?.labels.length ?? 0;
      parts.push(`${n - Math.round(accuracy * n)} of ${n} test points wrong`);
    }
    if (view.statistic === "std") {
      parts.push(`the runs differ by more than 0.1 on ${shareOver(values, 0.1)} of the area`);
    } else if (view.statistic === "agreement") {
      parts.push(`more than 90% of the runs agree on ${shareOver(values, 0.9)} of the area`);
    } else parts.push(`class 1 on ${shareOver(values, 0.5)} of the area`);
    return `${parts.join("; ")}.`;
  }
}

/** Have links give what a query asks for; null takes them away.
 *  @param {HTMLElement} links @param {URLSearchParams | null} query @param {string} name */
function link(links, query, name) {
  const key = String(query ?? "");
  if (links.dataset.query === key) return;
  links.dataset.query = key;
  /** @param {string} format */
  const one = (format) =>
    h(
      "a",
      {
        href: `boundary?${key}&format=${format}`,
        "aria-label": `${name} as ${format}`,
        "data-file": `${name}.${format}`,
      },
      format,
    );
  links.replaceChildren(...(query === null ? [] : ["json", "npy", "png"].map(one)));
}

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
      catalogue.domain,
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
   *  @param {ArrayLike<number> | null} first the field of the pair's first model, null where it has none
   *  @param {ArrayLike<number> | null} second */
  draw(view, pair, fields, first, second) {
    const names = named(comparable(this.catalogue).map(({ name }) => name));
    options(this.a, names);
    options(this.b, names);
    [this.a.value, this.b.value] = pair.map(({ name }) => name);
    const unavailable = pair.find((model) => fields.unavailableReason(model, view) !== null);
    this.say(unavailable ? `${unavailable.name} ${fields.unavailableReason(unavailable, view)}` : null);
    link(this.links, unavailable ? null : fields.difference(view), "difference");
    if (first === null || second === null) return;
    this.#legend(view);
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = first[i] - second[i];
    const isShare = isOfP(view);
    this.plot.paint(values, differenceScale(view));
    this.plot.draw("truth", this.truth ? this.plot.circle(this.truth) : "");
    this.plot.draw("other", isShare ? line(second, NODES, 0.5) : "");
    this.plot.draw("boundary", isShare ? line(first, NODES, 0.5) : "");
    this.plot.draw("disagreement", this.#disagreements(view, pair, fields));
    this.plot.draw("point", this.plot.cross(view.point));
  }

  /** @param {View} view */
  #legend(view) {
    const scale = differenceScale(view);
    if (this.#scale === scale) return;
    this.#scale = scale;
    this.scale.replaceChildren("A − B", scaleBar(scale, fixed(scale.low, 1), `+${fixed(scale.high, 1)}`));
  }

  /** Tell how many test points the two models classify differently; return rings around them.
   *  @param {View} view @param {[Model, Model]} pair @param {Fields} fields */
  #disagreements(view, pair, fields) {
    const { test } = this.catalogue;
    const [p, q] = pair.map((model) => fields.atTest(model, view));
    if (test === null || p === null || q === null) {
      const reach = this.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      this.summary.textContent = `At most ${fixed(reach, 2)} apart.`;
      return "";
    }
    const { points, labels } = test;
    const ids = points.map((_, i) => i).filter((i) => p[i] >= 0.5 !== q[i] >= 0.5);
    const right = ids.filter((i) => Number(p[i] >= 0.5) === labels[i]).length;
    const [a, b] = pair.map(({ name }) => name);
    const all = counted(points.length, "test point");
    say(
      this.summary,
      ids.length === 0
        ? `They agree on all ${all}.`
        : `They disagree on ${ids.length} of ${all}, ringed here: ${a} is right on ${right} of them, ` +
            `${b} on ${ids.length - right}. Solid is ${a}’s boundary, dotted ${b}’s.`,
    );
    return this.plot.rings(ids.map((i) => points[i]));
  }
}

/** @param {ArrayLike<number>} values @param {number} level */
function shareOver(values, level) {
  let over = 0;
  for (let i = 0; i < values.length; i++) if (values[i] >= level) over++;
  return `${Math.round((100 * over) / values.length)}%`;
}

/** @param {View} view */
export function differenceScale({ statistic, colours }) {
  return signedScale(statistic === "std" || statistic === "agreement" ? 0.5 : 1, colours);
}
