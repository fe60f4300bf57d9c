// What is drawn in the lesson: a network's map with the test points on it, and a few words below.

import { describe } from "../explorer/boundary-words.js";
import { ClassScale } from "../explorer/colours.js";
import { Data } from "../explorer/data.js";
import { fixed, h, say, within } from "../explorer/dom.js";
import { Fields, NODES } from "../explorer/fields.js";
import { hues, scaleBar } from "../explorer/legend.js";
import { between, line } from "../explorer/lines.js";
import { Plot } from "../explorer/map.js";
import { scaleFor } from "../explorer/scales.js";
import { DEFAULTS } from "../explorer/state.js";
import { placeIn, viewOf } from "../explorer/view.js";
import { term } from "./glossary.js";
import { shapeOf } from "./shape.js";

/** What all steps share. */
export class Desk {
  /** @param {Catalogue} catalogue @param {import("../explorer/service.js").Service} service
   *  @param {import("./cast.js").Cast} cast */
  constructor(catalogue, service, cast) {
    this.catalogue = catalogue;
    this.service = service;
    this.cast = cast;
    this.fields = new Fields(service, catalogue);
    this.data = new Data(catalogue);
    const { colours = DEFAULTS.colours } = Object.fromEntries(new URLSearchParams(location.search));
    this.values = { ...DEFAULTS, colours, points: "test" };
  }

  /** @param {number} run @param {number | null} epoch null for the last */
  view(run = 0, epoch = null) {
    return viewOf(this.catalogue, { ...this.values, run, epoch });
  }

  /** The share of the test points that a network is right about; null where they do not test it.
   *  @param {Model} model @param {View} view */
  accuracy(model, view) {
    const outputs = this.fields.atTest(model, view);
    return outputs === null ? null : model.quantity.score(outputs, this.catalogue.test?.labels ?? []);
  }

  /** A way into the explorer, with the lesson's experiment.
   *  @param {Record<string, string>} query @param {string} part of the page */
  explorer(query, part = "", text = "More of this in the explorer") {
    const given = new URLSearchParams(location.search);
    const kept = ["experiment", "theme", "colours"].flatMap((name) => {
      const value = given.get(name);
      return value === null ? [] : [[name, value]];
    });
    const all = new URLSearchParams([...kept, ...Object.entries(query)]);
    return { href: `./${all.size > 0 ? `?${all}` : ""}${part && `#${part}`}`, text };
  }

  /** What colours and marks mean: of probabilities, or of the output's sum.
   *  @param {import("../explorer/colours.js").Scale | null} sum its scale */
  legend(sum = null) {
    const { quantity, test } = this.catalogue;
    const scale = scaleFor(quantity, this.view(), [0, 1]);
    const reach = sum === null ? "" : within(sum.high, [sum.low, sum.high]);
    const bar =
      sum !== null
        ? [term("sum", "The output’s sum"), scaleBar(sum, `−${reach}`, `+${reach}`)]
        : scale instanceof ClassScale
          ? hues(scale, quantity.classes)
          : [term("P(y = 1)", scale.label), scaleBar(scale, "0", "1")];
    const [circles, triangles] = [0, 1].map((c) => quantity.className(c));
    const marks = quantity.classes.length === 2 ? `● ${circles}, ▲ ${triangles}` : "in the colours of their classes";
    const points = test === null ? "" : h("span", {}, term("test points", "Test points"), `: ${marks}`);
    return h("p", { class: "legend" }, bar, points);
  }
}

/** One network's map. */
export class LessonMap {
  #pixels = 0;

  /** @param {Desk} desk @param {Model} model */
  constructor(desk, model) {
    this.desk = desk;
    this.model = model;
    this.place = placeIn(model, desk.view());
    this.plot = new Plot(this.place, NODES);
    /** @type {import("../explorer/scales.js").AnyScale} */
    this.scale = scaleFor(model.quantity, desk.view(), [0, 1]);
    const id = `map-${model.name}`;
    this.words = h("span", { id: `${id}-words` });
    this.element = h(
      "figure",
      { class: "lesson-map" },
      h(
        "div",
        { class: "frame", role: "img", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-words` },
        this.plot.element,
      ),
      h("figcaption", {}, h("b", { id: `${id}-title` }, model.name), " ", this.words),
    );
    new ResizeObserver(() => this.#scatter()).observe(this.plot.element);
  }

  /** Show a field, and say what it is: the shape of its boundary, which is at a level, and what it is right about.
   *  @param {Field} field @param {string} when @param {number | null} accuracy */
  show(field, when, accuracy = null, level = 0.5) {
    this.plot.paint(field, this.scale);
    this.plot.draw("boundary", field.labels === null ? line(field.values, NODES, level) : "");
    this.plot.draw("between", between(field, NODES));
    const right = accuracy === null ? "" : ` ${fixed(accuracy)} of the test points right.`;
    say(this.words, `${when}: ${this.#shapeOf(field, level)}.${right}`);
  }

  /** Say why there is nothing to show, if that is known.
   *  @param {string | null} reason */
  excuse(reason) {
    if (reason !== null) say(this.words, `${reason}.`);
  }

  /** @param {Field} field @param {number} level */
  #shapeOf({ values, labels }, level) {
    const { quantity } = this.model;
    const names = quantity.classes.map((_, c) => quantity.className(c));
    if (labels !== null) return describe(labels, NODES, { classes: names });
    return shapeOf(values, level, [names[0], names[1]]).words;
  }

  /** The test points, in the pixels that there are. */
  #scatter() {
    const pixels = Math.round(this.plot.element.clientWidth * devicePixelRatio);
    if (pixels === 0 || pixels === this.#pixels) return;
    this.#pixels = pixels;
    this.plot.scatter(this.desk.data.picture(this.desk.view(), pixels, this.scale));
  }
}

/** Why a model's run cannot be shown; null where it can.
 *  @param {Desk} desk @param {Model} model @param {number} run */
export const unshown = (desk, model, run = 0) => desk.fields.unavailableReason(model, desk.view(run));
