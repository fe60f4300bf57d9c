"""How soon a study's page is complete, with hundreds of cells and with thousands: `make benchmark-explorer`."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from playwright.sync_api import Browser
from rich.console import Console
from rich.table import Table

from benchmarks.explorer.browser import chromium
from benchmarks.machine import machine
from harness import studies
from harness.server import serving

SHAPES = {200: (20, 10), 2000: (50, 40)}
"""How many columns and rows so many cells have."""

RUNS, NODES = 30, 40

VIEWPORT = {"width": 1280, "height": 900}

WATCH = """
globalThis.shifted = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) globalThis.shifted += entry.value; })
  .observe({ type: "layout-shift", buffered: true });
globalThis.complete = new Promise((resolve) => {
  const look = () => {
    const canvases = [...document.querySelectorAll("#cells canvas")];
    const isDrawn = canvases.length > 0 && canvases.every(({ width }) => width > 1);
    if (!isDrawn || document.querySelector("main").hidden) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  look();
});
"""

STEP = """async () => {
  const steps = [];
  for (let i = 0; i < 20; i++) {
    const cells = document.querySelectorAll("td[data-cell]");
    const began = performance.now();
    cells[(37 * i) % cells.length].focus({ preventScroll: true });
    await new Promise(requestAnimationFrame);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    steps.push(performance.now() - began);
  }
  return steps.sort((a, b) => a - b)[10];
}"""
"""From one cell to another, until it is shown beside the table; its runs come later."""

MEASURE = """async () => {
  const list = document.getElementById("metric");
  const other = [...list.options].find(({ value }) => value === "test_accuracy");
  const began = performance.now();
  const before = document.querySelector("td[data-cell] > span").textContent;
  list.value = other.value;
  list.dispatchEvent(new Event("change"));
  while (document.querySelector("td[data-cell] > span").textContent === before) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - began;
}"""


@dataclass(frozen=True)
class Visit:
    """One visit with an empty cache, all in milliseconds but the shift."""

    complete: float
    step: float
    measure: float
    shift: float


@contextmanager
def _served() -> Iterator[str]:
    """Serve studies of so many cells that are made for it."""
    with tempfile.TemporaryDirectory() as directory:
        models = Path(directory) / "models"
        for cells, shape in SHAPES.items():
            studies.save(models, f"cells-{cells}", studies.table(*shape), replicates=RUNS, nodes=NODES)
        with serving(Path(directory), SERVICE_MODELS_DIR=str(models), WEB_CONCURRENCY="2") as server:
            yield server.url


def _visit(browser: Browser, url: str) -> Visit:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    visit = Visit(
        page.evaluate("complete"), page.evaluate(STEP), page.evaluate(MEASURE), page.evaluate("globalThis.shifted")
    )
    context.close()
    return visit


@click.command()
@click.option("--visits", type=click.IntRange(min=1), default=5, show_default=True)
def main(visits: int) -> None:
    """Visit the pages and print medians with the range; the service is started and stopped for it."""
    table = Table(
        "cells", "", "median", "from", "to", title=f"A study's page, {RUNS} runs, 1280 × 900, {visits} visits"
    )
    with _served() as url, chromium() as browser:
        for cells in SHAPES:
            path = f"{url}/studies/cells-{cells}"
            for _ in range(2):
                _visit(browser, path)  # so that each worker is warm
            measured = [_visit(browser, path) for _ in range(visits)]
            for label, name, digits in (
                ("all boundaries drawn, ms", "complete", 0),
                ("another cell, ms", "step", 0),
                ("another measure, ms", "measure", 0),
                ("cumulative layout shift", "shift", 4),
            ):
                values = [getattr(visit, name) for visit in measured]
                numbers = (statistics.median(values), min(values), max(values))
                table.add_row(str(cells), label, *(f"{value:,.{digits}f}" for value in numbers))
        version = browser.version
    console = Console()
    console.print(f"{machine(('flask', 'gunicorn'))}; Chromium {version}")
    console.print(table)


if __name__ == "__main__":
    main()
