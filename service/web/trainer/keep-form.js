// Links and files of what is trained.

import { h } from "../explorer/dom.js";
import "../explorer/link-panel.js"; // loaded with the page, so that "Copy link" needs no service afterwards
import { save } from "../explorer/saving.js";
import { copyLink, printed } from "../explorer/sharing.js";
import { say } from "./inputs.js";
import { plain, toHash, tomlOf } from "./keeping.js";
import { settingsOf, toRows } from "./settings.js";
import { writeTable } from "./table.js";

/** @typedef {import("./settings.js").Settings} Settings */

/** @param {HTMLElement} element @param {() => Settings} current @param {(settings: Settings) => void} onload */
export function keepForm(element, current, onload) {
  const file = h("input", {
    type: "file",
    accept: ".json,application/json",
    onchange: async () => {
      const [chosen] = file.files ?? [];
      if (chosen === undefined) return;
      try {
        onload(settingsOf(JSON.parse(await chosen.text())));
        say(`${chosen.name} is loaded.`);
      } catch (error) {
        say(`${chosen.name} cannot be loaded: ${error instanceof Error ? error.message : error}.`);
      }
      file.value = "";
    },
  });
  /** The address of what is trained, which goes into the address bar, too. */
  const address = async () => {
    history.replaceState(null, "", location.pathname + location.search + (await toHash(current())));
    return location.href;
  };
  /** @param {string} text @param {string} name @param {string} type */
  const download = (text, name, type) => save(new Blob([text], { type }), name);
  const points = h(
    "button",
    {
      type: "button",
      onclick: () => {
        const { points: own, classes } = current();
        if (own !== null) download(writeTable(toRows(own), classes), "points.csv", "text/csv");
      },
    },
    "points.csv",
  );
  element.append(
    h(
      "div",
      { class: "keeping" },
      copyLink(address),
      h(
        "button",
        {
          type: "button",
          onclick: () => download(JSON.stringify(plain(current())), "training.json", "application/json"),
        },
        "Save file",
      ),
      h("label", {}, h("span", {}, "Load file "), file),
    ),
    h(
      "p",
      { class: "lead" },
      "To train it for real, with Python, save this and run ",
      h("code", {}, "python -m training train trained-in-the-page.toml"),
      ".",
    ),
    h(
      "div",
      { class: "keeping" },
      h(
        "button",
        { type: "button", onclick: () => download(tomlOf(current()), "trained-in-the-page.toml", "application/toml") },
        "trained-in-the-page.toml",
      ),
      points,
    ),
  );
  // Paper shows the link where it is short enough to be typed, or to be read by a camera: of a set, not of own points.
  let link = "";
  printed(() => link);
  return {
    /** @param {Settings} settings */
    show: async (settings) => {
      points.hidden = settings.points === null;
      const page = location.origin + location.pathname;
      const hash = settings.points === null ? await toHash({ ...settings, isTrained: true, seen: null }) : "";
      link = page + hash;
    },
  };
}
