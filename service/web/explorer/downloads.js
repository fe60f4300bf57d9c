// The view to take away: as a picture, as numbers, and as the command that asks the service for the same.

import { h, within } from "./dom.js";
import { NODES } from "./fields.js";
import { contextOf } from "./map.js";
import { save } from "./saving.js";
import { writeNpy } from "./service.js";

const SIDE = 480; // pixels of a panel on the picture
const GAP = 24;
const HEAD = 64;
const ACROSS = 4;
const BAR = 120; // pixels of a colour scale on the picture
const FONT = "system-ui, sans-serif";

/** @typedef {import("./scales.js").AnyScale} Scale */
/** @typedef {import("./fields.js").Fields} Fields */
/** @typedef {import("./map.js").Plot} Plot */

/** One map on the picture; `scale` is its own, where it has one.
 *  @typedef {{name: string, plot: Plot, note: string, scale?: Scale, dots: boolean}} ShownMap */

/** What the page shows.
 *  @typedef {{panels: ShownMap[], place: import("./place.js").Place, columns: Float64Array[],
 *  values: Map<string, Float32Array>, title: string, scale: Scale, legend: string,
 *  dots: (pixels: number) => OffscreenCanvas | null, commands: string}} Shown */

/** The buttons, with the command.
 *  @param {() => Shown} shown what the page shows now */
export function downloads(shown) {
  const status = h("span", { role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(shown().commands);
      status.textContent = "copied";
    } catch {
      status.textContent = "the browser does not let this page copy; select the command instead";
    }
  };
  /** @param {string} text @param {() => void} act */
  const button = (text, act) => h("button", { type: "button", onclick: act }, text);
  return [
    button("Picture (PNG)", async () => save(await picture(shown()), "boundaries.png")),
    button("Numbers (CSV)", () => save(new Blob([csv(shown())], { type: "text/csv" }), "boundaries.csv")),
    button("Numbers (npy)", () => save(npy(shown()), "boundaries.npy")),
    needsService(button("Copy as curl", copy)),
    status,
    needsService(h("pre", { tabindex: 0, "aria-label": "The command for what is shown" }, h("code", { id: "curl" }))),
  ];
}

/** Mark what is not shown where pages were saved without their service.
 *  @param {HTMLElement} element */
function needsService(element) {
  element.classList.add("needs-service");
  return element;
}

/** The command that fetches the maps that are shown, as NumPy files.
 *  @param {Fields} fields @param {Model[]} models @param {View} view
 *  @param {URLSearchParams | null} difference the query for that of two models */
export function curl(fields, models, view, difference) {
  const wanted = models.map((model) => fields.query(model, view));
  const groups = Map.groupBy(wanted, (query) => {
    const same = new URLSearchParams(query);
    same.delete("model");
    return String(same);
  });
  const address = new URL("boundary", document.baseURI).href;
  const key = fields.service.hasKey ? '-H "X-API-Key: $API_KEY" ' : "";
  /** @param {(string | null)[]} names */
  const quoted = (names) => (names.length === 1 ? names[0] : `{${names.join(",")}}`);
  return [...groups]
    .map(([rest, queries]) => {
      const names = queries.map((query) => query.get("model"));
      const file = names.length === 1 ? `${names[0]}.npy` : "#1.npy";
      return `curl -fsS ${key}'${address}?model=${quoted(names)}&${rest}&format=npy' -o '${file}'`;
    })
    .concat(difference === null ? [] : `curl -fsS ${key}'${address}?${difference}&format=npy' -o 'difference.npy'`)
    .join("\n");
}

/** A model's numbers as columns of a table: of several classes the position of the most probable one too.
 *  @param {Model} model @param {Field | null} field
 *  @returns {[string, Float32Array][]} */
export function columnsOf({ name }, field) {
  const values = Float32Array.from(field?.values ?? []);
  return field?.labels
    ? [
        [name, values],
        [`${name} class`, Float32Array.from(field.labels)],
      ]
    : [[name, values]];
}

/** @param {Shown} shown */
function csv({ place, columns: [x, y], values }) {
  const columns = [...values.values()];
  /** @param {number} i */
  const line = (i) =>
    [x[i], y[i], ...columns.map((column) => column[i])].map((value) => Number(value.toPrecision(8))).join(",");
  const names = [...place.names, ...values.keys()].map((name) =>
    /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return `${names.join(",")}\n${Array.from(x, (_, i) => line(i)).join("\n")}\n`;
}

/** One array, models × y × x.
 *  @param {Shown} shown */
function npy({ values }) {
  const columns = [...values.values()];
  const all = new Float32Array(columns.length * NODES * NODES);
  columns.forEach((column, i) => all.set(column, i * NODES * NODES));
  return writeNpy(all, [columns.length, NODES, NODES]);
}

/** @param {Shown} shown
 *  @returns {Promise<Blob>} */
function picture({ panels, title, scale, legend, dots }) {
  const across = Math.max(1, Math.min(ACROSS, panels.length));
  const rows = Math.ceil(panels.length / across);
  const cell = [SIDE + GAP, SIDE + HEAD + GAP];
  const canvas = h("canvas", { width: across * cell[0] + GAP, height: rows * cell[1] + HEAD + GAP });
  const context = contextOf(canvas);
  const style = getComputedStyle(document.body);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.color;
  const width = canvas.width - 2 * GAP;
  write(context, [title], GAP, 30, "600 26px", width);
  const began = drawScale(context, scale, GAP, 56) + GAP;
  write(context, [legend], began, 56, "15px", width - began);
  const drawn = dots(SIDE);
  panels.forEach(({ name, plot, note, scale: own, dots: isWithData }, i) => {
    const [left, top] = [GAP + (i % across) * cell[0], HEAD + Math.floor(i / across) * cell[1]];
    write(context, [name], left, top + 24, "600 20px", own ? SIDE - BAR - 100 : SIDE);
    if (own) drawScale(context, own, left + SIDE - BAR - 85, top + 22);
    context.font = `13px ${FONT}`;
    write(context, broken(context, note, SIDE).slice(0, 2), left, top + 42, "13px", SIDE);
    plot.drawOn(context, left, top + HEAD, SIDE, isWithData ? drawn : null);
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))), "image/png");
  });
}

/** @param {CanvasRenderingContext2D} context
 *  @param {string[]} lines @param {number} x @param {number} y @param {string} font @param {number} width */
function write(context, lines, x, y, font, width) {
  context.font = `${font} ${FONT}`;
  lines.forEach((text, i) => context.fillText(text, x, y + 16 * i, width));
}

/** A text in lines that are not wider than this, in the context's font.
 *  @param {CanvasRenderingContext2D} context @param {string} text @param {number} width */
function broken(context, text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Draw a scale's colours between its ends; return where it ends.
 *  @param {CanvasRenderingContext2D} context @param {Scale} scale @param {number} left @param {number} base */
function drawScale(context, scale, left, base) {
  const span = /** @type {Interval} */ ([scale.low, scale.high]);
  const [low, high] = span.map((end) => within(end, span));
  context.font = `15px ${FONT}`;
  const from = Math.round(left + context.measureText(low).width + 8);
  context.fillText(low, left, base);
  for (let i = 0; i < BAR; i++) {
    context.save();
    context.fillStyle = scale.css(scale.low + ((scale.high - scale.low) * i) / (BAR - 1));
    context.fillRect(from + i, base - 13, 1, 15);
    context.restore();
  }
  context.fillText(high, from + BAR + 8, base);
  return from + BAR + 8 + context.measureText(high).width;
}
