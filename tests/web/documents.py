"""What the tests of the documents' page share."""

import json

from playwright.sync_api import Page, expect

from tests.conftest import Server


def check_try_it_out(page: Page, server: Server) -> None:
    """Try an operation out on the page, which shows what the service answers."""
    operation = page.locator(".opblock", has=page.locator('[data-path="/models/{name}"]'))
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_placeholder("name").fill("linear")
    operation.get_by_role("button", name="Execute").click()
    response = operation.locator(".live-responses-table .response")
    expect(response.locator(".response-col_status")).to_contain_text("200")
    assert json.loads(response.locator("code").first.inner_text()) == server.get("/models/linear").json()
