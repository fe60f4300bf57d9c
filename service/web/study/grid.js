// The cells of a study as a table: each is its boundary, with the measure below it. Boundaries are drawn a few rows in
// each frame.

import { h } from "../explorer/dom.js";
import { brief, factorText, levelText, nameOf, range, shortened, written } from "./measures.js";

/** @typedef {import("./view.js").StudyView} StudyView */
/** @typedef {{td: HTMLTableCellElement, canvas: HTMLCanvasElement, text: HTMLElement, cell: StudyCell}} Drawn */

/** Milliseconds of drawing in a frame: a frame with thousands of canvases takes as long to show. */
const FRAME_MS = 100;

/** Pixels of a cell's side: no smaller, so that a finger finds it, and no larger than its map is fine. */
const [MIN_CELL_SIDE, MAX_CELL_SIDE] = [28, 132];

/** Pixels from which there is room for a number. */
const NUMBER_MIN_SIDE = 46;

/** Pixels of a character of a head. */
const CHARACTER_WIDTH = 10;

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class Grid {
  /** @type {(Drawn | null)[][]} */
  #places = [];
  /** @type {Map<string, Drawn>} by digest */
  #drawn = new Map();
  #shape = "";
  #painted = "";
  #labelled = "";
  #painting = 0;
  #columns = 1;
  /** Characters of the columns' longest head. */
  #longest = 0;
  #isSmall = true;
  /** @type {import("./main.js").Shown | null} */
  #shown = null;
  /** @type {Drawn | null} which Tab leads to */
  #current = null;

  /** @param {HTMLElement} element
   *  @param {{onlook: (cell: StudyCell) => void, onleave: () => void, onchoose: (cell: StudyCell) => void}} handlers */
  constructor(element, handlers) {
    this.caption = h("caption", { class: "hidden" });
    this.head = h("thead");
    this.body = h("tbody");
    this.table = h("table", { role: "grid", id: "cells" }, this.caption, this.head, this.body);
    this.frame = h("div", { class: "cells" }, this.table);
    element.append(this.frame);
    /** @param {Event} event */
    const at = ({ target }) => {
      const td = target instanceof Element ? target.closest("td[data-cell]") : null;
      return this.#drawn.get(td?.getAttribute("data-cell") ?? "") ?? null;
    };
    /** @param {Event} event @param {(cell: StudyCell) => void} act */
    const each = (event, act) => {
      const drawn = at(event);
      if (drawn !== null) act(drawn.cell);
    };
    this.body.addEventListener("pointerover", (event) => each(event, handlers.onlook));
    this.body.addEventListener("pointerleave", () => handlers.onleave());
    this.body.addEventListener("focusin", (event) => {
      const drawn = at(event);
      if (drawn !== null) this.#reach(drawn);
      each(event, handlers.onlook);
    });
    this.body.addEventListener("click", (event) => each(event, handlers.onchoose));
    this.body.addEventListener("keydown", (event) => this.#onkey(event, at(event), handlers.onchoose));
    new ResizeObserver(() => this.resize()).observe(this.frame);
  }

  /** @param {StudyView} view @param {import("./main.js").Shown} shown */
  draw(view, shown) {
    this.#build(view, shown.study);
    this.table.classList.toggle("measured", view.show === "measured" || shown.maps === null);
    if (shown !== this.#shown || this.#labelled !== this.#shape) this.#label(view, shown);
    for (const { td, cell } of this.#drawn.values()) {
      const isChosen = String(cell.digest === view.cell?.digest);
      if (td.getAttribute("aria-selected") !== isChosen) td.setAttribute("aria-selected", isChosen);
    }
    this.#shown = shown;
    this.#labelled = this.#shape;
    this.#paint();
  }

  /** Say and colour each cell's number.
   *  @param {StudyView} view @param {import("./main.js").Shown} shown */
  #label(view, { summaries, heat }) {
    for (const { td, text, cell } of this.#drawn.values()) {
      const summary = summaries.get(cell.digest) ?? null;
      const mean = summary?.mean ?? null;
      td.setAttribute("aria-label", labelOf(cell, view, summary));
      td.title = `${cell.name}${mean === null ? "" : `: ${written(mean, view.metric)}`}`;
      td.className = stateOf(cell);
      text.textContent = mean === null ? SIGNS[td.className] : brief(mean, view.metric);
      const [colour, ink] = mean === null ? ["", ""] : heat.css(mean);
      [text.style.background, text.style.color] = [colour, ink];
    }
  }

  /** Make the table anew, where other cells are at other places.
   *  @param {StudyView} view @param {import("./study.js").Study} study */
  #build({ x, y, columns, rows, grid, cell }, study) {
    const digests = grid.map((row) => row.map((one) => one?.digest));
    const shape = JSON.stringify([x, y, columns, rows, digests]);
    const byDigest = new Map(study.cells.map((one) => [one.digest, one]));
    if (shape === this.#shape) {
      for (const drawn of this.#drawn.values()) drawn.cell = byDigest.get(drawn.cell.digest) ?? drawn.cell;
      return;
    }
    const focused = this.#current?.td === document.activeElement ? this.#current?.cell.digest : null;
    this.#shape = shape;
    this.#painted = "";
    this.#drawn.clear();
    this.#columns = columns.length;
    const [across, down] = [x, y].map((name) => (name === null ? "" : factorText(name)));
    this.caption.textContent =
      (across ? `Cells by ${across}${down ? ` and ${down}` : ""}. ` : "") + "Arrow keys move from cell to cell.";
    const corner = h("td", { class: "corner" }, down ? h("span", {}, `${down} ↓`) : null, h("span", {}, `${across} →`));
    /** @param {string} scope
     *  @returns {(text: string, i: number, all: string[]) => HTMLElement} */
    const head = (scope) => (text, i, all) => h("th", { scope, title: text }, h("span", {}, shortened(all)[i]));
    const [acrossTexts, downTexts] = [columns, rows].map((levels) => levels.map(levelText));
    const heads = acrossTexts.map(head("col"));
    this.head.replaceChildren(h("tr", {}, x === null ? null : [corner, ...heads]));
    this.#places = grid.map((row) => row.map((one) => (one === null ? null : this.#cell(one))));
    this.body.replaceChildren(
      ...this.#places.map((row, i) =>
        h(
          "tr",
          {},
          x === null ? null : y === null ? h("td") : head("row")(downTexts[i], i, downTexts),
          row.map((drawn) => drawn?.td ?? h("td", { class: "none" })),
        ),
      ),
    );
    this.#longest = Math.max(0, ...shortened(acrossTexts).map((text) => text.length));
    const first = this.#drawn.get(focused ?? cell?.digest ?? "") ?? this.#places.flat().find((one) => one !== null);
    this.#current = null;
    if (first) this.#reach(first);
    if (focused !== null && first?.cell.digest === focused) first?.td.focus({ preventScroll: true });
    this.resize();
  }

  /** @param {StudyCell} cell */
  #cell(cell) {
    const canvas = h("canvas", { width: 1, height: 1, "aria-hidden": "true" });
    const text = h("span", { "aria-hidden": "true" });
    const td = h("td", { role: "gridcell", tabindex: -1, "data-cell": cell.digest }, canvas, text);
    const drawn = { td, canvas, text, cell };
    this.#drawn.set(cell.digest, drawn);
    return drawn;
  }

  /** Draw the boundaries, as many in a frame as there is time for. */
  #paint() {
    if (this.#shown === null) return;
    const { maps, mapsKey } = this.#shown;
    const key = `${this.#shape} ${mapsKey} ${this.#isSmall}`;
    if (maps !== null && !maps.isLoaded) this.table.setAttribute("aria-busy", "true");
    if (!maps?.isLoaded || key === this.#painted) return;
    this.#painted = key;
    cancelAnimationFrame(this.#painting);
    const pixels = Math.round(MAX_CELL_SIDE * Math.min(2, devicePixelRatio));
    const left = [...this.#drawn.values()];
    this.table.setAttribute("aria-busy", "true");
    const next = () => {
      for (const began = performance.now(); left.length > 0 && performance.now() - began < FRAME_MS; ) {
        for (const { canvas, cell } of left.splice(0, 5)) {
          if (this.#isSmall) maps.paintSmall(canvas, cell);
          else maps.paintLarge(canvas, pixels, cell);
        }
      }
      if (left.length > 0) this.#painting = requestAnimationFrame(next);
      else this.table.removeAttribute("aria-busy");
    };
    next();
  }

  /** Make cells as large as their columns have room. */
  resize() {
    const head = this.body.querySelector("tr > :first-child:not([data-cell])")?.getBoundingClientRect().width ?? 0;
    const room = (this.frame.clientWidth - head - 2) / this.#columns - 4;
    const side = Math.floor(Math.min(MAX_CELL_SIDE, Math.max(MIN_CELL_SIDE, room)));
    this.table.style.setProperty("--side", `${side}px`);
    this.table.classList.toggle("long", this.#longest * CHARACTER_WIDTH > side);
    this.#isSmall = side < NUMBER_MIN_SIDE;
    this.table.classList.toggle("small", this.#isSmall);
    this.#paint();
  }

  /** @param {Drawn} drawn */
  #reach(drawn) {
    if (this.#current !== null) this.#current.td.tabIndex = -1;
    this.#current = drawn;
    drawn.td.tabIndex = 0;
  }

  /** @param {KeyboardEvent} event @param {Drawn | null} drawn @param {(cell: StudyCell) => void} onchoose */
  #onkey(event, drawn, onchoose) {
    if (drawn === null || event.altKey) return;
    const { key } = event;
    if (key === "Enter" || key === " ") onchoose(drawn.cell);
    else {
      const to = this.#from(drawn, key, event.ctrlKey || event.metaKey);
      if (to === null) return;
      to.td.focus();
    }
    event.preventDefault();
  }

  /** The cell that a key leads to; places without one are passed over.
   *  @param {Drawn} drawn @param {string} key @param {boolean} isFar */
  #from(drawn, key, isFar) {
    const row = this.#places.findIndex((places) => places.includes(drawn));
    const step = STEPS[key];
    if (key === "Home" || key === "End") {
      const all = (isFar ? this.#places.flat() : this.#places[row]).filter((one) => one !== null);
      return all.at(key === "Home" ? 0 : -1) ?? null;
    }
    if (step === undefined) return null;
    let [i, j] = [row, this.#places[row].indexOf(drawn)];
    do [i, j] = [i + step[0], j + step[1]];
    while (this.#places[i]?.[j] === null);
    return this.#places[i]?.[j] ?? null;
  }
}

/** What stands where there is no number.
 *  @type {Record<string, string>} */
const SIGNS = { trained: "–", failed: "✕", missing: "…" };

/** @param {StudyCell} cell */
const stateOf = ({ replicates, failed }) => (replicates > 0 ? "trained" : failed > 0 ? "failed" : "missing");

/** A cell in words: its levels on the axes are told by the table's heads.
 *  @param {StudyCell} cell @param {StudyView} view @param {CellSummary | null} summary */
function labelOf(cell, { metric, x, y }, summary) {
  const axes = [x, y].filter((name) => name !== null);
  const levels = axes.map((name) => `${factorText(name)} ${levelText(cell.factors[name])}`);
  const at = levels.length > 0 ? levels.join(", ") : cell.name;
  const failed = cell.failed > 0 ? `, ${cell.failed} failed` : "";
  if (summary === null || summary.mean === null) {
    const without = { trained: `no ${nameOf(metric)}`, failed: "failed", missing: "not finished" };
    return `${at}: ${without[stateOf(cell)]}`;
  }
  const ends = summary.ci95 ? ` ${range(summary.ci95, metric)}` : "";
  return `${at}: ${nameOf(metric)} ${written(summary.mean, metric)}${ends}, ${summary.count} runs${failed}`;
}
