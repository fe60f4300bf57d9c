"""Pictures of the lesson, into docs/images: each step at its end, and the second one as it moves. `make pictures`."""

from io import BytesIO
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmarks.explorer.browser import chromium
from benchmarks.explorer.pictures import SCREENS, screens
from benchmarks.service import serving

STEPS = ("a-line", "three-lines", "ten-lines", "a-second-layer", "relu", "luck", "does-depth-always-help")
KEPT = (("desktop", "light"), ("phone", "dark"))
"""Of all sizes and themes those in the repository."""

COLOURS = 128
"""Of a picture: a third of the bytes."""

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


def take(page: Page, path: Path) -> None:
    """Take a picture of all of the page, in few colours."""
    page.evaluate("scrollTo(0, 0)")
    picture = Image.open(BytesIO(page.screenshot(full_page=True)))
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def stills(browser: Browser, url: str, directory: Path, kept: tuple[tuple[str, str], ...]) -> None:
    for size, theme, page in screens(browser, kept, reduced_motion="reduce"):
        for step in STEPS:
            open_step(page, url, step)
            page.get_by_role("radio").nth(1).check()
            predict(page)
            take(page, directory / f"{step}-{size}-{theme}.png")


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
@click.option("--all", "is_all", is_flag=True, help="all sizes and themes, not just those in the repository")
def main(directory: Path, is_all: bool) -> None:
    """Make each step's prediction and take its picture; the service is started and stopped for it."""
    directory.mkdir(parents=True, exist_ok=True)
    with serving() as url, chromium() as browser:
        stills(browser, url, directory, SCREENS if is_all else KEPT)
        film(browser, url, directory / "three-lines.webp")


if __name__ == "__main__":
    main()
