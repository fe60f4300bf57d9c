"""How soon the explorer is complete, how fast it follows its slider, what it weighs: `make benchmark-explorer`."""

import statistics
from dataclasses import dataclass

import click
from playwright.sync_api import Browser, CDPSession, Page
from rich.console import Console
from rich.table import Table

from benchmarks.explorer.browser import COMPLETE, chromium, wait_until_complete
from benchmarks.machine import machine
from benchmarks.service import serving

VIEWPORT = {"width": 1280, "height": 900}

SLOWER = 4
"""How many times as slow the processor of a slow visit is."""

SLOW_NETWORK = {"offline": False, "latency": 0, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
"""1.6 Mbit/s."""

SECTIONS = ("panels", "inside", "point")
"""What is looked at while the slider moves."""

DEEPEST = "/?inside=tanh-10-10"
"""The largest network, to be looked into."""

WATCH = f"""
window.shifted = 0;
new PerformanceObserver((list) => {{ for (const entry of list.getEntries()) window.shifted += entry.value; }})
  .observe({{ type: "layout-shift", buffered: true }});
window.drawn = new Promise((resolve) => {{
  const look = () => {{
    const maps = [...document.querySelectorAll(".panel[id^=model-] .plot svg")];
    if (maps.length === 0 || document.querySelector("main").hidden) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  }};
  look();
}});
window.complete = new Promise((resolve) => {{
  const look = () => {{
    const main = document.querySelector("main");
    if (main === null || main.hidden || !({COMPLETE})) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  }};
  look();
}});
"""

SCRUB = """async (seconds) => {
  const slider = document.getElementById("epoch");
  const began = performance.now();
  let [frames, position, step] = [0, 0, 1];
  while (performance.now() - began < 1000 * seconds) {
    position += step;
    if (position <= 0 || position >= Number(slider.max)) step = -step;
    slider.value = position;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return frames / ((performance.now() - began) / 1000);
}"""

FROM_GRIDS = """async (epochs) => {
  const models = [...document.querySelectorAll(".panel[id^=model-]")].map((panel) => panel.id.slice("model-".length));
  const ask = async (model, epoch) => {
    const query = `model=${model}&version=1&resolution=81&format=npy&epoch=${epoch}`;
    return (await fetch(`/boundary?${query}`)).arrayBuffer();
  };
  const began = performance.now();
  for (const epoch of epochs) await Promise.all(models.map((model) => ask(model, model === "linear" ? 1 : epoch)));
  return epochs.length / ((performance.now() - began) / 1000);
}"""
"""What following the slider by asking for each map would come to at best: nothing is drawn."""

WEIGHT = """performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .filter((entry) => entry.name.includes("/explorer/") || new URL(entry.name).pathname === "/")
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""

TRANSFERRED = """performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""
"""All that the first view took, data included."""

EPOCHS = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 21, 22, 24]


@dataclass(frozen=True)
class Visit:
    """One visit with an empty cache."""

    complete_ms: float
    shift: float
    page_bytes: int
    all_bytes: int
    task_ms: float
    from_new_grids: float
    from_kept_grids: float
    panels: float
    inside: float
    point: float


@dataclass(frozen=True)
class SlowVisit:
    """One with an empty cache, on a slow network and processor."""

    drawn_ms: float
    slow_panels: float
    slow_inside: float
    slow_point: float


def _visit(browser: Browser, url: str, seconds: float) -> Visit:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(url + DEEPEST)
    complete = page.evaluate("window.complete")
    wait_until_complete(page)
    page.wait_for_load_state("networkidle")
    own, all_of_it, shift = (page.evaluate(script) for script in (WEIGHT, TRANSFERRED, "window.shifted"))
    began = _task_seconds(session)
    page.locator("#panels").evaluate("panels => panels.scrollIntoView()")
    frames = [page.evaluate(SCRUB, seconds)]
    task = (_task_seconds(session) - began) / (frames[0] * seconds)
    frames += [_frames(page, section, seconds) for section in SECTIONS[1:]]
    new, kept = (page.evaluate(FROM_GRIDS, EPOCHS) for _ in range(2))
    context.close()
    return Visit(complete, shift, own, all_of_it, 1000 * task, new, kept, *frames)


def _slow_visit(browser: Browser, url: str, seconds: float) -> SlowVisit:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(url + DEEPEST)
    drawn = page.evaluate("window.drawn")
    wait_until_complete(page)
    page.wait_for_load_state("networkidle")
    frames = [_frames(page, section, seconds) for section in SECTIONS]
    context.close()
    return SlowVisit(drawn, *frames)


def _frames(page: Page, section: str, seconds: float) -> float:
    """Return the frames a second while the slider moves and a section is looked at."""
    page.locator(f"#{section}").evaluate("section => section.scrollIntoView()")
    frames: float = page.evaluate(SCRUB, seconds)
    return frames


def _task_seconds(session: CDPSession) -> float:
    """Return for how long the page's main thread has been at work."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


@click.command()
@click.option("--visits", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seconds", type=float, default=4.0, show_default=True, help="of following the slider in each visit")
def main(visits: int, seconds: float) -> None:
    """Visit the page and print medians with the range; the service is started and stopped for it."""
    with serving() as url, chromium() as browser:
        _visit(browser, url, 0.5)  # so that the service is warm
        measured = [_visit(browser, url, seconds) for _ in range(visits)]
        slow = [_slow_visit(browser, url, seconds) for _ in range(visits)]
        version = browser.version
    table = Table("", "median", "from", "to", title=f"The explorer, seven models, 1280 × 900, {visits} visits")
    for label, name, digits in (
        ("first view complete, ms", "complete_ms", 0),
        (f"first maps at 1.6 Mbit/s and a processor {SLOWER} times as slow, ms", "drawn_ms", 0),
        ("frames a second while scrubbing: the maps", "panels", 1),
        ("  inside tanh-10-10", "inside", 1),
        ("  one point", "point", 1),
        (f"  the maps, {SLOWER} times as slow", "slow_panels", 1),
        (f"  inside, {SLOWER} times as slow", "slow_inside", 1),
        (f"  one point, {SLOWER} times as slow", "slow_point", 1),
        ("main thread at work for a frame of the maps, ms", "task_ms", 1),
        ("the same from grids, not asked for before", "from_new_grids", 1),
        ("the same from grids in the browser's cache", "from_kept_grids", 1),
        ("page, bytes on the wire without data", "page_bytes", 0),
        ("first view, bytes on the wire with data", "all_bytes", 0),
        ("cumulative layout shift", "shift", 4),
    ):
        visited = slow if hasattr(slow[0], name) else measured
        values = [getattr(visit, name) for visit in visited]
        numbers = (statistics.median(values), min(values), max(values))
        table.add_row(label, *(f"{value:,.{digits}f}" for value in numbers))
    console = Console()
    console.print(f"{machine(('flask', 'gunicorn'))}; Chromium {version}")
    console.print(table)


if __name__ == "__main__":
    main()
