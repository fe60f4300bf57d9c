// The view to take away: as a picture, as numbers, and as the command that asks the service for the same.

import { h } from "./dom.js";
import { NODES } from "./fields.js";
import { writeNpy } from "./service.js";

const SIDE = 480; // pixels of a panel on the picture
const GAP = 24;
const HEAD = 64;
const ACROSS = 4;
const FONT = "system-ui, sans-serif";

/** @param {() => {panels: {name: string, plot: object, note: string}[], fields: object, values: Map<string, ArrayLike<number>>,
 *  title: string, dots: ?OffscreenCanvas, commands: string}} shown what the page shows now */
export function downloads(shown) {
  const status = h("span", { role: "status" });
  const button = (text, act) => h("button", { type: "button", onclick: act }, text);
  return [
    button("Picture (PNG)", async () => save(await picture(shown()), "boundaries.png")),
    button("Numbers (CSV)", () => save(new Blob([csv(shown())], { type: "text/csv" }), "boundaries.csv")),
    button("Numbers (npy)", () => save(npy(shown()), "boundaries.npy")),
    button("Copy as curl", async () => {
      try {
        await navigator.clipboard.writeText(shown().commands);
        status.textContent = "copied";
      } catch {
        status.textContent = "the browser does not let this page copy; select the command instead";
      }
    }),
    status,
    h("pre", { tabindex: 0, "aria-label": "The command for what is shown" }, h("code", { id: "curl" })),
  ];
}

/** The command that fetches the maps that are shown, as NumPy files. */
export function curl(fields, models, view) {
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

function picture({ panels, title, dots }) {
  const across = Math.max(1, Math.min(ACROSS, panels.length));
  const rows = Math.ceil(panels.length / across);
  const cell = [SIDE + GAP, SIDE + HEAD + GAP];
  const canvas = h("canvas", { width: across * cell[0] + GAP, height: rows * cell[1] + HEAD + GAP });
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const write = (text, x, y, font) => {
    context.font = `${font} ${FONT}`;
    context.fillText(text, x, y, text === title ? canvas.width - 2 * GAP : SIDE);
  };
  context.fillStyle = style.color;
  write(title, GAP, 44, "600 26px");
  panels.forEach(({ name, plot, note }, i) => {
    const [left, top] = [GAP + (i % across) * cell[0], HEAD + Math.floor(i / across) * cell[1]];
    context.fillStyle = style.color;
    write(name, left, top + 26, "600 22px");
    write(note, left, top + 52, "16px");
    plot.drawOn(context, left, top + HEAD, SIDE, dots);
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
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
