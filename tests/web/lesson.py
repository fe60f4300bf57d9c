"""What the tests of the lesson share: its steps by their addresses, and predictions made in them."""

import re

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 60_000

STEPS = {
    "a-line": "A line",
    "three-lines": "Three lines",
    "ten-lines": "Ten lines",
    "a-second-layer": "A second layer",
    "relu": "Relu",
    "luck": "Luck",
    "does-depth-always-help": "Does depth always help?",
}


def show(page: Page, step: str = "", query: str = "") -> None:
    """Open the lesson at a step, and wait until that is there."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"/lesson{query}{step and '#' + step}")
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the step of the address is there, and what it shows is loaded."""
    expect(page.locator("#step:not([aria-busy]) .step[data-ready]")).to_be_visible()


def heading(page: Page) -> Locator:
    return page.get_by_role("article").get_by_role("heading", level=2)


def question(page: Page) -> Locator:
    return page.get_by_role("form", name="Your prediction")


def result(page: Page) -> Locator:
    return page.locator("#step .result")


def predict(page: Page, choice: int) -> None:
    """Choose an answer by a click, and have it shown."""
    question(page).get_by_role("radio").nth(choice).check()
    question(page).get_by_role("button", name="Show me").click()
    expect(result(page)).not_to_be_empty()


def measured(page: Page) -> int:
    """Return the position of the choice that the measurement bears out."""
    choices = question(page).locator(".choice")
    expect(choices.locator(".measured")).to_have_count(1)
    return int(choices.evaluate_all("(all) => all.findIndex((one) => one.querySelector('.measured'))"))


def has_text(text: str) -> re.Pattern[str]:
    """Match a text whole."""
    return re.compile(f"^{re.escape(text)}$")
