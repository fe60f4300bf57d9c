// The view to take away: as a picture, as numbers, and as the command that asks the service for the same.

import { fixed, h } from "./dom.js";
import { NODES } from "./fields.js";
import { writeNpy } from "./service.js";

const SIDE = 480; // pixels of a panel on the picture
const GAP = 24;
const HEAD = 64;
const ACROSS = 4;
const BAR = 120; // pixels of a colour scale on the picture
const FONT = "system-ui, sans-serif";

/** @param {() => {panels: {name: string, plot: object, note: string, scale: ?object, dots: boolean}[], fields: object,
 *  values: Map<string, ArrayLike<number>>, title: string, scale: object, legend: string, dots: (pixels: number) => ?OffscreenCanvas,
 *  commands: string, address: string}} shown what the page shows now; a panel's `scale` is its own, where it has one */
export function downloads(shown) {
  const status = h("span", { role: "status" });
  const copy = async (text, instead) => {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "copied";
    } catch {
      status.textContent = `the browser does not let this page copy; ${instead} instead`;
    }
  };
  const button = (text, act) => h("button", { type: "button", onclick: act }, text);
  return [
    button("Picture (PNG)", async () => save(await picture(shown()), "boundaries.png")),
    button("Numbers (CSV)", () => save(new Blob([csv(shown())], { type: "text/csv" }), "boundaries.csv")),
    button("Numbers (npy)", () => save(npy(shown()), "boundaries.npy")),
    button("Copy as curl", () => copy(shown().commands, "select the command")),
    button("Copy link", () => copy(shown().address, "take it from the address bar")),
    status,
    h("pre", { tabindex: 0, "aria-label": "The command for what is shown" }, h("code", { id: "curl" })),
  ];
}

/** The command that fetches the maps that are shown, as NumPy files.
 *  @param {?URLSearchParams} difference what to ask for that of two models */
export function curl(fields, models, view, difference) {
  const asked = models.map((model) => fields.query(model, view));
  const groups = Map.groupBy(asked, (query) => {
    const same = new URLSearchParams(query);
    same.delete("model");
    return String(same);
  });
  const key = fields.service.hasKey ? '-H "X-API-Key: $API_KEY" ' : "";
  const quoted = (names) => (names.length === 1 ? names[0] : `{${names.join(",")}}`);
  return [...groups]
    .map(([rest, queries]) => {
      const names = queries.map((query) => query.get("model"));
      const file = names.length === 1 ? `${names[0]}.npy` : "#1.npy";
      return `curl -fsS ${key}'${location.origin}/boundary?model=${quoted(names)}&${rest}&format=npy' -o '${file}'`;
    })
    .concat(difference === null ? [] : `curl -fsS ${key}'${location.origin}/boundary?${difference}&format=npy' -o 'difference.npy'`)
    .join("\n");
}

function csv({ fields, values }) {
  const { names } = fields.catalogue.domain;
  const columns = [...values.values()];
  const [x, y] = fields.columns;
  const line = (i) => [x[i], y[i], ...columns.map((column) => column[i])].map((value) => Number(value.toPrecision(8))).join(",");
  return `${[...names, ...values.keys()].join(",")}\n${Array.from(x, (_, i) => line(i)).join("\n")}\n`;
}

/** One array, models × y × x. */
function npy({ values }) {
  const columns = [...values.values()];
  const all = new Float32Array(columns.length * NODES * NODES);
  columns.forEach((column, i) => all.set(column, i * NODES * NODES));
  return writeNpy(all, [columns.length, NODES, NODES]);
}

function picture({ panels, title, scale, legend, dots }) {
  const across = Math.max(1, Math.min(ACROSS, panels.length));
  const rows = Math.ceil(panels.length / across);
  const cell = [SIDE + GAP, SIDE + HEAD + GAP];
  const canvas = h("canvas", { width: across * cell[0] + GAP, height: rows * cell[1] + HEAD + GAP });
  const context = canvas.getContext("2d");
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
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function write(context, lines, x, y, font, width) {
  context.font = `${font} ${FONT}`;
  lines.forEach((text, i) => context.fillText(text, x, y + 16 * i, width));
}

/** A text in lines that are not wider than this, in the context's font. */
function broken(context, text, width) {
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Draw a scale's colours between its ends; return where it ends. */
function drawScale(context, scale, left, base) {
  const [low, high] = [fixed(scale.low, 1), fixed(scale.high, 1)];
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

/** Have the links to data bring the API key, which a browser following them does not: they are fetched here, and saved.
 *  @param {(error: Error) => void} explain called where that fails */
export function bringKey(service, explain) {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[download], a[data-file]");
    if (link === null || !service.hasKey) return;
    event.preventDefault();
    try {
      save(await service.file(link.getAttribute("href")), link.download || link.dataset.file);
    } catch (error) {
      explain(error);
    }
  });
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
