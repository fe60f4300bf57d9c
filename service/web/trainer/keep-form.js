// Links and files of what is trained.

import { h } from "../explorer/dom.js";
import { save } from "../explorer/saving.js";
import { say } from "./inputs.js";
import { plain, toHash, tomlOf } from "./keeping.js";
import { settingsOf, toRows } from "./settings.js";
import { writeTable } from "./table.js";

/** @typedef {import("./settings.js").Settings} Settings */

/** @param {HTMLElement} element @param {() => Settings} current @param {(settings: Settings) => void} onload */
export function keepForm(element, current, onload) {
  const link = h("input", { type: "text", readonly: true, hidden: true, "aria-label": "The link" });
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
  const copy = async () => {
    try {
      const hash = await toHash(current());
      history.replaceState(null, "", location.pathname + location.search + hash);
      link.value = location.href;
      link.hidden = false;
      link.select();
      await navigator.clipboard.writeText(location.href).then(
        () => say("The link is copied: whoever opens it sees the same runs."),
        () => say("The link is in the address bar, and here to copy."),
      );
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
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
      h("button", { type: "button", onclick: copy }, "Copy link"),
      h(
        "button",
        {
          type: "button",
          onclick: () => download(JSON.stringify(plain(current())), "training.json", "application/json"),
        },
        "Save file",
      ),
      h("label", {}, h("span", {}, "Load file "), file),
      link,
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
  return {
    /** @param {Settings} settings */
    show: ({ points: own }) => {
      points.hidden = own === null;
    },
  };
}
