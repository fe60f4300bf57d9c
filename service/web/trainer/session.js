// What the page held is there again when it is loaded again or come back to, as what was typed into a form is.

import { plain } from "./keeping.js";
import { settingsOf } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

const NAME = "trainer";

/** Keep what the page holds when it is left.
 *  @param {() => Settings} current */
export function keepUntilBack(current) {
  addEventListener("pagehide", () => {
    try {
      sessionStorage.setItem(NAME, JSON.stringify({ address: location.href, settings: plain(current()) }));
    } catch {
      // a browser that keeps nothing for pages keeps nothing of this one
    }
  });
}

/** What the page held; null where it is opened anew.
 *  @returns {Settings | null} */
export function kept() {
  const [navigation] = performance.getEntriesByType("navigation");
  const { type } = /** @type {PerformanceNavigationTiming} */ (navigation);
  if (type !== "reload" && type !== "back_forward") return null;
  try {
    const { address, settings } = JSON.parse(sessionStorage.getItem(NAME) ?? "{}");
    return address === location.href ? settingsOf(settings) : null;
  } catch {
    return null;
  }
}
