// One unit or output, enlarged: its map with the data, the lines that it is made of, and what it computes, in numbers.

import { Data } from "./data.js";
import { isolated } from "./bidi.js";
import { counted, fixed, h, number, say, signed, within } from "./dom.js";
import { NODES } from "./fields.js";
import { scaleBar } from "./legend.js";
import { between, levelLines, line } from "./lines.js";
import { drawParts, LINE_SCALE, sumsOf, unitInWords } from "./made-of.js";
import { Plot } from "./map.js";
import { nodesOf } from "./network.js";
import { scoreInWords } from "./outcome.js";
import { mostProbable } from "./quantity.js";
import { levels } from "./scales.js";
import { settled } from "./spoken.js";
import { DEFAULTS } from "./state.js";
import { offAs } from "./switched.js";
import { functionOf, inputsOf, roleOf, wordsOf } from "./units.js";

/** Terms of a sum that are written. */
const MOST_TERMS = 64;

/** @typedef {import("./inside.js").Shown} Shown */

export class Enlargement {
  #dots = "";
  /** @type {string | null} the units that were off when this was last told */
  #told = null;

  /** @param {Catalogue} catalogue @param {Handlers} handlers
   *  @param {(l: number, u: number) => void} onflip called with the unit that is to be switched off, or on */
  constructor(catalogue, handlers, onflip) {
    this.catalogue = catalogue;
    this.data = new Data(catalogue);
    this.plot = new Plot(catalogue.place(DEFAULTS), NODES);
    this.plot.element.addEventListener("click", (event) => {
      if (this.shown?.model.isOfData) handlers.onpoint(this.plot.pointAt(event));
    });
    /** @type {Shown | null} */
    this.shown = null;
    this.title = h("h3", { id: "detail-title" });
    this.shape = h("span", { class: "hidden", id: "detail-shape" });
    const named = { "aria-labelledby": "detail-title detail-shape", "aria-describedby": "detail-summary" };
    const map = h("div", { class: "map", role: "img", ...named }, this.plot.element);
    this.status = h("span", { class: "hidden", role: "status" });
    this.scale = h("p", { class: "scales" });
    this.score = h("p", { class: "score" });
    this.stage = h(
      "div",
      { class: "stage" },
      this.title,
      this.score,
      h("div", { class: "frame" }, map),
      this.shape,
      this.status,
      this.scale,
    );
    this.tell = settled(this.#tell.bind(this));
    this.formula = h("p", { class: "formula" });
    this.summary = h("p", { class: "summary", id: "detail-summary" });
    this.point = h("p", { class: "summary at-point" });
    const scrolling = { class: "scroll numbers-of-unit", tabindex: 0, role: "region", "aria-label": "Weights" };
    this.weights = h("div", scrolling);
    this.flip = h("button", { type: "button", onclick: () => onflip(...this.at) });
    /** @type {[number, number]} */
    this.at = [0, 0];
    this.words = h(
      "div",
      { class: "words" },
      this.formula,
      this.summary,
      this.point,
      h("p", { class: "actions" }, this.flip),
    );
    this.element = h("div", { class: "detail" }, this.stage, this.words);
  }

  /** Show a unit, or an output; `isChosen` where it is not only under the pointer.
   *  @param {Shown} shown @param {number} l @param {number} u @param {boolean} isChosen
   *  @param {boolean} isFollowing whether words wait until the epoch rests */
  show(shown, l, u, isChosen, isFollowing = false) {
    if (this.shown === null) this.#told = offAs(shown.off);
    this.shown = shown;
    this.at = [l, u];
    const { view, model, units, scales, place, off, weights } = shown;
    const isOutput = l === units.length - 1;
    const scale = scales[l][u];
    this.plot.moveTo(place);
    this.plot.paint({ values: units[l][u], labels: null }, scale);
    this.plot.draw("point", model.isOfData ? this.plot.cross(view.point) : "");
    if (isOutput) this.#drawOutput(shown, l, u);
    else this.#drawUnit(shown, l, u);
    if (isFollowing) return;
    this.#scatter(shown);
    const isOff = !isOutput && off[l][u];
    const notes = [isOff ? "off" : "", this.#isDead(l, u) ? "dead" : ""].filter(Boolean).join(", ");
    const name = isOutput ? `${model.name}: ${wordsOf(model, u)}` : `Layer ${l + 1}, unit ${u + 1}`;
    this.title.replaceChildren(name, notes ? h("small", {}, ` ${notes}`) : "");
    const span = /** @type {Interval} */ ([scale.low, scale.high]);
    this.scale.replaceChildren(
      isOutput ? wordsOf(model, u) : `a${l + 1}.${u + 1}`,
      scaleBar(scale, within(scale.low, span), within(scale.high, span)),
    );
    scoreInWords(this.score, shown, this.catalogue);
    this.flip.parentElement?.toggleAttribute("hidden", !(isChosen && !isOutput && weights !== null));
    this.flip.textContent = isOff ? "Switch this unit on" : "Switch this unit off";
    this.#explain(shown, l, u);
    this.tell();
  }

  /** Where an output is 0.5 with the units that are on, dotted where it is with all; of values where they are as much.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #drawOutput({ units, all, model, scales, lines, outgoing, off }, l, u) {
    const isClass = !model.quantity.isValue;
    const values = units[l][u];
    const { low, high } = scales[l][u];
    this.plot.draw("zero", "");
    this.plot.draw("boundary", isClass ? line(values, nodesOf(values), 0.5) : "");
    this.plot.draw("other", isClass && offAs(off) !== null ? line(all[l][u], nodesOf(values), 0.5) : "");
    this.plot.draw("between", model.quantity.isMulticlass ? betweenClasses(units[l]) : "");
    const drawn = levelLines(values, nodesOf(values), isClass ? [] : levels([low, high]));
    this.plot.draw("level", drawn.path);
    this.plot.number(drawn.labels);
    this.plot.clear("unit", 0);
    this.plot.clear("against", 0);
    if (lines && l > 0) {
      outgoing.forEach((width, i) => {
        this.plot.draw(`unit:${i}`, off[0][i] ? "" : lines(this.plot, i), LINE_SCALE * width);
      });
    }
  }

  /** Where a unit's sum is 0: of the first layer a line as thick as what is made of it.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #drawUnit(shown, l, u) {
    const { lines, outgoing } = shown;
    for (const name of ["boundary", "other", "level", "between"]) this.plot.draw(name, "");
    this.plot.number([]);
    const sums = l > 0 ? this.#sums(shown, l, u) : null;
    this.plot.draw("zero", sums ? line(sums, nodesOf(sums), 0) : "");
    if (l > 0) return drawParts(this.plot, shown, l, u);
    this.plot.clear("unit", 0);
    this.plot.clear("against", 0);
    if (lines) this.plot.draw(`unit:${u}`, lines(this.plot, u), outgoing[u]);
  }

  /** @param {Shown} shown @param {number} l @param {number} u */
  #sums({ units, sums }, l, u) {
    return sums === null ? null : sumsOf(units[l - 1], sums[l], u);
  }

  /** The data as all maps show them, drawn again where they, or the map's size, are others.
   *  @param {Shown} shown */
  #scatter({ view, model, units, scales }) {
    const pixels = Math.round(this.plot.element.clientWidth * devicePixelRatio);
    const scale = scales[units.length - 1][0];
    const ends = model.quantity.isValue ? `${scale.low} ${scale.high}` : "";
    const key = `${model.isOfData} ${view.points} ${view.colours} ${pixels} ${ends} ${view.place.key}`;
    if (this.#dots === key || pixels === 0) return;
    this.#dots = key;
    this.plot.scatter(model.isOfData ? this.data.picture(view, pixels, scale) : null);
  }

  /** @param {number} l @param {number} u */
  #isDead(l, u) {
    return (this.shown?.dead.values[l]?.[u] ?? null) !== null;
  }

  /** Say where its boundary runs to whoever does not see it, and what came of switching units. */
  *#tell() {
    yield;
    if (this.shown === null) return;
    const words = unitInWords(this.plot, this.shown, ...this.at);
    say(this.shape, words);
    const off = offAs(this.shown.off);
    if (this.#told !== off) say(this.status, `${words}. ${this.score.textContent}`);
    this.#told = off;
  }

  /** Say what a unit computes, in numbers.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #explain(shown, l, u) {
    const { model, weights, network } = shown;
    this.weights.replaceChildren();
    this.weights.hidden = weights === null;
    this.formula.textContent = "";
    this.#tellPoint(shown, l, u);
    if (weights === null || network === null) {
      this.summary.textContent = model.askedBecause;
      return;
    }
    this.summary.textContent = `${this.#ofDead(l, u)}${roleOf(l, weights.length, model)}${this.#ofLines(shown, l, u)}`;
    if (l === 0 && network.encoder.mean) {
      this.summary.append(" The features are standardized before they are weighted.");
    }
    const { kernel, bias } = weights[l];
    const isOutput = l === weights.length - 1;
    const inputs = l === 0 ? inputsOf(model, network) : kernel.map((_, k) => `a${l}.${k + 1}`);
    const terms = inputs
      .slice(0, MOST_TERMS)
      .map((input, k) => `${k === 0 ? fixed(kernel[k][u], 2) : signed(kernel[k][u], 2)}·${input}`);
    const name = isOutput ? functionOf(model) : model.activations[l];
    const more = inputs.length > terms.length ? " …" : "";
    const sum = `${terms.join(" ")}${more} ${signed(bias[u], 2)}`;
    this.formula.textContent = name ? `${name}(${sum})` : sum;
    const rows = inputs.map((input, k) => row(`weight of ${input}`, kernel[k][u]));
    rows.push(row("bias", bias[u]));
    weights[l + 1]?.kernel[u].forEach((weight, k) => {
      const isLast = l + 2 === weights.length;
      const output = model.quantity.isMulticlass ? `the output ${isolated(model.quantity.classes[k])}` : "the output";
      rows.push(row(`its weight in ${isLast ? output : `unit ${l + 2}.${k + 1}`}`, weight));
    });
    this.weights.append(h("table", {}, h("tbody", {}, rows)));
  }

  /** @param {number} l @param {number} u */
  #ofDead(l, u) {
    const value = this.shown?.dead.values[l]?.[u] ?? null;
    if (value === null) return "";
    const points = this.shown?.dead.points ?? null;
    const where = points === null ? "everywhere on this map" : `at all ${counted(points, "point")} of the data`;
    return `Dead: its output is ${fixed(value, 2)} ${where}. `;
  }

  /** What else the lines say: of an output what is dotted, of a deeper unit why it has none.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #ofLines(shown, l, u) {
    if (l === shown.units.length - 1) {
      const isMoved = !shown.model.quantity.isValue && offAs(shown.off) !== null;
      const more = shown.model.quantity.isMulticlass ? " Thin: where another class becomes the most probable one." : "";
      return `${more}${isMoved ? " Dotted: the boundary with all units." : ""}`;
    }
    if (l === 0) return "";
    const sums = this.#sums(shown, l, u);
    if (sums === null || line(sums, nodesOf(sums), 0) !== "") return "";
    return ` Here the sum is ${sums[0] < 0 ? "negative" : "positive"} everywhere.`;
  }

  /** What it is at the chosen point.
   *  @param {Shown} shown @param {number} l @param {number} u */
  #tellPoint({ model, view, place, left, snapshot }, l, u) {
    this.point.hidden = left === null || !model.isOfData;
    if (left === null || !model.isOfData) return;
    const trace = left.trace(snapshot.left, /** @type {number[]} */ (place.with(view.point)));
    const value = (l < trace.layers.length ? trace.layers[l].activations : trace.outputs)[u];
    const name = l < trace.layers.length ? `a${l + 1}.${u + 1}` : wordsOf(model, u);
    const where = place.titles.map((axis, k) => `${axis} = ${within(view.point[k], [place.x, place.y][k], 2)}`);
    this.point.replaceChildren(`At the cross, ${where.join(", ")}: ${name} = `, number(value, 4), ".");
  }
}

/** @param {ArrayLike<number>[]} outputs of several classes */
const betweenClasses = (outputs) => between({ ...mostProbable(outputs), outputs }, nodesOf(outputs[0]));

/** @param {string} name @param {number} value */
const row = (name, value) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, number(value, 4)));
