// The API key, kept until the tab is closed. In a frame of another site a browser may keep nothing (it throws): then
// the page itself keeps it, until it is left.

const NAME = "api-key";

/** @type {string | null} */
let own = null;

/** @returns {string | null} null where none was given */
export function key() {
  try {
    return sessionStorage.getItem(NAME) ?? own;
  } catch {
    return own;
  }
}

/** @param {string} value */
export function keepKey(value) {
  own = value;
  try {
    sessionStorage.setItem(NAME, value);
  } catch {
    // it is kept here
  }
}
