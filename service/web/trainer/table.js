// Points from text: pasted, or a CSV file.

import { fromRows, MOST_CLASSES, MOST_POINTS, nameOfClass } from "./settings.js";

const LABELS = ["label", "class", "target", "y", "species"];

/** Read rows of two numbers and a class. A heading is no row; of more columns the first two of numbers are taken, and
 *  the one that is called a label, else the last.
 *  @param {string} text
 *  @returns {{points: import("./gallery.js").Points, classes: string[], note: string}}
 *  @throws {Error} in words that name the line */
export function readTable(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const separator = [",", ";", "\t"].find((mark) => lines.some((line) => line.split(mark).length > 2)) ?? /\s+/;
  const rows = lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const cells = line.trim().split(separator);
    return [{ number: i + 1, cells: cells.map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")) }];
  });
  if (rows.length === 0) throw new Error("There are no points: give a line for each, as 0.5, -1.2, red.");
  const isHeading = (/** @type {string[]} */ cells) => cells.filter(isNumber).length === 0;
  const heading = isHeading(rows[0].cells) ? /** @type {{cells: string[]}} */ (rows.shift()).cells : null;
  if (rows.length === 0) throw new Error("There is a heading and no points.");
  const many = rows.length;
  if (many > MOST_POINTS) throw new Error(`There are ${many} points; ${MOST_POINTS} can be trained here.`);
  const { across, up, label } = columnsOf(heading, rows[0].cells);
  const classes = [...new Set(rows.map(({ cells }) => cells[label] ?? ""))];
  if (classes.every(isNumber)) classes.sort((a, b) => Number(a) - Number(b));
  if (classes.length > MOST_CLASSES) {
    const some = classes.slice(0, 6).join(", ");
    throw new Error(`There are ${classes.length} classes (${some}…); ${MOST_CLASSES} can be trained here.`);
  }
  if (classes.length < 2) throw new Error("All points are of one class; give two at least.");
  const points = rows.map(({ number, cells }) => {
    if (!isNumber(cells[across]) || !isNumber(cells[up]) || !cells[label]) {
      const said = cells.join(", ").slice(0, 60);
      throw new Error(`Line ${number} is no point: ${said}. It needs two numbers and a class.`);
    }
    return [Number(cells[across]), Number(cells[up]), classes.indexOf(cells[label])];
  });
  classes.forEach(nameOfClass);
  const isTooFar = points.some(([x, y]) => Math.max(Math.abs(x), Math.abs(y)) > 1e6);
  if (isTooFar) throw new Error("A coordinate is beyond a million: give it in other units.");
  const names = [across, up, label].map((i) => heading?.[i] ?? `column ${i + 1}`);
  const isMore = rows[0].cells.length > 3;
  const note = isMore ? ` Taken: ${names[0]} across, ${names[1]} up, ${names[2]} as the class.` : "";
  return { points: fromRows(points), classes, note };
}

/** @param {string[] | null} heading @param {string[]} first row */
function columnsOf(heading, first) {
  if (first.length < 3) throw new Error("A point needs two numbers and a class, as 0.5, -1.2, red.");
  const named = heading?.findIndex((name) => LABELS.includes(name.toLowerCase())) ?? -1;
  const label = named >= 0 ? named : first.length - 1;
  const numbers = first.flatMap((cell, i) => (i !== label && isNumber(cell) ? [i] : []));
  if (numbers.length < 2) throw new Error("There must be two columns of numbers beside the class.");
  return { across: numbers[0], up: numbers[1], label };
}

/** @param {string | undefined} text */
const isNumber = (text) => text !== undefined && text !== "" && Number.isFinite(Number(text));

/** The same as a file: a heading, and a line for each point.
 *  @param {number[][]} rows @param {string[]} classes */
export function writeTable(rows, classes) {
  /** @param {string} name */
  const quoted = (name) => (/[",\n;]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  return ["x1,x2,label", ...rows.map(([x, y, label]) => `${x},${y},${quoted(classes[label])}`), ""].join("\n");
}
