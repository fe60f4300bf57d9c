// What answers pages that were saved without their service (python -m service.site): what it had answered stands in
// files; what follows from that is computed here; of anything else it is said that it is not there.

import { messageOf } from "./dom.js";
import { writeNpy } from "./service.js";
import { Statistics } from "./statistics.js";

/** Which file answers what: by path and query, as service/site/recording.py writes them.
 *  @typedef {{answers: Record<string, string>}} Index */

/** A request that was answered when the site was saved.
 *  @typedef {{body: unknown, answer: unknown}} Posted */

const INDEX = "data/index.json.gz";

const TYPES = [
  [".json.gz", "application/json"],
  [".csv.gz", "text/csv"],
  [".npy.gz", "application/x-npy"],
];

export class Site {
  /** @type {Promise<Index> | null} */
  #index = null;
  /** @type {Map<string, Promise<ArrayBuffer>>} what was asked for before, by the files' names, as it was loaded */
  #files = new Map();
  #statistics = new Statistics(this);

  /** @param {string} root where the site begins, from the page */
  constructor(root) {
    this.root = new URL(root, document.baseURI);
  }

  /** Answer as the service does, as far as that is known.
   *  @param {string} path from the page @param {RequestInit} options
   *  @returns {Promise<Response>} */
  async answer(path, options) {
    const url = new URL(path, document.baseURI);
    const name = (await this.#load()).answers[this.#key(url)];
    if (options.method === "POST") return this.#posted(name, options.body);
    if (name !== undefined) return this.#kept(name, options);
    if (this.#path(url) === "comparison") return this.#compared(url.searchParams);
    const values = await this.#statistics.grid(this.#path(url), url.searchParams);
    return values === null ? missing() : new Response(writeNpy(values, [values.length]));
  }

  /** What a path from the root answers with.
   *  @param {string} path @param {object} [body] posted, where there is one
   *  @returns {Promise<any>} */
  async json(path, body) {
    const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await this.answer(new URL(path, this.root).href, options);
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.detail);
    return content;
  }

  /** @param {URL} url */
  #path(url) {
    return decodeURIComponent(url.pathname.slice(this.root.pathname.length));
  }

  /** @param {URL} url */
  #key(url) {
    const query = new URLSearchParams(url.search);
    query.sort();
    return this.#path(url) + (query.size > 0 ? `?${query}` : "");
  }

  async #load() {
    this.#index ??= this.#file(INDEX, "no-cache").then((buffer) => JSON.parse(new TextDecoder().decode(buffer)));
    try {
      return await this.#index;
    } catch (error) {
      this.#index = null; // it may be there the next time
      throw error;
    }
  }

  /** @param {string} name @param {RequestInit} options */
  async #kept(name, options) {
    const tag = `"${name}"`;
    if (new Headers(options.headers).get("If-None-Match") === tag) return new Response(null, { status: 304 });
    const type = TYPES.find(([end]) => name.endsWith(end))?.[1] ?? "";
    return new Response(await this.#file(name), { headers: { "Content-Type": type, ETag: tag } });
  }

  /** A comparison by another score, or with another rope.
   *  @param {URLSearchParams} query */
  async #compared(query) {
    const [experiment, score, rope] = ["experiment", "score", "rope"].map((name) => query.get(name));
    const path = `comparison?${new URLSearchParams({ experiment: experiment ?? "" })}`;
    const { answers } = await this.#load();
    if (!(path in answers) || (score === null && rope === null) || query.has("format")) return missing();
    const { recomputed, ROPE } = await import("../trainer/verdict.js");
    try {
      return Response.json(recomputed(await this.json(path), score, Number(rope ?? ROPE)));
    } catch (error) {
      return Response.json({ detail: messageOf(error) }, { status: 422 });
    }
  }

  /** @param {string | undefined} name @param {unknown} body */
  async #posted(name, body) {
    if (name === undefined) return missing();
    /** @type {Posted[]} */
    const posted = JSON.parse(new TextDecoder().decode(await this.#file(name)));
    const found = posted.find((one) => JSON.stringify(one.body) === body);
    return found === undefined ? missing() : Response.json(found.answer);
  }

  /** @param {string} name @param {RequestCache} cache */
  async #file(name, cache = "default") {
    if (!this.#files.has(name)) this.#files.set(name, fetched(new URL(name, this.root), cache));
    try {
      return await opened(await /** @type {Promise<ArrayBuffer>} */ (this.#files.get(name)));
    } catch (error) {
      this.#files.delete(name);
      throw error;
    }
  }
}

/** @param {URL} url @param {RequestCache} cache */
async function fetched(url, cache) {
  const answer = await fetch(url, { cache });
  if (!answer.ok) throw new Error(`${url.pathname} is not there: ${answer.status}`);
  return answer.arrayBuffer();
}

/** What was compressed, where the host has not told the browser so.
 *  @param {ArrayBuffer} buffer
 *  @returns {Promise<ArrayBuffer>} */
async function opened(buffer) {
  const [first, second] = new Uint8Array(buffer, 0, 2);
  if (first !== 0x1f || second !== 0x8b) return buffer;
  return new Response(new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

const missing = () =>
  Response.json({ detail: "these pages were saved without it; it takes a service to compute" }, { status: 404 });
