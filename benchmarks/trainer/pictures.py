"""Screenshots of the trainer at three widths in both themes, into docs/images: `make pictures`."""

from pathlib import Path

import click
from playwright.sync_api import expect

from benchmarks.explorer.browser import chromium
from benchmarks.explorer.pictures import screens
from benchmarks.service import serving


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/images/trainer"))
def main(directory: Path) -> None:
    """Train what the page begins with, and take pictures of its first screen."""
    directory.mkdir(parents=True, exist_ok=True)
    with serving() as url, chromium() as browser:
        for size, theme, page in screens(browser):
            page.goto(f"{url}/trainer")
            page.get_by_role("button", name="Train", exact=True).click()
            expect(page.locator("#progress[data-phase=done][data-seconds]")).to_be_visible(timeout=60_000)
            page.evaluate("scrollTo(0, 0)")
            if size == "phone":  # whose first screen has no map yet
                page.locator(".palette").evaluate("(palette) => palette.scrollIntoView()")
            page.screenshot(path=directory / f"trained-{size}-{theme}.png")


if __name__ == "__main__":
    main()
