// Files to keep.

import { h } from "./dom.js";

/** Send the API key with the links to data, which a browser that follows them does not: fetch them here, and save them.
 *  The same where the data are those of a saved site, whose files have other names.
 *  @param {import("./service.js").Service} service
 *  @param {(error: unknown) => void} explain called where that fails */
export function bringKey(service, explain) {
  document.addEventListener("click", async (event) => {
    /** @type {HTMLAnchorElement | null} */
    const link = event.target instanceof Element ? event.target.closest("a[download], a[data-file]") : null;
    if (link === null || !(service.hasKey || service.isSaved)) return;
    event.preventDefault();
    try {
      save(await service.file(link.href), link.download || link.dataset.file);
    } catch (error) {
      explain(error);
    }
  });
}

/** @param {Blob} blob @param {string | undefined} name */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
