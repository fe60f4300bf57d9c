// The page of all studies: each with how far it is, and what came of its claims.

import { byId, counted, h } from "../explorer/dom.js";
import { Follower } from "../explorer/follow.js";
import { copyLink, printed } from "../explorer/sharing.js";
import { arrive } from "../explorer/whereabouts.js";
import { badge, tally } from "./outcomes.js";

let isShown = false;
/** @type {string | null} */
let etag = null;

const address = () => location.origin + location.pathname + location.search;
byId("link").append(copyLink(address, ["all", "none"]));
printed(address);

const follower = new Follower(refresh, () => isShown);

async function refresh() {
  const news = await follower.service.news("studies?format=json", etag);
  follower.lock(false);
  if (news !== null) {
    etag = news.etag;
    draw(news.document);
    if (!isShown) arrive();
    isShown = true;
  }
  follower.say("");
}

/** @param {StudyList} list */
function draw({ studies }) {
  byId("none").hidden = studies.length > 0;
  byId("studies").replaceChildren(
    ...studies.map(({ name, title, cells, finished, failed, replicates, claims }) => {
      const isRunning = finished + failed < cells;
      const done = isRunning ? `${finished} of ${counted(cells, "cell")} done` : counted(cells, "cell");
      const failures = failed > 0 ? `, ${failed} with failures` : "";
      return h(
        "li",
        {},
        h("h2", {}, h("a", { href: `studies/${name}` }, title)),
        h("p", { class: "lead" }, `${name}: ${done}${failures}, ${counted(replicates, "run")} each`),
        isRunning ? h("progress", { max: cells, value: finished, "aria-label": `${title}: ${done}` }) : null,
        claims.length > 0 ? h("p", {}, `Claims: ${tally(claims)}.`) : null,
        h(
          "ul",
          { class: "outcomes" },
          claims.map(({ text, outcome }) => h("li", {}, badge(outcome), h("span", {}, text))),
        ),
      );
    }),
  );
  const main = document.querySelector("main");
  if (main !== null) main.hidden = false;
}

follower.follow();
