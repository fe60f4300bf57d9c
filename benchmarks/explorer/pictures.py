"""Screenshots of the explorer at three widths in both themes, into docs/images: `make pictures`."""

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click
from playwright.sync_api import Browser, Page

from benchmarks.explorer.browser import chromium, wait_until_complete
from benchmarks.service import serving

SIZES = {"phone": (360, 780), "tablet": (768, 1024), "desktop": (1440, 1000)}
SCREENS = tuple(product(SIZES, ("light", "dark")))
VIEWS = {
    "boundaries": "/#boundaries",
    "inside": "/?inside=tanh-10-10&unit=2.1#inside",
    "luck": "/?statistic=std#boundaries",
    "comparison": "/#comparison",
    "verdicts": "/?experiment=tuned#verdicts",
}


def screens(
    browser: Browser, screens: Iterable[tuple[str, str]] = SCREENS, **options: Any
) -> Iterator[tuple[str, str, Page]]:
    """Yield a size, a theme and a page of these, one after the other; `options` are of pages."""
    for size, theme in screens:
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme, **options)  # type: ignore[arg-type]
        yield size, theme, page
        page.close()


def _settle(page: Page) -> None:
    wait_until_complete(page)
    page.wait_for_function("document.getElementById('panels').ariaBusy !== 'true'")
    page.wait_for_timeout(500)  # what comes into view is drawn


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/images/explorer"))
def main(directory: Path) -> None:
    """Take the pictures; the service is started and stopped for it."""
    directory.mkdir(parents=True, exist_ok=True)
    with serving() as url, chromium() as browser:
        for size, theme, page in screens(browser):
            first = "/?epoch=98#panels" if size == "phone" else "/"  # a phone's first screen has no map yet
            for view, path in VIEWS.items() if size == "desktop" and theme == "light" else [("boundaries", first)]:
                page.goto(url + path)
                _settle(page)
                page.screenshot(path=directory / f"{view}-{size}-{theme}.png")


if __name__ == "__main__":
    main()
