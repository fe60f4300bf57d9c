// The view: the address completed from the study. Two factors place the cells, the others are held at one level each.

import { readWhere, writeWhere } from "./state.js";

/** @typedef {import("./study.js").Study} Study */

/** @typedef {ReturnType<typeof viewOf>} StudyView */

/** Levels as text, by which they are compared: an address has no numbers.
 *  @param {Level | undefined} level */
export const keyOf = (level) => (level === null || level === undefined ? "" : String(level));

/** @param {Study} study @param {StudyValues} values whatever the address says */
export function viewOf(study, values) {
  const { facts, varied } = study;
  const [x, y] = axesOf(study, values);
  const held = heldOf(study, values, [x, y]);
  const places = placesOf(study, [x, y], held);
  return {
    x,
    y,
    held,
    ...places,
    others: varied.filter((name) => name !== x && name !== y),
    metric: values.metric !== null && facts.metrics.includes(values.metric) ? values.metric : facts.metric,
    epoch: values.epoch === null || values.epoch >= (facts.epochs.at(-1) ?? 0) ? null : values.epoch,
    cell: study.cell(values.cell),
    theme: ["light", "dark"].includes(values.theme) ? values.theme : "auto",
    show: values.show === "measured" ? "measured" : "boundaries",
  };
}

/** @param {Study} study @param {StudyValues} values
 *  @returns {[string | null, string | null]} */
function axesOf({ facts, varied }, values) {
  const usual = [...facts.axes.filter((name) => varied.includes(name)), ...varied];
  const x = varied.find((name) => name === values.x) ?? usual.find((name) => name !== values.y) ?? null;
  const y = varied.find((name) => name === values.y && name !== x) ?? usual.find((name) => name !== x) ?? null;
  return [x, y];
}

/** A cell is at a level, or has none of this factor, as a linear model has no width: then every level is its own.
 *  @param {StudyCell} cell @param {string} name @param {string} level */
const isAt = ({ factors }, name, level) => keyOf(factors[name]) === level || keyOf(factors[name]) === "";

/** The levels at which the other factors are held: those of the address, else those that most cells have.
 *  @param {Study} study @param {StudyValues} values @param {(string | null)[]} axes
 *  @returns {Map<string, string>} by factor */
function heldOf({ cells, levels, varied }, values, axes) {
  const wanted = readWhere(values.where);
  /** @type {Map<string, string>} */
  const held = new Map();
  let left = cells;
  for (const name of varied) {
    if (axes.includes(name)) continue;
    const choices = (levels.get(name) ?? []).map(keyOf).filter((level) => level !== "");
    if (choices.length === 0) continue;
    /** @param {string} level */
    const count = (level) => left.filter((cell) => keyOf(cell.factors[name]) === level).length;
    const asked = wanted.get(name);
    const level =
      asked !== undefined && choices.includes(asked)
        ? asked
        : choices.reduce((best, one) => (count(one) > count(best) ? one : best));
    held.set(name, level);
    left = left.filter((cell) => isAt(cell, name, level));
  }
  return held;
}

/** Where the cells stand that are at the held levels.
 *  @param {Study} study @param {(string | null)[]} axes x, y @param {Map<string, string>} held */
function placesOf({ cells, levels }, [x, y], held) {
  const shown = cells.filter((cell) => [...held].every(([name, level]) => isAt(cell, name, level)));
  /** @param {string | null} name
   *  @returns {Level[]} those that a cell has that is shown */
  const along = (name) => {
    if (name === null) return [null];
    const known = new Set(shown.map((cell) => keyOf(cell.factors[name])));
    return (levels.get(name) ?? []).filter((level) => known.has(keyOf(level)));
  };
  const [columns, rows] = [along(x), along(y)];
  const [columnAt, rowAt] = [columns, rows].map((all) => new Map(all.map((level, i) => [keyOf(level), i])));
  /** @type {(StudyCell | null)[][]} by row and column */
  const grid = rows.map(() => columns.map(() => null));
  /** @param {StudyCell} cell how many of the levels are its own */
  const own = (cell) => [...held].filter(([name, level]) => keyOf(cell.factors[name]) === level).length;
  let hidden = 0;
  for (const cell of shown) {
    const row = grid[(y === null ? 0 : rowAt.get(keyOf(cell.factors[y]))) ?? 0];
    const column = (x === null ? 0 : columnAt.get(keyOf(cell.factors[x]))) ?? 0;
    const before = row[column];
    if (before !== null) hidden += 1;
    if (before === null || own(cell) > own(before)) row[column] = cell;
  }
  return { columns, rows, grid, hidden };
}

/** The address' values with which a cell is among those that are shown.
 *  @param {Study} study @param {StudyView} view @param {Map<string, string>} levels
 *  @returns {Partial<StudyValues>} */
export function holding(study, view, levels) {
  const held = new Map([...view.held, ...[...levels].filter(([name]) => study.varied.includes(name))]);
  for (const name of [view.x, view.y]) if (name !== null) held.delete(name);
  return { where: writeWhere(held) };
}
