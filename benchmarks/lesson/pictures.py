"""Pictures of the lesson, into docs/images: each step at its end, on every screen and in both themes side by side, and
the second one as it moves. `make pictures`.
"""

from io import BytesIO
from pathlib import Path

import click
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect

from benchmarks.explorer.browser import chromium
from benchmarks.explorer.pictures import SCREENS, screens
from benchmarks.service import serving

STEPS = ("a-line", "three-lines", "ten-lines", "a-second-layer", "relu", "luck", "does-depth-always-help")
GAP = 24
"""Pixels between the screens of a sheet."""

SHEET_SCALE = 0.75
"""Of a sheet beside its screens: what is written can still be read."""

FILM, GUESS = "three-lines", 1
FILM_SIZE, JUMP = (1060, 640), 3
HOLD_MS = {"read": 1800, "chosen": 900, "frame": 70, "end": 3500}
QUALITY = 60


def open_step(page: Page, url: str, step: str) -> None:
    page.goto(f"{url}/lesson#{step}")
    page.wait_for_selector(f"#to-{step}[aria-current]")
    expect(page.locator("#step:not([aria-busy]) .step[data-ready]")).to_be_visible(timeout=60_000)


def predict(page: Page) -> None:
    form = page.get_by_role("form", name="Your prediction")
    form.get_by_role("button", name="Show me").click()
    expect(page.locator(".result")).not_to_be_empty()


def taken(page: Page) -> Image.Image:
    """Take a picture of all of the page, with nothing under the pointer."""
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    return Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")


def stills(browser: Browser, url: str, directory: Path) -> None:
    steps: dict[str, dict[str, list[Image.Image]]] = {step: {} for step in STEPS}
    for _, theme, page in screens(browser, SCREENS, reduced_motion="reduce"):
        for step, themes in steps.items():
            open_step(page, url, step)
            page.get_by_role("radio").nth(1).check()
            predict(page)
            themes.setdefault(theme, []).append(taken(page))
    for step, themes in steps.items():
        small = ImageOps.scale(sheet(list(themes.values())), SHEET_SCALE)
        small.save(directory / f"{step}.webp", quality=QUALITY, method=6)


def sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """Put pictures side by side, row by row."""
    widths = [sum(one.width + GAP for one in row) - GAP for row in rows]
    heights = [max(one.height for one in row) for row in rows]
    whole = Image.new("RGB", (max(widths), sum(heights) + GAP * (len(rows) - 1)), "white")
    y = 0
    for row, height in zip(rows, heights, strict=True):
        x = 0
        for one in row:
            whole.paste(one, (x, y))
            x += one.width + GAP
        y += height + GAP
    return whole


def film(browser: Browser, url: str, path: Path) -> None:
    """Film a step: what is asked, a guess, and the units as they are added."""
    width, height = FILM_SIZE
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    open_step(page, url, FILM)
    frames = [(page.screenshot(), HOLD_MS["read"])]
    page.get_by_role("radio").nth(GUESS).check()
    frames.append((page.screenshot(), HOLD_MS["chosen"]))
    predict(page)
    slider = page.get_by_role("slider")
    last = int(slider.get_attribute("max") or 0)
    for frame in [*range(0, last, JUMP), last]:
        slider.fill(str(frame))
        page.evaluate("scrollTo(0, 0)")
        frames.append((page.screenshot(), HOLD_MS["frame"] if frame < last else HOLD_MS["end"]))
    first, *others = [Image.open(BytesIO(taken)).convert("RGB") for taken, _ in frames]
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[milliseconds for _, milliseconds in frames],
        loop=0,
        quality=QUALITY,
        method=6,
    )
    page.close()


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/images/lesson"))
def main(directory: Path) -> None:
    """Make each step's prediction and take its pictures; the service is started and stopped for it."""
    directory.mkdir(parents=True, exist_ok=True)
    with serving() as url, chromium() as browser:
        stills(browser, url, directory)
        film(browser, url, directory / f"{FILM}-film.webp")


if __name__ == "__main__":
    main()
