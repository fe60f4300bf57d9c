// What fails to load, or to start, is told at once; explorer.css tells it after a while, should this file be missing.
addEventListener(
  "error",
  ({ target, error }) => {
    if (target instanceof HTMLScriptElement || error) document.documentElement.dataset.failed = "";
  },
  true,
);

// Before the first paint, so that nothing flashes: the theme that the address asks for, else the system's.
document.documentElement.dataset.theme = new URLSearchParams(location.search).get("theme") ?? "auto";
