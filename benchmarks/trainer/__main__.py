"""How long two networks' thirty runs take in the page, from the press to the verdict: `make benchmark-trainer`."""

import json
import statistics

import click
from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table

from benchmarks.explorer.browser import chromium
from benchmarks.machine import machine
from benchmarks.service import serving

NETWORK = {"rate": 0.001, "batch": 32, "l1": 0, "l2": 0}
TRAINING = {
    "classes": ["0", "1"],
    "set": {"name": "gaussian_quantiles", "n": 2000, "noise": 0.316, "classes": 2},  # 1,120 of them to train on
    "points": None,
    "domain": {"x": [-1.5, 1.5], "y": [-1.5, 1.5]},
    "networks": [{**NETWORK, "hidden": [10], "activation": name} for name in ("tanh", "relu")],
    "seed": 3,
    "runs": 30,
    "epochs": 500,
    "isTrained": False,
}

WATCH = """() => {
  const seen = { frames: 0, maps: 0 };
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    seen.maps += 1;
    return put.apply(this, given);
  };
  const frame = () => { seen.frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  window.seen = seen;
}"""


def _press(page: Page) -> tuple[float, float, float]:
    """Train once. Return the seconds to the verdict, and how often a second all maps and the page moved."""
    page.evaluate("() => { window.seen.frames = window.seen.maps = 0; }")
    page.get_by_role("button", name="Train", exact=False).first.click()
    progress = page.locator("#progress[data-phase=done][data-seconds]")
    progress.wait_for(timeout=300_000)  # `expect` would describe the whole page to itself meanwhile
    seconds = float(progress.get_attribute("data-seconds") or "nan")
    seen = page.evaluate("() => window.seen")
    return seconds, seen["maps"] / 60 / seconds, seen["frames"] / seconds


def _measure(browser: Browser, url: str, presses: int) -> list[tuple[float, float, float]]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(f"{url}/trainer")
    file = {"name": "training.json", "mimeType": "application/json", "buffer": json.dumps(TRAINING).encode()}
    page.get_by_label("Load file").set_input_files(file)  # type: ignore[arg-type]
    page.evaluate(WATCH)
    return [_press(page) for _ in range(presses)]


@click.command()
@click.option("--presses", type=click.IntRange(min=2), default=20, show_default=True)
def main(presses: int) -> None:
    """Train two 10-unit networks, 30 runs, 500 epochs, 1,120 points, again and again; the first press counts too."""
    with serving() as url, chromium() as browser:
        measured = _measure(browser, url, presses)
        version = browser.version
    table = Table("", "median", "p95", "from", "to", title=f"tanh-10 against relu-10 in the page, {presses} presses")
    labels = ("seconds from the press to the verdict", "times a second that all 60 maps moved", "frames a second")
    for label, values in zip(labels, zip(*measured, strict=True), strict=True):
        p95 = statistics.quantiles(values, n=20, method="inclusive")[-1]
        table.add_row(label, *(f"{value:,.2f}" for value in (statistics.median(values), p95, min(values), max(values))))
    console = Console()
    console.print(f"{machine(('flask', 'gunicorn'))}; Chromium {version}")
    console.print(table)


if __name__ == "__main__":
    main()
