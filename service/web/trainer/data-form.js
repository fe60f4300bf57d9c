// Where the points come from: drawn by hand, pasted, read from a file, or a set of the gallery.

import { h } from "../explorer/dom.js";
import { field, select } from "../explorer/selects.js";
import { colourOf } from "./editor.js";
import { GALLERY } from "./gallery.js";
import { numberField, put, say } from "./inputs.js";
import { MOST_CLASSES, toRows } from "./settings.js";
import { readTable, writeTable } from "./table.js";

const OWN = "own";

/** @typedef {import("./settings.js").Settings} Settings */

export class DataForm {
  /** The class that is painted. */
  chosen = 0;

  /** @param {import("./editor.js").Editor} editor
   *  @param {{onset(set: import("./gallery.js").GallerySet | null): void, onclear(): void, onundo(): void,
   *  onclasses(count: number): void,
   *  ontable(read: {points: import("./gallery.js").Points, classes: string[]}): void}} handlers */
  constructor(editor, handlers) {
    this.editor = editor;
    this.handlers = handlers;
    const sets = Object.fromEntries(Object.entries(GALLERY).map(([name, { title }]) => [name, title]));
    this.set = select("set", { [OWN]: "Your own points", ...sets }, (name) => this.#choose(name));
    this.n = numberField("Points", "n", (n) => this.#alter({ n }));
    this.noise = numberField("Noise", "noise", (noise) => this.#alter({ noise }));
    this.count = select("count", {}, (count) => this.handlers.onclasses(Number(count)));
    this.palette = h("div", { class: "palette", role: "group", "aria-label": "What a click does" });
    this.text = h("textarea", { rows: 8, spellcheck: "false", "aria-label": "The points, one a line" });
    this.details = h(
      "details",
      {},
      h("summary", { onclick: () => !this.details.open && this.#write() }, "The points as text"),
      h("p", { class: "lead" }, "A line for each: two numbers and a class. Paste your own, with or without a heading."),
      this.text,
      h("p", {}, h("button", { type: "button", onclick: () => this.#read(this.text.value) }, "Use these points")),
    );
    const file = h("input", {
      type: "file",
      accept: ".csv,.tsv,.txt,text/csv",
      onchange: async () => {
        const [chosen] = file.files ?? [];
        if (chosen !== undefined) this.#read(await chosen.text());
        file.value = "";
      },
    });
    this.elements = [
      h(
        "div",
        { class: "fields" },
        field("Data", this.set),
        this.n.element,
        this.noise.element,
        field("Classes", this.count),
      ),
      this.palette,
      editor.element,
      h(
        "p",
        { id: "editor-help", class: "lead" },
        "Click to add a point, drag to paint. By keyboard: arrows move the cross, 1 to 4 add a point of that class, ",
        "Delete takes away the nearest.",
      ),
      this.details,
      h("p", { class: "file" }, field("Load a CSV file", file)),
    ];
  }

  /** @param {Settings} settings @param {import("./gallery.js").Points} points that are shown */
  show({ set, classes }, points) {
    this.points = points;
    this.classes = classes;
    this.current = set;
    this.set.value = set === null ? OWN : set.name;
    for (const { element } of [this.n, this.noise]) element.hidden = set === null;
    if (set !== null) [put(this.n.input, set.n), put(this.noise.input, set.noise)];
    const [fewest, most] = set === null ? [2, MOST_CLASSES] : GALLERY[set.name].classes;
    const counts = Array.from({ length: most - fewest + 1 }, (_, i) => String(fewest + i));
    this.count.replaceChildren(...counts.map((count) => h("option", { value: count }, count)));
    this.count.value = String(classes.length);
    this.count.disabled = counts.length === 1;
    this.chosen = Math.min(this.chosen, classes.length - 1);
    this.#paintPalette();
    if (this.details.open) this.#write();
  }

  #paintPalette() {
    const { classes = [], editor } = this;
    /** @param {number | null} c null takes away */
    const pick = (c) => {
      editor.isErasing = c === null;
      if (c !== null) this.chosen = c;
      this.#paintPalette();
      /** @type {HTMLElement | undefined} */ (this.palette.children[c ?? classes.length])?.focus();
    };
    const brushes = classes.map((name, c) => {
      const isOn = !editor.isErasing && this.chosen === c;
      const swatch = h("span", { class: "swatch" });
      swatch.style.background = colourOf(c, classes.length);
      const attributes = { type: "button", "aria-pressed": String(isOn), onclick: () => pick(c) };
      return h("button", attributes, swatch, ` ${["●", "▲", "■", "◆"][c]} ${name}`);
    });
    this.palette.replaceChildren(
      ...brushes,
      h("button", { type: "button", "aria-pressed": String(editor.isErasing), onclick: () => pick(null) }, "Take away"),
      h("button", { type: "button", onclick: () => this.handlers.onundo() }, "Undo"),
      h("button", { type: "button", onclick: () => this.handlers.onclear() }, "Clear"),
    );
  }

  /** @param {string} name */
  #choose(name) {
    if (name === OWN) return this.handlers.onset(null);
    const { n, noise, classes } = GALLERY[name];
    const rounded = Number(noise.toFixed(3));
    this.handlers.onset({ name, n: Math.min(n, 600), noise: rounded, classes: name === "blobs" ? 3 : classes[0] });
  }

  /** @param {{n?: number, noise?: number}} changes */
  #alter(changes) {
    if (this.current) this.handlers.onset({ ...this.current, ...changes });
  }

  #write() {
    if (this.points && this.classes) this.text.value = writeTable(toRows(this.points), this.classes);
  }

  /** @param {string} text */
  #read(text) {
    try {
      const read = readTable(text);
      this.handlers.ontable(read);
      say(`${read.points.x.length} points of ${read.classes.length} classes.${read.note}`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  }
}
