// "Copy link", which any page can offer, the address that stands on paper, and links that keep the experiment.

import { byId, h, messageOf } from "./dom.js";

/** The address of what is seen; it may throw with the reason why there is none.
 *  @typedef {() => string | Promise<string>} AddressOf */
/** What may be left of a page's controls.
 *  @typedef {"all" | "player" | "none"} Controls */

/** A button that copies the link to what is seen, and shows what else it may say.
 *  @param {AddressOf} address @param {Controls[]} [controls] */
export function copyLink(address, controls = ["all", "player", "none"]) {
  /** @type {import("./link-panel.js").LinkPanel | null} */
  let panel = null;
  const open = async () => {
    try {
      const { LinkPanel } = await import("./link-panel.js");
      panel ??= new LinkPanel(address, controls);
      await panel.open();
    } catch (error) {
      byId("status").textContent = `The link is in the address bar; this part did not load: ${messageOf(error)}`;
    }
  };
  return h("button", { type: "button", class: "share", onclick: open }, "Copy link");
}

/** Have an address printed below what is seen.
 *  @param {() => string} address */
export function printed(address) {
  const element = h("p", { class: "printed" });
  document.body.append(element);
  addEventListener("beforeprint", () => (element.textContent = address()));
}

/** Have the links to pages of models lead to the models that are shown here. The usual experiment needs no name.
 *  @param {Pick<Catalogue, "experiment" | "experiments">} catalogue */
export function keepExperiment({ experiment, experiments }) {
  const query = experiment === null || experiment === experiments[0] ? "" : new URLSearchParams({ experiment });
  for (const link of document.querySelectorAll("a.of-experiment")) {
    /** @type {HTMLAnchorElement} */ (link).search = String(query);
  }
}
