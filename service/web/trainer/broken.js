// Before anything else: where a part of the page cannot be loaded, say so, for nothing else is there to say it.
addEventListener(
  "error",
  ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    const tell = () => {
      const status = document.getElementById("status");
      if (status) status.textContent = "A part of this page did not load, so it cannot train. Reload it to try again.";
    };
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", tell);
    else tell();
  },
  true,
);
