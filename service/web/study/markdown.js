// A study's text: paragraphs, headings, lists, emphasis, code and links of Markdown. What is more is shown as it is
// written; nothing becomes HTML that this does not make.

import { h } from "../explorer/dom.js";

const INLINE = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\[[^\]]+\]\([^)\s]+\))/;

/** @param {string} text
 *  @returns {HTMLElement[]} */
export function markdown(text) {
  const blocks = text.replaceAll("\r\n", "\n").split(/\n\s*\n/);
  return blocks.map((block) => block.replace(/^\n+|\s+$/g, "")).filter((block) => block !== "").map(blockOf);
}

/** @param {string} block */
function blockOf(block) {
  const heading = /^(#{1,6})\s+(.*)$/s.exec(block);
  if (heading !== null) return h("h2", {}, inline(heading[2]));
  const lines = block.split("\n");
  const marker = [/^\s*[-*+]\s+/, /^\s*\d+[.)]\s+/].find((one) => one.test(lines[0]));
  if (marker !== undefined) {
    /** @type {string[]} */
    const items = [];
    for (const line of lines) {
      if (marker.test(line)) items.push(line.replace(marker, ""));
      else items[items.length - 1] += ` ${line.trim()}`;
    }
    return h(marker.source.includes("d") ? "ol" : "ul", {}, items.map((item) => h("li", {}, inline(item))));
  }
  return h("p", {}, inline(lines.join(" ")));
}

/** @param {string} text
 *  @returns {(Node | string)[]} */
const inline = (text) =>
  text.split(INLINE).map((part, i) => {
    if (i % 2 === 0) return part;
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    if (part.startsWith("*")) return h("em", {}, part.slice(1, -1));
    const [, name, address] = /^\[(.*)\]\((.*)\)$/.exec(part) ?? [];
    return /^https?:/.test(address) ? h("a", { href: address }, name) : name;
  });
