// Requests to the service, and what is said while it does not answer. Every path is relative to the page's own, so that
// the service may stand below a prefix.

import { keepKey, key } from "./key.js";

const SLOW_AFTER_MS = 3000;
const TIMEOUT_MS = 20000;
const PATIENCE_MS = 10000;
const MAX_PAUSE_SECONDS = 2;

/** The service refused, or did not answer: `status` is 0 then. */
export class ServiceError extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Whether the service says that it will not answer this, however often it is asked: 500 is a fault of what was asked
 *  for, 503 of the moment.
 *  @param {unknown} error */
export const isRefusal = (error) => error instanceof ServiceError && [400, 404, 413, 422, 500].includes(error.status);

export class Service {
  /** @param {() => void} onSlow called when an answer takes long
   *  @param {() => void} onAnswered called when that one has come, or will not */
  constructor(onSlow, onAnswered) {
    this.onSlow = onSlow;
    this.onAnswered = onAnswered;
  }

  /** Whether these pages were saved without the service: there is a folder of files in its place. */
  get isSaved() {
    return rootOfSite() !== null;
  }

  get hasKey() {
    return key() !== null;
  }

  /** @param {string} value */
  setKey(value) {
    keepKey(value);
  }

  /** What a path answers with, of the type that is known to be there.
   *  @param {string} path @param {object} [body] posted, where there is one
   *  @returns {Promise<any>} */
  async json(path, body) {
    const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    return this.#ask(path, headers, options, async (answer) => parseJson(await answer.text()));
  }

  /** A float32 grid as GET /boundary gives it: rows of y from below, x fastest.
   *  @param {URLSearchParams} query */
  async grid(query) {
    const accept = { Accept: "application/x-npy" };
    return parseNpy(await this.#ask(`boundary?${query}`, accept, {}, (answer) => answer.arrayBuffer()));
  }

  /** A surface as GET /volume gives it, binary glTF.
   *  @param {URLSearchParams} query */
  volume(query) {
    return this.#ask(`volume?${query}`, { Accept: "model/gltf-binary" }, {}, (answer) => answer.arrayBuffer());
  }

  /** What a path answers with now, and its entity tag; null where it is what had this tag.
   *  @param {string} path @param {string | null} etag
   *  @returns {Promise<{document: any, etag: string | null} | null>} */
  news(path, etag) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (etag !== null) headers["If-None-Match"] = etag;
    return this.#ask(path, headers, {}, async (answer) =>
      answer.status === 304 ? null : { document: parseJson(await answer.text()), etag: answer.headers.get("ETag") },
    );
  }

  /** An array in NumPy's format, as it is sent.
   *  @param {string} path */
  array(path) {
    return this.#ask(path, { Accept: "application/x-npy" }, {}, (answer) => answer.arrayBuffer());
  }

  /** A file as it is sent.
   *  @param {string} path */
  file(path) {
    return this.#ask(path, {}, {}, (answer) => answer.blob());
  }

  /** @template T
   *  @param {string} path @param {Record<string, string>} headers @param {RequestInit} options
   *  @param {(answer: Response) => Promise<T>} read */
  async #ask(path, headers, options, read) {
    const own = key();
    let isSlow = false;
    const slow = setTimeout(() => {
      isSlow = true;
      this.onSlow();
    }, SLOW_AFTER_MS);
    try {
      const ask = this.isSaved ? fromSite : fetchPatiently;
      const answer = await ask(path, {
        ...options,
        headers: own === null ? headers : { ...headers, "X-API-Key": own },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!answer.ok && answer.status !== 304) throw new ServiceError(answer.status, await detailOf(answer));
      return await read(answer);
    } catch (error) {
      throw error instanceof ServiceError ? error : new ServiceError(0, "the service does not answer");
    } finally {
      clearTimeout(slow);
      if (isSlow) this.onAnswered();
    }
  }
}

/** Where a saved site begins, from the page; null on a page of the service. */
const rootOfSite = () => document.querySelector('meta[name="site"]')?.getAttribute("content") ?? null;

/** @type {Promise<import("./site.js").Site> | null} */
let site = null;

/** What the service had answered, or what follows from it.
 *  @param {string} path @param {RequestInit} options */
async function fromSite(path, options) {
  site ??= import("./site.js").then((part) => new part.Site(rootOfSite() ?? "./"));
  return (await site).answer(path, options);
}

/** Fetch, and where the service is busy and says for how short a while, ask again: as many pages may have been opened
 *  at once, each waits a little differently.
 *  @param {string} path @param {RequestInit} options */
async function fetchPatiently(path, options) {
  for (const began = performance.now(); ;) {
    const answer = await fetch(path, options);
    const seconds = [429, 503].includes(answer.status) ? Number(answer.headers.get("Retry-After")) : 0;
    const isOver = performance.now() - began > PATIENCE_MS;
    if (!(seconds > 0 && seconds <= MAX_PAUSE_SECONDS) || isOver) return answer;
    const pause = seconds * 1000 * (0.5 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** @param {Response} answer
 *  @returns {Promise<string>} */
async function detailOf(answer) {
  try {
    return (await answer.json()).detail ?? answer.statusText;
  } catch {
    return answer.statusText || `status ${answer.status}`;
  }
}

/** Parse JSON, with version numbers of 16 digits and more as strings: beyond 2⁵³ a JavaScript number is not exact, and
 *  would name another version. Within a JSON string such a key has its quotes escaped.
 *  @param {string} text */
export function parseJson(text) {
  return JSON.parse(text.replace(/"version":\s*(\d{16,})/g, '"version":"$1"'));
}

/** Read NumPy's format, version 1.0, of little-endian float32: what the service writes.
 *  @param {ArrayBuffer} buffer */
export const parseNpy = (buffer) => new Float32Array(buffer, headerOf(buffer));

/** The same of bytes.
 *  @param {ArrayBuffer} buffer */
export const parseNpyBytes = (buffer) => new Uint8Array(buffer, headerOf(buffer));

/** How long an array's header is.
 *  @param {ArrayBuffer} buffer */
const headerOf = (buffer) => 10 + new DataView(buffer).getUint16(8, true);

/** Write an array in NumPy's format, version 1.0.
 *  @param {ArrayLike<number>} values @param {number[]} shape */
export function writeNpy(values, shape) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const header = text.padEnd(64 * Math.ceil((10 + text.length + 1) / 64) - 11) + "\n";
  const bytes = new Uint8Array(10 + header.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  return new Blob([bytes, Float32Array.from(values)]);
}
