// Goes on to the page that stands at another address, and takes along what the address asks for.
const there = document.querySelector('meta[name="forward"]')?.getAttribute("content") ?? "../";
location.replace(there + location.search + location.hash);
