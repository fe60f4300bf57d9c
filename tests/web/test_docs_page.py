"""`GET /docs` shows the API in a browser, needs no other host, and lets one ask."""

from playwright.sync_api import Page, expect

from tests.conftest import Server
from tests.web.conftest import Journal
from tests.web.documents import check_try_it_out


def test_every_operation_is_shown_and_can_be_tried_and_nothing_comes_from_another_host(
    page: Page, server: Server, journal: Journal
) -> None:
    page.goto("/docs")
    document = server.get("/openapi.json").json()
    expect(page.locator(".info .title")).to_contain_text(document["info"]["title"])
    operations = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    shown = page.locator(".opblock-summary")
    expect(shown).to_have_count(len(operations))
    summaries = shown.evaluate_all("""(all) => all.map((one) => [
        one.querySelector(".opblock-summary-method").innerText,
        one.querySelector(".opblock-summary-path").dataset.path,
    ])""")
    assert sorted(map(tuple, summaries)) == sorted(operations)
    check_try_it_out(page, server)
    assert server.url + "/openapi.json" in journal.requests
    assert journal.warnings == []


def test_the_policy_keeps_the_page_from_asking_another_host(page: Page, journal: Journal) -> None:
    journal.expect("Content Security Policy")
    page.goto("/docs", wait_until="commit")  # from when on the policy holds, whatever is there to be seen
    asked = "fetch('http://192.0.2.1/').then(() => 'answered', () => 'refused')"
    assert page.evaluate(asked) == "refused"
    assert not any("192.0.2.1" in url for url in journal.requests)
