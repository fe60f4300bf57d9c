// What fails to load, or to start, is told at once; explorer.css tells it after a while, should this file be missing.
addEventListener(
  "error",
  ({ target, error }) => {
    if (target instanceof HTMLScriptElement || error) document.documentElement.dataset.failed = "";
  },
  true,
);

// Before the first paint, so that nothing flashes: what the address asks for, in attributes that the styles look at.
// The theme, else the system's; which sections are shown, which controls, and for whom.
{
  const { dataset } = document.documentElement;
  const asked = new URLSearchParams(location.search);
  dataset.theme = asked.get("theme") ?? "auto";
  const choices = { controls: ["none", "player"], view: ["projector"] };
  for (const [name, known] of Object.entries(choices)) {
    const value = asked.get(name) ?? "";
    if (known.includes(value)) dataset[name] = value;
  }
  const only = (asked.get("only") ?? "").split(",").filter((id) => id !== "");
  if (only.length > 0) {
    dataset.only = only.join(" ");
    addEventListener("DOMContentLoaded", () => {
      const shown = [...document.querySelectorAll("main section[id]")].filter(({ id }) => only.includes(id));
      for (const section of shown) section.classList.add("only");
      if (shown.length === 0) delete dataset.only; // there is no such section: better all than nothing
    });
  }
}
