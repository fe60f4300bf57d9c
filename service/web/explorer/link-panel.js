// What "Copy link" opens: the link to what is seen, as it is seen now, or to one section, without controls, for a
// projector; and the HTML that shows it in a frame.

import { h } from "./dom.js";
import { field, options, select } from "./selects.js";
import { unfolded, whereabouts } from "./whereabouts.js";

const HERE = "here";
const CONTROLS = { all: "all", player: "the player alone", none: "none" };
const VIEWS = { usual: "as usual", projector: "large, for a projector" };

export class LinkPanel {
  /** @type {string | null} */
  #here = null;

  /** @param {import("./sharing.js").AddressOf} address @param {import("./sharing.js").Controls[]} controls what may be
   *  left of the controls */
  constructor(address, controls) {
    this.address = address;
    const change = () => this.#write();
    this.link = h("input", { type: "text", readonly: true, "aria-label": "The link" });
    this.status = h("p", { role: "status" });
    this.at = select("share-at", {}, change);
    this.only = select("share-only", {}, change);
    const left = Object.fromEntries(Object.entries(CONTROLS).filter(([name]) => controls.some((one) => one === name)));
    this.controls = select("share-controls", left, change);
    this.view = select("share-view", VIEWS, change);
    /** @param {string} text @param {() => void} act */
    const button = (text, act) => h("button", { type: "button", onclick: act }, text);
    const form = h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#copy(this.link.value, "link");
        },
      },
      this.link,
      h(
        "div",
        { class: "fields" },
        field("Opens at", this.at),
        field("Shows", this.only),
        field("Controls", this.controls),
        field("Size", this.view),
      ),
      h(
        "div",
        { class: "fields" },
        h("button", { type: "submit" }, "Copy"),
        button("Copy HTML", () => this.#copy(frameOf(this.link.value), "HTML")),
        button("Close", () => this.dialog.close()),
      ),
      this.status,
      h(
        "p",
        { class: "lead needs-service" },
        "The HTML shows the page in a frame, as in Moodle or Jupyter. For that, the service’s setting ",
        "SERVICE_FRAME_ANCESTORS has to name that site.",
      ),
    );
    const title = h("h2", { id: "share-title" }, "The link to what you see");
    this.dialog = h("dialog", { id: "share", "aria-labelledby": "share-title" }, title, form);
    document.body.append(this.dialog);
  }

  /** Show the link to what is seen now, and copy it. */
  async open() {
    this.#here = whereabouts();
    const sections = sectionsOf();
    const here = /** @type {[string, string][]} */ (this.#here === null ? [] : [[HERE, "where you are now"]]);
    options(this.at, [...here, ["", "the top"], ...sections]);
    options(this.only, [["", "the whole page"], ...sections]);
    const asked = new URLSearchParams(location.search);
    this.at.value = this.#here === null ? "" : HERE;
    this.only.value = sections.some(([id]) => id === asked.get("only")) ? (asked.get("only") ?? "") : "";
    this.view.value = document.documentElement.dataset.view ?? "usual";
    this.controls.value = document.documentElement.dataset.controls ?? "all";
    this.dialog.showModal();
    if (await this.#write()) await this.#copy(this.link.value, "link");
  }

  /** Say the link that is chosen; whether there is one. */
  async #write() {
    this.status.textContent = "";
    try {
      this.link.value = arranged(await this.address(), {
        at: this.at.value === HERE ? this.#here : this.at.value,
        open: unfolded().join(","),
        only: this.only.value,
        controls: this.controls.value === "all" ? "" : this.controls.value,
        view: this.view.value === "usual" ? "" : this.view.value,
      });
      return true;
    } catch (error) {
      this.link.value = "";
      this.status.textContent = error instanceof Error ? error.message : String(error);
      return false;
    }
  }

  /** @param {string} text @param {string} what */
  async #copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      this.status.textContent = `The ${what} is copied.`;
    } catch {
      this.link.value = text;
      this.link.select();
      this.status.textContent = `The browser does not let this page copy: copy the ${what} from the field above.`;
    }
  }
}

/** The sections that are there, with their headings.
 *  @returns {[string, string][]} */
function sectionsOf() {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("main section[id]")]);
  /** @param {HTMLElement} section */
  const nameOf = (section) =>
    section.getAttribute("aria-label") ?? section.querySelector("h2")?.textContent ?? section.id;
  return all.filter(({ offsetHeight }) => offsetHeight > 0).map((section) => [section.id, nameOf(section)]);
}

/** An address that says how the page is arranged, too.
 *  @param {string} address @param {Record<string, string | null>} arrangement nothing where it is as usual */
function arranged(address, arrangement) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(arrangement)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  url.search = url.search.replaceAll("%3A", ":").replaceAll("%2C", ","); // for people who read it
  return url.href;
}

/** @param {string} address */
const frameOf = (address) =>
  h("iframe", { src: address, title: document.title, width: 960, height: 640, allow: "clipboard-write" }).outerHTML;
