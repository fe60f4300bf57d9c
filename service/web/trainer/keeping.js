// Settings as they are kept: in a link, in a file, and as an experiment's TOML for `python -m training train`.

import { namesOf, settingsOf, toRows } from "./settings.js";

/** Longer links are cut by what people send them with. */
const MOST_CHARACTERS = 8000;

const NAME = "train";

/** @typedef {import("./settings.js").Settings} Settings */

/** What JSON holds of settings.
 *  @param {Settings} settings */
export const plain = (settings) => ({ ...settings, points: settings.points && toRows(settings.points) });

/** The part of an address that holds settings, compressed.
 *  @param {Settings} settings
 *  @throws {Error} they are too large for one */
export async function toHash(settings) {
  const text = JSON.stringify(plain(settings));
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""); // too many for arguments of one call
  const code = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  if (code.length > MOST_CHARACTERS) {
    throw new Error(
      `These ${settings.points?.x.length} points need a link of ${code.length.toLocaleString("en")} characters, and ` +
        `${MOST_CHARACTERS.toLocaleString("en")} is what can be sent safely. Save a file instead.`,
    );
  }
  return `#${NAME}=${code}`;
}

/** The settings in an address; null where it holds none.
 *  @param {string} hash
 *  @returns {Promise<Settings | null>}
 *  @throws {Error} it cannot be read */
export async function fromHash(hash) {
  const code = new URLSearchParams(hash.slice(1)).get(NAME);
  if (code === null) return null;
  if (code.length > 4 * MOST_CHARACTERS) throw new Error("it is longer than any that this page makes");
  return settingsOf(await unpacked(code));
}

/** @param {string} code
 *  @returns {Promise<unknown>}
 *  @throws {Error} */
async function unpacked(code) {
  try {
    const binary = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (one) => one.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes)));
  } catch {
    throw new Error("it was cut off or changed on its way"); // the browser's own words are about what it was coded in
  }
}

/** @param {CompressionStream | DecompressionStream} stream @param {Uint8Array<ArrayBuffer>} bytes */
async function through(stream, bytes) {
  const out = new Response(new Blob([bytes]).stream().pipeThrough(stream));
  return new Uint8Array(await out.arrayBuffer());
}

/** The experiment that trains the same with Python. Points of one's own are in points.csv beside it.
 *  @param {Settings} settings */
export function tomlOf({ set, classes, networks, seed, runs, epochs, domain }) {
  const names = namesOf(networks);
  const dataset = set === null ? ['generator = "table"', 'path = "points.csv"', 'label = "label"'] : drawn(set, seed);
  if (set === null && classes.length === 2) dataset.push(`positive = ${JSON.stringify(classes[1])}`);
  const models = networks.flatMap(({ hidden, activation, rate, batch, l1, l2 }, i) => [
    "",
    "[[models]]",
    `name = "${names[i]}"`,
    `hidden_layers = [${hidden.join(", ")}]`,
    ...(hidden.length > 0 ? [`activation = "${activation}"`] : []),
    `protocol = { learning_rate = ${real(rate)}, batch_size = ${batch}, l1 = ${real(l1)}, l2 = ${real(l2)} }`,
  ]);
  return [
    "# Train this: python -m training train trained-in-the-page.toml",
    ...(set === null ? ["# with points.csv beside this file."] : []),
    'name = "trained-in-the-page"',
    `seed = ${seed}`,
    `replicates = ${runs}`,
    "",
    "[dataset]",
    ...dataset,
    `domain = { x1 = [${domain.x.map(real).join(", ")}], x2 = [${domain.y.map(real).join(", ")}] }`,
    "test_fraction = 0.3",
    "validation_fraction = 0.2",
    "",
    "[protocol]",
    'optimizer = "adam"',
    `epochs = ${epochs}`,
    ...models,
    "",
  ].join("\n");
}

/** @param {import("./gallery.js").GallerySet} set @param {number} seed */
function drawn({ name, n, noise, classes }, seed) {
  const isMany = ["gaussian_quantiles", "spiral", "blobs"].includes(name);
  const variance = real(Number((noise * noise).toPrecision(3)));
  const spread = name === "gaussian_quantiles" ? `cov = ${variance}` : `noise = ${real(noise)}`;
  return [
    `generator = "${name}"`,
    `n_samples = ${n}`,
    `random_state = ${seed}`,
    spread,
    ...(isMany ? [`n_classes = ${classes}`] : []),
  ];
}

/** TOML's way to write a number that is not whole.
 *  @param {number} value */
const real = (value) => (/[.e]/.test(String(value)) ? String(value) : `${value}.0`);
