// A service that is followed: asked again and again; what is wrong with it is said, and a key is asked for where it
// wants one.

import { byId } from "./dom.js";
import { Service, ServiceError } from "./service.js";

const SLOW = "The service is slow to answer; waiting…";
const POLL_MS = 5000;
const FIRST_RETRY_MS = 500;

export class Follower {
  #wake = () => {};
  /** What is said while all is well. */
  news = "";
  /** Milliseconds until it is asked again. */
  pause = POLL_MS;

  /** @param {() => Promise<void>} refresh asks what the service has, and shows it
   *  @param {() => boolean} isShown whether there is an answer to go on with
   *  @param {(isLocked: boolean) => void} onlock called when a key is needed, and once it is not */
  constructor(refresh, isShown, onlock = () => {}) {
    this.refresh = refresh;
    this.isShown = isShown;
    this.onlock = onlock;
    this.service = new Service(
      () => this.say(SLOW),
      () => byId("status").textContent === SLOW && this.say(this.news),
    );
    byId("key").addEventListener("submit", (event) => {
      event.preventDefault();
      this.service.setKey(/** @type {HTMLInputElement} */ (byId("key-value")).value);
      this.wake();
    });
  }

  async follow() {
    for (let retry = FIRST_RETRY_MS; ;) {
      try {
        await this.refresh();
        retry = FIRST_RETRY_MS;
        await this.#sleep(this.pause);
      } catch (error) {
        this.explain(error);
        await this.#sleep(retry);
        retry = Math.min(2 * retry, POLL_MS);
      }
    }
  }

  /** @param {unknown} error */
  explain(error) {
    const message = error instanceof Error ? error.message : String(error);
    const status = error instanceof ServiceError ? error.status : null;
    if (status === 401) {
      this.lock(true);
      this.say(`An API key is needed: ${message}.`);
    } else if (status !== null && (status === 0 || status >= 500)) {
      const what = status === 0 ? "The service does not answer" : `The service is not ready: ${message}`;
      this.say(`${what}; trying again…${this.isShown() ? " This page shows its last answers." : ""}`);
    } else {
      console.error(error);
      this.say(`Something went wrong: ${message}`);
    }
  }

  /** Ask for a key, or no longer.
   *  @param {boolean} isLocked */
  lock(isLocked) {
    byId("key").hidden = !isLocked;
    this.onlock(isLocked);
  }

  /** @param {string} text */
  say(text) {
    if (byId("status").textContent !== text) byId("status").textContent = text;
  }

  /** Ask now. */
  wake() {
    this.#wake();
  }

  /** Wait, at least until the page is visible: a hidden page asks nothing.
   *  @param {number} milliseconds
   *  @returns {Promise<void>} */
  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const wake = () => {
        if (document.hidden) return;
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      document.addEventListener("visibilitychange", wake);
      this.#wake = wake;
    });
  }
}
