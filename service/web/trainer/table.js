// Points from text: pasted, or a CSV file.

import { fromRows, MOST_CLASSES, MOST_POINTS, nameOfClass } from "./settings.js";

/** The first that finds two numbers in a line is taken. */
const SEPARATORS = [",", ";", "\t", " "];
const DECIMAL_COMMA = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;

/** Texts that say that there is no value, as bundle/table_files.py has them. */
const MISSING = ["?", "na", "n/a", "#n/a", "nan", "null", "none"];

/** A minus that is not the keyboard's, as this page and word processors write it. */
const TYPESET_MINUS = /^−(?=[.,]?\d)/;

const LABELS = ["label", "class", "target", "y", "species"];

/** Read rows of two numbers and a class. A heading is no row; of more columns the first two of numbers are taken that
 *  have a name, as row numbers have none, and the one that is called a label, else the last.
 *  @param {string} text
 *  @returns {{points: import("./gallery.js").Points, classes: string[], note: string}}
 *  @throws {Error} in words that name the line */
export function readTable(text) {
  const lines = text.replace(/^\uFEFF?(# +)?/, "").split(/\r\n?|\n/);
  /** @param {string} mark */
  const isFit = (mark) => lines.some((line) => cellsOf(line, mark).filter(isNumber).length > 1);
  const separator = SEPARATORS.find(isFit) ?? ",";
  const rows = lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    return [{ number: i + 1, cells: cellsOf(line, separator) }];
  });
  if (rows.length === 0) throw new Error("There are no points: give a line for each, as 0.5, -1.2, red.");
  const isHeading = (/** @type {string[]} */ cells) => cells.filter(isNumber).length === 0;
  const heading = isHeading(rows[0].cells) ? /** @type {{cells: string[]}} */ (rows.shift()).cells : null;
  if (rows.length === 0) throw new Error("There is a heading and no points.");
  const [many, most] = [rows.length, MOST_POINTS].map((count) => count.toLocaleString("en"));
  if (rows.length > MOST_POINTS) throw new Error(`There are ${many} points; ${most} can be trained here.`);
  if (heading?.length === rows[0].cells.length - 1) heading.unshift(""); // R has no name for that of the row numbers
  const { across, up, label } = columnsOf(heading, rows[0].cells);
  for (const { number, cells } of rows) {
    const isLabelled = cells[label] && !MISSING.includes(cells[label].toLowerCase());
    if (isNumber(cells[across]) && isNumber(cells[up]) && isLabelled) continue;
    throw new Error(`Line ${number} is no point: ${cells.join(", ").slice(0, 60)}. It needs two numbers and a class.`);
  }
  const areNumbers = rows.every(({ cells }) => isNumber(cells[label]));
  /** @param {string[]} cells */
  const classOf = (cells) => (areNumbers ? String(Number(cells[label])) : cells[label]); // 1.0 is 1, as in training
  const classes = [...new Set(rows.map(({ cells }) => classOf(cells)))];
  if (areNumbers) classes.sort((a, b) => Number(a) - Number(b));
  if (classes.length > MOST_CLASSES) {
    const some = classes.slice(0, 6).join(", ");
    throw new Error(`There are ${classes.length} classes (${some}…); ${MOST_CLASSES} can be trained here.`);
  }
  if (classes.length < 2) throw new Error("All points are of one class; give two at least.");
  const points = rows.map(({ cells }) => [Number(cells[across]), Number(cells[up]), classes.indexOf(classOf(cells))]);
  classes.forEach(nameOfClass);
  const isTooFar = points.some(([x, y]) => Math.max(Math.abs(x), Math.abs(y)) > 1e6);
  if (isTooFar) throw new Error("A coordinate is beyond a million: give it in other units.");
  const names = [across, up, label].map((i) => heading?.[i] || `column ${i + 1}`);
  const isMore = rows[0].cells.length > 3;
  const note = isMore ? ` Taken: ${names[0]} across, ${names[1]} up, ${names[2]} as the class.` : "";
  return { points: fromRows(points), classes, note };
}

/** A line's cells, without empty ones at its end. In quotes one may have the separator in it, and a quote that is
 *  written twice. Where commas separate none, they may be decimal ones: 0,5.
 *  @param {string} line @param {string} separator */
function cellsOf(line, separator) {
  const end = separator === " " ? "\\s" : separator;
  const cell = new RegExp(` *(?:"((?:[^"]|"")*)" *|([^${end}]*))${end}${separator === " " ? "+" : ""}`, "y");
  const text = (separator === "\t" ? line : line.trim()) + separator;
  const cells = [];
  while (cell.lastIndex < text.length) {
    const [, quoted, plain = ""] = cell.exec(text) ?? [];
    const value = quoted?.replaceAll('""', '"') ?? plain.trim().replace(TYPESET_MINUS, "-");
    cells.push(separator !== "," && DECIMAL_COMMA.test(value) ? value.replace(",", ".") : value);
  }
  return cells.slice(0, cells.findLastIndex((one) => one !== "") + 1);
}

/** @param {string[] | null} heading @param {string[]} first row */
function columnsOf(heading, first) {
  if (first.length < 3) throw new Error("A point needs two numbers and a class, as 0.5, -1.2, red.");
  const named = LABELS.map((name) => heading?.findIndex((one) => one.toLowerCase() === name) ?? -1);
  /** @param {number} label @param {boolean} areNamed whether columns without a name are left out */
  const numbersBeside = (label, areNamed) =>
    first.flatMap((cell, i) => (i !== label && isNumber(cell) && (!areNamed || heading?.[i]) ? [i] : []));
  const text = first.findIndex((cell) => !isNumber(cell));
  const candidates = [...named, first.length - 1, text].filter((at) => at >= 0); // of x, y, kind the y is no label
  const choices = [true, false].flatMap((areNamed) =>
    candidates.map((label) => ({ label, numbers: numbersBeside(label, areNamed) })),
  );
  const choice = choices.find(({ numbers }) => numbers.length >= 2);
  if (choice === undefined) throw new Error("There must be two columns of numbers beside the class.");
  const [across, up] = choice.numbers;
  return { across, up, label: choice.label };
}

/** @param {string | undefined} text */
const isNumber = (text) => text !== undefined && text !== "" && Number.isFinite(Number(text));

/** The same as a file: a heading, and a line for each point.
 *  @param {number[][]} rows @param {string[]} classes */
export function writeTable(rows, classes) {
  /** @param {string} name */
  const quoted = (name) => (/[",\n;]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  return ["x1,x2,label", ...rows.map(([x, y, label]) => `${x},${y},${quoted(classes[label])}`), ""].join("\n");
}
