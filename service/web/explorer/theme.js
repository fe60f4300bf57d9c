// Before the first paint, so that nothing flashes: the theme that the address asks for, else the system's.
document.documentElement.dataset.theme = new URLSearchParams(location.search).get("theme") ?? "auto";
