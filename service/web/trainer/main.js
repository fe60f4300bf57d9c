// The page: settings that are changed, a training that goes on, and what is seen of it.

import { byId, counted, h } from "../explorer/dom.js";
import { Service } from "../explorer/service.js";
import { arrive } from "../explorer/whereabouts.js";
import { DataForm } from "./data-form.js";
import { Earlier } from "./earlier.js";
import { Editor } from "./editor.js";
import { draw } from "./gallery.js";
import { numberField, put, say } from "./inputs.js";
import { keepForm } from "./keep-form.js";
import { fromHash } from "./keeping.js";
import { NetworkForm } from "./network-form.js";
import { Results } from "./results.js";
import { kept, keepUntilBack } from "./session.js";
import { asInTheNotebook, beginning, chosen, domainOf, fromRows, MOST_POINTS, namesOf, network } from "./settings.js";
import { withMore, withoutEmpty } from "./settings.js";
import { Stage } from "./stage.js";
import { Training } from "./training.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./worker.js").Progress} Progress */

/** How often numbers are written anew while maps move. */
const NUMBERS_MS = 250;

/** How often maps move: a frame costs as much for one of them as for ten, and each has news four times a second only;
 *  and how often for those who want less motion. */
const MOVE_MS = 60;
const CALM_MS = 1000;
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

let settings = beginning();
const earlier = new Earlier();
/** @type {Set<Progress>} */
const fresh = new Set();
let isFrameAsked = false;
let numbersAt = 0;
let isJudged = false;
let pressedAt = 0;

const service = new Service(
  () => {},
  () => {},
);
const training = new Training(changed, say);
const results = new Results(byId("results"), service);
const editor = new Editor(settings.domain, {
  onbegin: () => earlier.keep(settings),
  onadd: (points, c) => add(points.map(([x, y]) => [x, y, c ?? dataForm.chosen])),
  onerase: erase,
});
const stage = new Stage(byId("maps"), editor, () => ({ settings, training }));
const dataForm = new DataForm(editor, {
  onset: (set) => {
    earlier.keep(settings);
    if (set === null) own(pointsShown(), settings.domain);
    else {
      const isNewSet = set.name !== settings.set?.name;
      const classes = Array.from({ length: set.classes }, (_, c) => String(c));
      change({ set, points: null, classes, domain: isNewSet ? domainOfSet(set) : settings.domain });
    }
  },
  onclear: () => {
    earlier.keep(settings);
    own(fromRows([]), settings.domain);
  },
  onundo: () => {
    const last = earlier.back(settings);
    if (last !== undefined) change(last);
  },
  onclasses: (count) => {
    earlier.keep(settings);
    if (settings.set !== null) {
      const set = { ...settings.set, classes: count };
      return change({ set, classes: Array.from({ length: count }, (_, c) => String(c)), domain: domainOfSet(set) });
    }
    const classes = Array.from({ length: count }, (_, c) => settings.classes[c] ?? String(c));
    const points = pointsShown();
    change({ classes, points: chosen(points, (i) => points.labels[i] < count) });
  },
  ontable: ({ points, classes }) => {
    earlier.keep(settings);
    change({ set: null, points, classes, domain: domainOf(points) });
  },
});

const isCompared = h("input", {
  type: "checkbox",
  id: "compared",
  onchange: () => {
    const [first] = settings.networks;
    change({ networks: isCompared.checked ? [first, network({ hidden: [10, 10] })] : [first] });
  },
});
const forms = [
  new NetworkForm("A", (spec) => change({ networks: [spec, ...settings.networks.slice(1)] })),
  new NetworkForm(
    "B",
    (spec) => change({ networks: [settings.networks[0], spec] }),
    h("label", { class: "check" }, isCompared, " Compare with a second network"),
  ),
];
const current = () => ({ ...settings, isTrained: training.phase === "done", seen: stage.seen });
const keeping = keepForm(byId("keep"), current, (loaded) => {
  earlier.keep(settings);
  open(loaded);
});

const train = h("button", { type: "button", class: "main", onclick: press }, "Train");
const step = h("button", { type: "button", onclick: () => stepOnce() }, "One epoch");
const again = h("button", { type: "button", onclick: () => training.reset() }, "Start again");
const numbers = {
  epochs: numberField("Epochs", "epochs", (epochs) => change({ epochs })),
  runs: numberField("Runs", "runs", (runs) => change({ runs })),
  seed: numberField("Seed", "seed", (seed) => change({ seed })),
};
function build() {
  const [head, ...others] = dataForm.elements;
  byId("data").append(head, ...others.slice(0, 2), stage.controls, ...others.slice(2));
  const preset = h(
    "button",
    {
      type: "button",
      onclick: () => {
        earlier.keep(settings);
        change({ ...beginning(), ...asInTheNotebook() });
      },
    },
    "As in the notebook",
  );
  byId("networks-title").after(preset);
  byId("network-forms").append(...forms.map(({ element }) => element));
  byId("player").append(train, step, again, ...Object.values(numbers).map(({ element }) => element));
  byId("player").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("resize", () => editor.draw());
  addEventListener("hashchange", () => readAddress());
}

/** Change what is trained: what was trained before is gone.
 *  @param {Partial<Settings>} changes */
function change(changes) {
  settings = { ...settings, ...changes };
  training.reset();
  results.forget();
  show();
}

/** Open what a link or a file holds, trained where it was.
 *  @param {Settings} opened */
function open(opened) {
  change(opened);
  stage.look(opened.seen ?? null);
  if (opened.isTrained) press();
}

/** The points to see: those of run 0 where each run draws its own. */
const pointsShown = () =>
  settings.set === null ? (settings.points ?? fromRows([])) : draw(settings.set, settings.seed, 0);

/** @param {import("./gallery.js").GallerySet} set */
const domainOfSet = (set) =>
  set.name === "gaussian_quantiles" ? beginning().domain : domainOf(draw(set, settings.seed, 0));

/** @param {import("./gallery.js").Points} points @param {Domain} domain */
const own = (points, domain) => change({ set: null, points, domain });

/** @param {number[][]} rows */
function add(rows) {
  const points = pointsShown();
  if (points.x.length < MOST_POINTS) own(withMore(points, rows), settings.domain);
  else say(`There are ${MOST_POINTS.toLocaleString("en")} points: more cannot be trained here.`);
}

/** Take away the nearest point within reach.
 *  @param {Point} point @param {Point} reach */
function erase([x, y], [dx, dy]) {
  const points = pointsShown();
  /** @param {number} i */
  const far = (i) => Math.hypot((points.x[i] - x) / dx, (points.y[i] - y) / dy);
  let nearest = 0;
  for (let i = 1; i < points.x.length; i++) if (far(i) < far(nearest)) nearest = i;
  if (points.x.length > 0 && far(nearest) <= 1.5) own(chosen(points, (i) => i !== nearest), settings.domain);
}

function show() {
  const points = pointsShown();
  dataForm.show(settings, points);
  editor.show(settings.domain, points, settings.classes);
  isCompared.checked = settings.networks.length === 2;
  forms.forEach((form, i) => form.show(settings.networks[i] ?? null));
  put(numbers.epochs.input, settings.epochs);
  put(numbers.runs.input, settings.runs);
  put(numbers.seed.input, settings.seed);
  stage.offer(settings);
  keeping.show(settings);
}

function press() {
  if (training.phase === "running") return training.stop();
  pressedAt = performance.now();
  if (training.phase === "done") training.reset();
  if (training.phase === "fresh" && !begin()) return;
  training.go();
}

function stepOnce() {
  if (training.phase === "done" || training.phase === "running") return;
  if (training.phase === "fresh" && !begin()) return;
  training.step();
}

function begin() {
  try {
    settings = withoutEmpty(settings);
    show();
    results.forget();
    isJudged = false;
    delete byId("progress").dataset.seconds;
    stage.maps.reserve(namesOf(settings.networks), settings.runs);
    training.begin(settings);
    say("");
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** @param {Progress | null} progress of one run; null where something else changed */
function changed(progress) {
  if (progress !== null) fresh.add(progress);
  if (isFrameAsked) return;
  isFrameAsked = true;
  if (training.phase === "running") setTimeout(frame, isCalm.matches ? CALM_MS : MOVE_MS);
  else requestAnimationFrame(frame);
}

function frame() {
  isFrameAsked = false;
  stage.show(fresh);
  fresh.clear();
  const isEnd = training.phase !== "running";
  if (isEnd || performance.now() - numbersAt > NUMBERS_MS) {
    numbersAt = performance.now();
    tell();
    results.show(training);
  }
  if (training.phase === "done" && !isJudged) judge();
}

async function judge() {
  isJudged = true;
  await results.judge(training, (at) => {
    byId("progress").dataset.seconds = String((at - pressedAt) / 1000);
    tell();
  });
}

function tell() {
  const { phase } = training;
  train.textContent = { fresh: "Train", running: "Stop", stopped: "Go on", done: "Train again" }[phase];
  step.disabled = phase === "running" || phase === "done";
  again.disabled = phase === "fresh";
  const [first, last] = training.epochs;
  const where = first === last ? `Epoch ${first}` : `Epochs ${first} to ${last}`;
  const seconds = training.took === null ? "" : ` in ${(training.took / 1000).toFixed(1)} s`;
  const cores = training.pool.size === 1 ? "one worker" : `${training.pool.size} workers`;
  const { epochs, runs, networks, seed } = settings;
  const whose = networks.length === 1 ? "the network" : "each network";
  byId("progress").textContent =
    phase === "fresh"
      ? `${counted(runs, "run")} of ${whose} at once, here; seed ${seed} makes them the same each time.`
      : phase === "done"
        ? `${counted(epochs, "epoch")} of ${counted(runs * networks.length, "run")}${seconds}, by ${cores}.`
        : `${where} of ${epochs}.`;
  byId("progress").dataset.phase = byId("maps").dataset.phase = phase;
}

/** @param {Settings | null} [held] by this page before it was loaded again */
async function readAddress(held = null) {
  try {
    const given = held ?? (await fromHash(location.hash));
    if (given !== null) open(given);
  } catch (error) {
    say(`This link cannot be opened: ${error instanceof Error ? error.message : error}.`);
  }
}

build();
show();
tell();
/** @type {HTMLElement} */ (document.querySelector("main")).hidden = false;
editor.draw();
stage.enlarge();
readAddress(kept());
keepUntilBack(current);
arrive();
training.pool.prepare();
