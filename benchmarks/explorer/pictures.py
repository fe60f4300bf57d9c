"""Screenshots of the explorer at three widths in both themes, into docs/images: `make pictures`."""

from pathlib import Path

import click
from playwright.sync_api import Page

from benchmarks.explorer.browser import chromium, wait_until_complete
from benchmarks.service import serving

SIZES = {"phone": (360, 780), "tablet": (768, 1024), "desktop": (1440, 1000)}
VIEWS = {
    "boundaries": "/#boundaries",
    "inside": "/?inside=tanh-10-10&unit=2.1#inside",
    "luck": "/?statistic=std#boundaries",
    "comparison": "/#comparison",
    "verdicts": "/?experiment=tuned#verdicts",
}


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
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
                first = "/?epoch=98#panels" if size == "phone" else "/"  # a phone's first screen has no map yet
                for view, path in VIEWS.items() if size == "desktop" and theme == "light" else [("boundaries", first)]:
                    page.goto(url + path)
                    _settle(page)
                    page.screenshot(path=directory / f"{view}-{size}-{theme}.png")
                page.close()


if __name__ == "__main__":
    main()
