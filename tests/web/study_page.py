"""What the tests of the studies' pages share."""

from playwright.sync_api import Page, expect


def settle(page: Page) -> None:
    """Wait until what was asked for is there and drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.locator("#grid[aria-busy], #cells[aria-busy], .runs[aria-busy]")).to_have_count(0)
