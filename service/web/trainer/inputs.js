// Numbers to enter: what is not allowed is said where it stands, and the last one that was stays in force.

import { byId, h } from "../explorer/dom.js";
import { field } from "../explorer/selects.js";
import { LIMITS, numberOf } from "./settings.js";

/** @param {string} label @param {string} name of its limits @param {(value: number) => void} onnumber */
export function numberField(label, name, onnumber) {
  const { least, most, isWhole } = LIMITS[name];
  const input = h("input", {
    type: "number",
    min: least,
    max: most,
    step: isWhole ? 1 : "any",
    class: isWhole ? "whole" : "real",
    required: true,
    onchange: () => {
      try {
        const value = numberOf(input.value.trim() === "" ? Number.NaN : Number(input.value), name);
        input.removeAttribute("aria-invalid");
        onnumber(value);
      } catch (error) {
        input.setAttribute("aria-invalid", "true");
        say(`${label}: ${error instanceof Error ? error.message : error}.`);
      }
    },
  });
  return { element: field(label, input), input };
}

/** @param {HTMLInputElement} input @param {number} value */
export function put(input, value) {
  if (document.activeElement !== input || Number(input.value) !== value) input.value = String(value);
  input.removeAttribute("aria-invalid");
}

/** @param {string} text */
export function say(text) {
  byId("status").textContent = text;
}
