"""What the tests of the trainer share: its controls by their names, and its modules called in the page."""

import re
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

PATIENCE_MS = 60_000


def show(page: Page, address: str = "") -> None:
    """Open the trainer and wait until it is there."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/trainer" + address)
    expect(page.get_by_role("main")).to_be_visible()


def put(page: Page, label: str, value: object, form: str | None = None) -> None:
    """Enter a number."""
    scope: Page | Locator = page if form is None else page.get_by_role("group", name=re.compile(f"^{form}:"))
    field = scope.get_by_role("spinbutton", name=label, exact=True)
    field.fill(str(value))
    field.press("Tab")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).first.select_option(label=option)


def paste(page: Page, text: str) -> None:
    """Take points from text, as somebody who pastes them does."""
    details = page.locator("#data details")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.get_by_role("textbox", name="The points, one a line").fill(text)
    page.get_by_role("button", name="Use these points").click()


def load(page: Page, label: str, name: str, content: str) -> None:
    """Choose a file with this content."""
    page.get_by_label(label).set_input_files(FilePayload(name=name, mimeType="", buffer=content.encode()))


def train(page: Page) -> None:
    """Train to the end, and wait for what came of it."""
    page.get_by_role("button", name=re.compile("^Train")).click()
    until_done(page)


def until_done(page: Page) -> None:
    expect(page.locator("#progress[data-phase=done][data-seconds]")).to_be_visible()


def outcome(page: Page) -> list[str]:
    """Return the table's rows of the page's own networks, and the verdict."""
    expect(page.locator(".verdict-here")).to_be_visible()
    texts: list[str] = page.evaluate("""() => [
        ...[...document.querySelector(".outcome-table tbody").rows].map((row) => row.textContent),
        document.querySelector(".verdict-here").innerText,
    ]""")
    return texts


def called(page: Page, module: str, script: str, *given: object) -> Any:
    """Call what a module of the trainer exports: `script` is JavaScript over `it`, the module, and `given`."""
    return page.evaluate(
        f"async ([...given]) => {{ const it = await import('/trainer/{module}.js'); {script} }}", list(given)
    )
