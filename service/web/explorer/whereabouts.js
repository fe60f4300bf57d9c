// Where somebody is on a page, for a link that leads there: the part at the top of the screen and how far into it, and
// the parts that are unfolded. As `at=inside:0.25&open=luck`.

/** How long a page comes together at most. */
const SETTLED_MS = 10_000;

/** Below what stays at the top. */
const line = () => Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;

/** The parts of the page that an address can name.
 *  @returns {HTMLElement[]} */
const parts = () =>
  [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("main section[id], main details[id]"))].filter(
    ({ offsetHeight }) => offsetHeight > 0,
  );

/** The part at the top of the screen; null at the top of the page. */
export function whereabouts() {
  if (scrollY < 1) return null;
  const top = line() + 1;
  const there = parts().filter((part) => part.getBoundingClientRect().bottom > top);
  const part = there.findLast((one) => one.getBoundingClientRect().top <= top) ?? there[0];
  if (part === undefined) return null;
  const { top: begins, height } = part.getBoundingClientRect();
  return `${part.id}:${Math.max(0, (top - begins) / height).toFixed(3)}`;
}

/** The ids of the parts that are unfolded. */
export const unfolded = () =>
  parts()
    .filter((part) => part instanceof HTMLDetailsElement && part.open)
    .map(({ id }) => id);

/** Go to where the address says, and stay there while the page comes together, until somebody scrolls. */
export function arrive() {
  const asked = new URLSearchParams(location.search);
  const [id, share] = (asked.get("at") ?? "").split(":");
  const folded = new Set([...(asked.get("open") ?? "").split(","), id].filter((one) => one !== ""));
  if (folded.size === 0) return;
  const far = Math.min(1, Math.max(0, Number(share) || 0));
  const go = () => {
    for (const one of folded) {
      const part = document.getElementById(one);
      if (part instanceof HTMLDetailsElement) part.open = true;
      if (part !== null) folded.delete(one); // from now on it may be folded again
    }
    const part = document.getElementById(id);
    if (part === null) return;
    const { top, height } = part.getBoundingClientRect();
    scrollBy({ top: top + far * height - line(), behavior: "instant" });
  };
  const growing = new ResizeObserver(go);
  growing.observe(document.body);
  const stop = () => growing.disconnect();
  for (const name of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(name, stop, { once: true });
  setTimeout(stop, SETTLED_MS);
  go();
}
