"""What the tests of the explorer share: the page's controls and maps by their names, and the service's numbers."""

import base64
import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from harness.server import HttpServer

NODES = 81
PATIENCE_MS = 60_000
TOLERANCE = 1e-5
"""The page computes in float64, the service in float32: 3.7e-6 apart is what was seen over all runs of the default
models."""

Array = NDArray[np.float64]


TURN = """(address) => {
    history.pushState(null, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
    document.activeElement.blur();
    scrollTo(0, 0);
}"""


def show(page: Page, query: str = "") -> None:
    """Show the explorer, and wait until what was asked for is there. Where it is open already, it turns to this address
    as at the browser's Back.
    """
    page.set_default_timeout(PATIENCE_MS)
    if urlsplit(page.url).path == "/" and "experiment=" not in page.url + query:
        page.mouse.move(0, 0)
        page.evaluate(TURN, "/" + query)
    else:
        page.goto("/" + query)
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)


SEEN = """() => new Promise((done) => {
    new IntersectionObserver((_, own) => {
        own.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(done));
    }).observe(document.documentElement);
})"""
"""Wait until the page knows what is in sight, as its own observers are told before this one, and has drawn that."""


def settle(page: Page) -> None:
    """Wait until what was asked for is drawn: a change is drawn in the next frame, or once what it needs is loaded."""
    page.evaluate(SEEN)
    page.wait_for_function("() => !document.getElementById('panels').hasAttribute('aria-busy')")


def choose(page: Page, label: str, option: str) -> None:
    """Choose from one of the controls by what stands on the page."""
    control(page, label).select_option(label=option)
    settle(page)


def control(page: Page, label: str) -> Locator:
    return page.get_by_role("form", name="What is shown").get_by_role("combobox", name=label, exact=True)


def seek(page: Page, epoch: int) -> None:
    """Move the slider to a recorded epoch."""
    slider = page.get_by_role("slider", name="Epoch")
    slider.fill(str(recorded_epochs(page).index(epoch)))
    settle(page)


def recorded_epochs(page: Page) -> list[int]:
    """Return what the slider goes through: the epochs that any model recorded."""
    script = """async () => {
        const { Service } = await import('/explorer/service.js');
        const service = new Service(() => {}, () => {});
        const { models } = await service.json('/models');
        const paths = models.map(({ name, versions: [{ version }] }) => `/models/${name}/versions/${version}`);
        const all = await Promise.all(paths.map((path) => service.json(`${path}?history=false`)));
        return all.flatMap(({ card }) => card?.epochs ?? []);
    }"""
    return sorted(set(page.evaluate(script)))


def panel(page: Page, model: str) -> Locator:
    """A model's panel: its heading starts with the name."""
    return page.locator(f"article#model-{model}")


def said(pair: dict[str, Any]) -> str:
    """Return a pair's verdict as the page begins it: the service's begin with a model's name, or with `it`."""
    return re.sub("^it ", "It ", pair["words"])


def figure(page: Page, model: str, term: str) -> Locator:
    """What stands under a term in a panel, as `this run`."""
    return (
        panel(page, model).locator("dl > div").filter(has=page.get_by_text(term, exact=True)).get_by_role("definition")
    )


def value(element: Locator) -> float:
    """Return the number that an element shows, unrounded, having checked that what is read is the same rounded."""
    data = element.locator("data").first
    exact, text = float(data.get_attribute("value") or "nan"), data.inner_text().replace("−", "-")
    short = re.fullmatch(r"(1 - )?(\d\.\d) × 10(\S+)", text)
    if short is None:
        digits = len(text.partition(".")[2])
        assert abs(exact - float(text)) <= 0.5000001 * 10**-digits, (exact, text)
    else:
        far = float(short[2]) * 10.0 ** int(short[3].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
        assert (1 - exact if short[1] else exact) == pytest.approx(far, rel=0.06), (exact, text)
    return exact


def numbers(element: Locator) -> list[float]:
    """Return all the unrounded numbers in an element."""
    return [float(text) for text in element.locator("data").evaluate_all("(all) => all.map((one) => one.value)")]


def downloaded(page: Page, button: str) -> tuple[str, bytes]:
    """Press a button and return the name of the file and what is in it."""
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def csv_fields(page: Page, x: str = "x1", y: str = "x2") -> dict[str, Array]:
    """Return the maps that are shown, [y, x] each, by model, as the page gives them away over these features."""
    name, content = downloaded(page, "Numbers (CSV)")
    assert name == "boundaries.csv"
    (head,) = csv.reader([content.decode().partition("\n")[0]])
    first, second, *names = head
    assert [first, second] == [x, y]
    columns = np.loadtxt(io.BytesIO(content), delimiter=",", skiprows=1).T
    return {model: column.reshape(NODES, NODES) for model, column in zip(names, columns[2:], strict=True)}


def pixels(canvas: Locator) -> NDArray[np.int64]:
    """Return a canvas's colours, [rows from below, columns, RGBA]."""
    if canvas.evaluate("(c) => c.width * c.height") == 0:
        return np.zeros((0, 0, 4), np.int64)
    content = canvas.evaluate("(c) => c.toDataURL('image/png')").partition(",")[2]
    picture = matplotlib.image.imread(io.BytesIO(base64.b64decode(content)), format="png")
    colours: NDArray[np.int64] = np.rint(255 * picture).astype(np.int64)[::-1]
    return colours


def warmth(canvas: Locator) -> NDArray[np.int64]:
    """Return how much warmer than blue each node of a map is."""
    colours = pixels(canvas)
    return colours[..., 0] - colours[..., 2]


def colours_of(article: Locator) -> Locator:
    return article.locator("canvas.colours")


class Api:
    """The service's numbers, asked for by whoever does not evaluate networks."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.get = cache(self._get)

    def _get(self, path: str) -> Any:
        answer = self.server.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def card(self, model: str) -> Any:
        return self.get(f"/models/{model}")["card"]

    def recorded(self, model: str, epoch: int) -> int:
        """Return the last epoch that is recorded of a model up to one."""
        return int(max(one for one in self.card(model)["epochs"] if one <= epoch))

    def boundary(self, model: str, epoch: int, **query: object) -> Array:
        asked = {"model": model, "epoch": self.recorded(model, epoch), "resolution": NODES, **query}
        answer = self.get("/boundary?" + "&".join(f"{name}={text}" for name, text in asked.items()))
        return np.array(answer.get("probabilities") or answer["values"])

    def test_points(self) -> tuple[list[list[float]], list[int]]:
        dataset = self.get("/dataset")
        chosen = [i for i, split in enumerate(dataset["split"]) if split == "test"]
        return [dataset["points"][i] for i in chosen], [dataset["labels"][i] for i in chosen]

    def predict(self, model: str, points: list[list[float]]) -> Any:
        answer = self.server.predict(model=model, points=points)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def signature(self, name: str, model: str, points: list[list[float]], run: int, epoch: int) -> Any:
        """Ask for `at` or `activations` as TensorFlow Serving is asked."""
        snapshot = self.card(model)["epochs"].index(self.recorded(model, epoch))
        inputs = {"points": points, "replicate": run, "snapshot": snapshot}
        answer = self.server.post(f"/v1/models/{model}:predict", json={"signature_name": name, "inputs": inputs})
        assert answer.status_code == 200, answer.text
        return answer.json()["outputs"]

    def weights(self, model: str, run: int, epoch: int) -> list[tuple[Array, Array]]:
        """Return the layers' kernels and biases."""
        path = f"/models/{model}/versions/1/weights?replicate={run}&epoch={self.recorded(model, epoch)}"
        return [(np.array(layer["kernel"][0]), np.array(layer["bias"][0])) for layer in self.get(path)["layers"]]

    def comparison(self, model: str) -> Any:
        return next(row for row in self.get("/comparison")["models"] if row["model"] == model)


def evaluated(page: Page, function: str, *arguments: object) -> Any:
    """Call a function of the page's own evaluation of networks: `function` is JavaScript over `network`."""
    script = f"async ([...given]) => {{ const network = await import('/explorer/network.js'); {function} }}"
    return page.evaluate(script, json.loads(json.dumps(arguments)))
