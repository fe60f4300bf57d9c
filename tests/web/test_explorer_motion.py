"""While the slider moves, maps follow roughly and words wait; where it rests, all is as if it had been opened there."""

import numpy as np
from playwright.sync_api import Page

from tests.conftest import Server
from tests.web.conftest import OpenPage
from tests.web.explorer import colours_of, evaluated, panel, pixels, recorded_epochs, settle, show

SWEEP = """async ([from, to]) => {
  const slider = document.getElementById("epoch");
  const map = document.querySelector("#model-tanh-3 canvas.colours");
  const seen = new Set();
  for (let position = from; position <= to; position++) {
    slider.value = position;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
    seen.add(map.toDataURL());
  }
  return seen.size;
}"""
"""Move the slider on with every frame; tell how many pictures one map showed."""

FAR_TOO_SLOW = 20
"""How many times as slow the processor is that cannot keep up with the maps."""

ROUGH = 21
"""As many nodes an axis has a rough map."""

MOVE_UNTIL_ROUGH = """async (rough) => {
  const slider = document.getElementById("epoch");
  const map = document.querySelector("#model-tanh-3 canvas.colours");
  for (let position = 1; position <= 40 && map.width !== rough; position++) {
    slider.value = position;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
  }
  return map.width;
}"""
"""Move the slider on with every frame until one map is rough; tell how many nodes an axis it has then. A processor is
slowed by keeping it busy, for 0.3 s of each frame."""

REST_MS = 120
"""A slider that has not moved for so long rests: then all is drawn in full."""

FINER = "return Array.from(network.finer(given[0], given[1], given[2]));"


def shown(page: Page, model: str) -> tuple[object, ...]:
    """Return a map's colours and lines, and what is said of it."""
    article = panel(page, model)
    lines = article.locator(".plot path").evaluate_all("(all) => all.map((one) => one.getAttribute('d'))")
    words = [article.locator(selector).inner_text() for selector in (".summary", ".figures")]
    return pixels(colours_of(article)).tolist(), lines, words


def test_maps_follow_the_slider_and_rest_as_they_are_opened_there(
    page: Page, open_page: OpenPage, server: Server
) -> None:
    show(page, "?epoch=0")
    epochs = recorded_epochs(page)
    pictures = page.evaluate(SWEEP, [1, 40])
    settle(page)
    opened = open_page(server)
    show(opened, f"?epoch={epochs[40]}")
    for model in ("tanh-3", "relu-10-10"):  # the second is out of sight, where maps follow only as it rests
        assert shown(page, model) == shown(opened, model)
    assert pictures > 20


def test_on_a_slow_machine_maps_are_rougher_while_the_slider_moves_and_exact_where_it_rests(own_page: Page) -> None:
    show(own_page, "?epoch=0")
    session = own_page.context.new_cdp_session(own_page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": FAR_TOO_SLOW})
    assert own_page.evaluate(MOVE_UNTIL_ROUGH, ROUGH) == ROUGH
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    settle(own_page)
    assert own_page.evaluate("() => document.querySelector('#model-tanh-3 canvas.colours').width") == 81


def test_a_rough_map_is_exact_on_its_nodes_and_between_them_their_mean(page: Page) -> None:
    show(page)
    rng = np.random.default_rng(1)
    few = rng.random((5, 5))
    fine = np.array(evaluated(page, FINER, few.ravel().tolist(), 5, 0.25)).reshape(9, 9)
    np.testing.assert_allclose(fine[::2, ::2], few, atol=1e-7)
    np.testing.assert_allclose(fine[::2, 1::2], (few[:, 1:] + few[:, :-1]) / 2, atol=1e-7)
    middle = (few[1:, 1:] + few[1:, :-1] + few[:-1, 1:] + few[:-1, :-1]) / 4
    np.testing.assert_allclose(fine[1::2, 1::2], middle, atol=1e-7)
    labels = np.array(evaluated(page, FINER, np.rint(4 * few).ravel().tolist(), 5, 1)).reshape(9, 9)
    assert set(np.unique(labels)) <= set(range(5))


DRAWINGS = """() => {
  const drawings = (window.drawings = new Map());
  const note = () => {
    for (const path of document.querySelectorAll("#inside .stage path")) {
      const line = path.getAttribute("d");
      if (line) drawings.set(path, (drawings.get(path) ?? new Set()).add(line));
    }
  };
  new MutationObserver(note).observe(document.getElementById("inside"), {
    attributes: true, attributeFilter: ["d"], childList: true, subtree: true,
  });
}"""
"""Note every line that is drawn on the enlarged map, by its path."""

COUNTS = "() => [...window.drawings.values()].map((lines) => lines.size)"


def test_what_comes_into_sight_is_drawn_once_and_in_full(page: Page) -> None:
    show(page, "?inside=tanh-10")
    page.evaluate(DRAWINGS)
    page.get_by_role("region", name="Inside a model").scroll_into_view_if_needed()
    page.wait_for_function("() => window.drawings.size > 0")
    page.wait_for_timeout(3 * REST_MS)
    assert set(page.evaluate(COUNTS)) == {1}
