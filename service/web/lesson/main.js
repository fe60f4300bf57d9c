// The lesson: loads what the service has, and shows the step that the address names.

import { load } from "../explorer/catalogue.js";
import { byId, h, messageOf } from "../explorer/dom.js";
import { Follower } from "../explorer/follow.js";
import { copyLink, keepExperiment, printed } from "../explorer/sharing.js";
import { comparable } from "../explorer/view.js";
import { castOf } from "./cast.js";
import { Desk } from "./drawing.js";
import { STEPS } from "./steps.js";
import { StepView } from "./step-view.js";

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const article = byId("step");

/** @type {Catalogue | null} */
let catalogue = null;
/** @type {Desk | null} */
let desk = null;
/** @type {Map<string, Promise<StepView>>} */
const views = new Map();
/** @type {StepView | null} */
let shown = null;
let current = STEPS[0].id;
/** How often a step was asked for: what loads meanwhile is not shown any more. */
let asked = 0;

const follower = new Follower(refresh, () => catalogue !== null);

/** Load what the service has by now: a retrained model is told of once it is served. */
async function refresh() {
  const wanted = new URLSearchParams(location.search).get("experiment");
  const found = await load(follower.service, catalogue, wanted, null);
  follower.lock(false);
  follower.news = saidOf(found);
  if (found !== catalogue) {
    catalogue = found;
    keepExperiment(found);
    desk = new Desk(found, follower.service, castOf(found));
    views.clear();
    await show(false);
  } else if (isLacking()) await show(false);
  else follower.say(follower.news);
  main.hidden = false;
}

/** Whether the step, or its picture, could not be loaded: then it is tried again. */
const isLacking = () => !article.hasAttribute("aria-busy") && article.querySelector("[data-ready]") === null;

/** What is to be said of models with which the lesson cannot be told.
 *  @param {Catalogue} found */
function saidOf(found) {
  const remedy = "Train the notebook’s: python -m training train";
  if (found.models.length === 0) return `The service has no models yet, so there is nothing to measure. ${remedy}`;
  if (found.quantity.isValue) return `The models here predict a number, and this lesson is about classes. ${remedy}`;
  if (comparable(found).length === 0) return `None of the models here has two features to draw. ${remedy}`;
  return "";
}

/** Show the step of the address.
 *  @param {boolean} isChosen whether the reader has gone there, and goes on from there */
async function show(isChosen) {
  const wanted = location.hash.slice(1);
  if (STEPS.some(({ id }) => id === wanted)) current = wanted;
  else if (wanted === "") current = STEPS[0].id;
  else history.replaceState(null, "", `#${current}`); // "Skip to the step" is no step
  frame();
  shown?.end();
  if (desk === null) return;
  const [step, call] = [current, ++asked];
  article.setAttribute("aria-busy", "true");
  const view = await viewOf(step, desk).catch((error) => unshown(step, error));
  if (call !== asked) return;
  article.removeAttribute("aria-busy");
  if (view instanceof StepView) await begin(step, view, isChosen);
  else {
    article.replaceChildren(...view);
    follower.say(follower.news);
  }
}

/** @param {string} step @param {StepView} view @param {boolean} isChosen */
async function begin(step, view, isChosen) {
  shown = view;
  article.replaceChildren(view.element);
  document.title = `${view.title} – the lesson`;
  name(step, view.title);
  if (isChosen) {
    view.heading.focus({ preventScroll: true });
    main.scrollIntoView({ block: "start" });
  }
  const words = await view.begin().then(
    () => follower.news,
    (error) => `The picture cannot be shown: ${messageOf(error)}`,
  );
  if (shown === view) follower.say(words);
}

/** @param {string} id @param {Desk} desk
 *  @returns {Promise<StepView>} */
function viewOf(id, desk) {
  const at = STEPS.findIndex((step) => step.id === id);
  const view = views.get(id) ?? STEPS[at].tell(desk).then((told) => new StepView(id, at + 1, told));
  views.set(id, view);
  return view;
}

/** What is said of a step that cannot be told, until it is asked for again.
 *  @param {string} id @param {unknown} error */
function unshown(id, error) {
  views.delete(id);
  const title = STEPS.find((step) => step.id === id)?.title;
  return [h("h2", { id: "step-title" }, title), h("p", {}, `This step cannot be shown: ${messageOf(error)}`)];
}

/** The list of steps, and the ways to the one before and the one after. */
function frame() {
  const at = STEPS.findIndex(({ id }) => id === current);
  if (byId("steps").childElementCount === 0) {
    const items = STEPS.map(({ id, title }) => h("li", {}, h("a", { href: `#${id}`, id: `to-${id}` }, title)));
    byId("steps").append(h("ol", {}, ...items));
  }
  for (const { id } of STEPS) {
    if (id === current) byId(`to-${id}`).setAttribute("aria-current", "step");
    else byId(`to-${id}`).removeAttribute("aria-current");
  }
  const [before, after] = [STEPS[at - 1], STEPS[at + 1]];
  byId("turns").replaceChildren(
    before ? h("a", { href: `#${before.id}`, rel: "prev" }, `‹ ${titleOf(before)}`) : h("span"),
    after
      ? h("a", { href: `#${after.id}`, rel: "next" }, `${titleOf(after)} ›`)
      : h("a", { href: desk?.explorer({}).href ?? "./" }, "The explorer ›"),
  );
}

/** A step's title as its models make it, as soon as that is known.
 *  @param {{id: string, title: string}} step */
const titleOf = ({ id, title }) => byId(`to-${id}`).textContent || title;

/** @param {string} id @param {string} title */
const name = (id, title) => (byId(`to-${id}`).textContent = title);

const address = () => location.origin + location.pathname + location.search + location.hash;
byId("link").append(copyLink(address, ["all", "none"]));
printed(address);
addEventListener("hashchange", () => show(true).catch((error) => follower.explain(error)));
byId("unloaded").remove();
follower.follow();
