// What stands below the maps: questions, the surface in 3-D, inside a model, one point, the comparison; and what is
// said of the maps. Loaded once these are seen: it is a third of the page's modules.

import { Comparison } from "./comparison.js";
import { byId, h, messageOf, say } from "./dom.js";
import { NetworkView } from "./network-view.js";
import { PointView } from "./point.js";
import { questions } from "./questions.js";
import { settled, tellPanels } from "./spoken.js";
import { addressOf, DEFAULTS } from "./state.js";
import { pairOf, sentence } from "./verdicts.js";
import { comparable, mapped, onPoints } from "./view.js";

export class Sections {
  /** @param {import("./content.js").Content} content that they are part of */
  constructor(content) {
    const { catalogue, fields, service, state, handlers, panels, difference } = content;
    const { comparison } = catalogue;
    this.content = content;
    this.catalogue = catalogue;
    this.fields = fields;
    this.networkView = new NetworkView(byId("inside"), catalogue, fields, handlers);
    this.pointView = new PointView(byId("point"), catalogue, service, handlers);
    this.comparison =
      comparison === null
        ? null
        : new Comparison(byId("comparison"), comparison, handlers, service, otherExperiments(catalogue, state));
    this.tell = settled(() => tellPanels(panels, difference, content.view, (model) => content.drawnOf(model)));
    /** @type {Promise<import("./volume.js").VolumeView> | null} */
    this.volume = null;
    byId("questions").replaceChildren(...questions(catalogue, state));
    byId("volume").hidden = true;
    byId("inside").hidden = mapped(catalogue).length === 0;
    byId("point").hidden = onPoints(catalogue).length === 0;
    byId("comparison").hidden = comparison === null;
  }

  /** Draw them, as far as they are seen and loaded; say whether that was all.
   *  @param {View} view @param {Set<string>} seen @param {number} nodes of units' maps, an axis */
  draw(view, seen, nodes) {
    this.#drawVerdict(view);
    this.comparison?.draw(view);
    this.#drawVolume(view);
    this.pointView.fill(view);
    this.tell();
    if (seen.has("point") && !this.#drawPoint(view)) return false;
    return !seen.has("inside") || this.#drawInside(view, nodes);
  }

  /** Draw another epoch, of what is in sight, roughly, and without words; say whether it was loaded.
   *  @param {View} view @param {Set<string>} seen @param {number} nodes of units' maps, an axis */
  follow(view, seen, nodes) {
    return !seen.has("inside") || this.#drawInside(view, nodes, true);
  }

  /** What training many times says of the two models whose difference is shown.
   *  @param {View} view */
  #drawVerdict({ pair }) {
    const { comparison } = this.catalogue;
    const { difference } = this.content;
    if (difference === null || pair === null) return;
    const tested = pairOf(comparison, pair[0].name, pair[1].name);
    say(difference.verdict, tested ? sentence(tested, comparison) : "");
  }

  /** The surface over three features, whose modules are loaded where there are so many.
   *  @param {View} view */
  async #drawVolume(view) {
    if (this.catalogue.features.length < 3 || comparable(this.catalogue).length === 0) return;
    const { service, catalogue, state } = this.content;
    this.volume ??= import("./volume.js").then(
      (part) => new part.VolumeView(byId("volume"), catalogue, service, state),
    );
    try {
      await (await this.volume).draw(view);
    } catch (error) {
      byId("volume").hidden = false;
      say(byId("volume"), `The surface in 3-D cannot be shown: ${messageOf(error)}`);
      this.volume = null;
    }
  }

  /** @param {View} view */
  #drawPoint(view) {
    const isLoaded = (/** @type {Model} */ model) =>
      !model.isEvaluatedHere || model.unavailableReason(view.run) !== null || model.network(view.run) !== null;
    if (!this.catalogue.models.every(isLoaded)) return false;
    this.pointView.draw(view);
    return true;
  }

  /** @param {View} view @param {number} nodes */
  #drawInside(view, nodes, isFollowing = false) {
    const model = this.catalogue.model(view.inside);
    if (model === null) return true;
    const reason = this.fields.unitsUnavailable(model, view);
    if (reason !== null) {
      this.networkView.say(model, reason);
      return true;
    }
    const units = this.fields.units(model, view, nodes);
    if (units === null) return false;
    try {
      this.networkView.draw(view, model, units, isFollowing);
    } catch (error) {
      this.networkView.say(model, `cannot be drawn: ${messageOf(error)}`);
    }
    return true;
  }
}

/** Links to the comparisons of the other experiments, as a sentence.
 *  @param {Catalogue} catalogue @param {import("./state.js").State} state */
function otherExperiments({ experiments, experiment }, { values: { theme, colours } }) {
  const others = experiments.filter((name) => name !== experiment);
  /** @param {string} name */
  const to = (name) => `${addressOf({ ...DEFAULTS, theme, colours, experiment: name })}#comparison`;
  const links = others.flatMap((name, i) => [i > 0 ? ", " : " Other experiments: ", h("a", { href: to(name) }, name)]);
  return links.length > 0 ? [...links, "."] : [];
}
