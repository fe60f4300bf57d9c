// The seven steps, in the notebook's order.

import { depth } from "./depth-step.js";
import { aLine, aSecondLayer, tenLines, threeLines } from "./lines-steps.js";
import { luck, relu } from "./luck-steps.js";

/** @typedef {import("./telling.js").Desk} Desk */
/** @typedef {import("./telling.js").Told} Told */

/** The steps in their order, by the id in their address.
 *  @type {{id: string, title: string, tell: (desk: Desk) => Promise<Told>}[]} */
export const STEPS = [
  { id: "a-line", title: "A line", tell: aLine },
  { id: "three-lines", title: "Three lines", tell: threeLines },
  { id: "ten-lines", title: "Ten lines", tell: tenLines },
  { id: "a-second-layer", title: "A second layer", tell: aSecondLayer },
  { id: "relu", title: "Relu", tell: relu },
  { id: "luck", title: "Luck", tell: luck },
  { id: "does-depth-always-help", title: "Does depth always help?", tell: depth },
];
