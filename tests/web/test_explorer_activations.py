"""The explorer draws networks of every activation that can be trained with: by its own formulas where it has them, else
by asking the service, and never with another function.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from bundle.card import History
from harness.bundles import copy
from tests.conftest import MODELS, Server, running
from tests.web.conftest import Journal, OpenPage
from tests.web.explorer import TOLERANCE, Api, csv_fields, evaluated, figure, panel, settle, show, value
from training import pipeline, selection
from training.experiment import read
from training.fit.train import Trajectory

NOT_TRAINABLE = {"glu", "threshold"}
"""One halves a layer, the other needs arguments."""

OF_WHOLE_LAYERS = {"log_softmax", "softmax", "sparsemax"}
"""Each value follows from all units of a layer: the page does not compute these."""

NAMES = sorted(set(keras.src.activations.ALL_OBJECTS_DICT) - NOT_TRAINABLE)

EXPORTED = NAMES if "EVERY_ACTIVATION" in os.environ else ["softmax"]
"""Each takes seconds to export. What the page computes is held against Keras for every one of NAMES."""

LAYERS = {name: [name] if name == "exponential" else [name] * 3 for name in EXPORTED} | {
    "mixed": ["exponential", "elu", "gelu", "leaky_relu", "silu", "selu", "softplus", "hard_tanh"]
}
"""Each layer's activation, by model; exp(exp(exp(z))) is infinite in float32, and such a network is not exported."""

EPOCHS = 3

EXPERIMENT = f"""
name = "activations"
seed = 1
replicates = 2
variance_runs = 0
dataset = {{ generator = "gaussian_quantiles", n_samples = 100, n_features = 2, n_classes = 2, cov = 0.1,
            random_state = 3, domain = [-1.5, 1.5], test_fraction = 0.3, validation_fraction = 0.2 }}
protocol = {{ learning_rate = 0.05, batch_size = 16 }}
models = [{
    ", ".join(
        f'{{ name = "{name}", hidden_layers = {[4] * len(layers)}, activation = {layers}, epochs = {EPOCHS} }}'
        for name, layers in LAYERS.items()
    )
}]
""".replace(",\n            ", ", ")


def wander(*given: Any) -> Trajectory:
    """Stand in for a training, which takes seconds to compile: from epoch to epoch the weights change at random."""
    _, initial, *_, recorded = given
    rng = np.random.default_rng(7)
    steps = [rng.normal(0, 0.1, (len(stack), len(recorded), *stack.shape[1:])) for stack in initial]
    weights = [stack[:, None] + step.cumsum(axis=1) for stack, step in zip(initial, steps, strict=True)]
    history = History(*(np.linspace(0.5, 0.6, EPOCHS).tolist() for _ in range(4)))
    return Trajectory([stack.astype(np.float32) for stack in weights], [history] * 2, 0.1, epochs=list(recorded))


@pytest.fixture(scope="module")
def activations(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service of small networks of other activations than the usual ones, and of the default models."""
    directory = tmp_path_factory.mktemp("activations")
    (directory / "experiment.toml").write_text(EXPERIMENT)
    models = copy(models_dir, directory / "models", *MODELS, "_experiments")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(selection, "train", wander)
        pipeline.run(read(directory / "experiment.toml"), models, lambda *_: None)
    environment = {"SERVICE_MODELS_DIR": str(models), "SERVICE_DEFAULT_MODEL": "mixed", "WEB_CONCURRENCY": "1"}
    with running(directory, **environment) as started:
        started.wait_until_ready()
        yield started


UNKNOWN = ["constructor", "toString", "a-name-of-tomorrow"]

SUMS = np.linspace(-12, 12, 4801)


@pytest.fixture(scope="module")
def computed(browser: Browser, server: Server) -> dict[str, list[float] | None]:
    """What the page computes of SUMS by the name of the activation; None where it has no formula."""
    script = """
        const { activationOf } = await import("/explorer/activations.js");
        const [names, sums] = given;
        const computed = (name) => activationOf(name) ? sums.map(activationOf(name)) : null;
        return Object.fromEntries(names.map((name) => [name, computed(name)]));
    """
    with closing(browser.new_page(base_url=server.url)) as page:
        page.goto("/health/live")
        functions: dict[str, list[float] | None] = evaluated(page, script, [*NAMES, *UNKNOWN], SUMS.tolist())
    return functions


@pytest.mark.parametrize("name", NAMES)
def test_the_page_computes_an_activation_as_keras_does_or_not_at_all(
    computed: dict[str, list[float] | None], name: str
) -> None:
    values = computed[name]
    assert (values is None) == (name in OF_WHOLE_LAYERS)
    if values is not None:
        right = np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(SUMS, "float64")))
        np.testing.assert_allclose(values, right, rtol=3e-7, atol=5e-7)


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_page_does_not_take_another_name_for_an_activation(
    computed: dict[str, list[float] | None], name: str
) -> None:
    assert computed[name] is None


@pytest.mark.parametrize(("run", "epoch"), [(0, EPOCHS), (1, 0)])
def test_every_map_is_the_services(
    activations: Server, open_page: OpenPage, journal: Journal, run: int, epoch: int
) -> None:
    page, api = open_page(activations), Api(activations)
    show(page, f"?run={run}&epoch={epoch}")
    fields = csv_fields(page)
    assert set(fields) == set(LAYERS)
    for model, field in fields.items():
        right = api.boundary(model, epoch, replicate=run)
        np.testing.assert_allclose(field, right, rtol=0, atol=TOLERANCE, err_msg=model)
    asked = {model for model in LAYERS if any(f"/boundary?model={model}&" in url for url in journal.requests)}
    assert asked == OF_WHOLE_LAYERS & set(LAYERS)


def test_a_network_that_the_page_cannot_evaluate_is_shown_as_far_as_the_service_tells(
    activations: Server, open_page: OpenPage
) -> None:
    page, api = open_page(activations), Api(activations)
    show(page, "?run=1&epoch=0&inside=softmax&x=0.5&y=-0.25")
    expect(figure(page, "softmax", "this run")).to_have_text("–")
    expect(panel(page, "mixed").get_by_role("img", name="mixed")).to_be_visible()
    page.locator("#inside").scroll_into_view_if_needed()
    settle(page)
    expect(page.locator("#inside button.unit")).to_have_count(4 + 4 + 4 + 1)
    expect(page.locator("#inside")).to_contain_text("This page cannot compute softmax")
    expect(page.locator("#inside .build-up")).to_contain_text("Its units cannot be switched here.")
    page.locator("#point").scroll_into_view_if_needed()
    settle(page)
    for model in LAYERS:
        trace = page.locator(f"#point article[data-model='{model}']")
        (right,) = api.signature("at", model, [[0.5, -0.25]], 1, 0)
        assert value(trace.get_by_role("heading")) == pytest.approx(right, abs=TOLERANCE)
        expect(trace.get_by_role("table")).to_have_count(0 if model in OF_WHOLE_LAYERS else 1)
    expect(page.locator("#point article[data-model=softmax]")).to_contain_text("This page cannot compute softmax")


SAMPLED = [*MODELS, *sorted(set(LAYERS) - OF_WHOLE_LAYERS)]
PLACES, SIDE = 30, 3
"""For each model so many squares somewhere on its map, each of one run and epoch and with SIDE · SIDE points."""

COMPUTED = """async (places) => {
    const { load } = await import("/explorer/catalogue.js");
    const { grid, linspace, Scratch } = await import("/explorer/network.js");
    const { Service } = await import("/explorer/service.js");
    const service = new Service(() => {}, () => {});
    const experiments = ["activations", "gaussian-quantiles"];
    const catalogues = await Promise.all(experiments.map((name) => load(service, null, name, null)));
    const models = new Map(catalogues.flatMap(({ models }) => models.map((model) => [model.name, model])));
    const computed = [];
    for (const { model: name, replicate, epoch, resolution, x_min, x_max, y_min, y_max } of places) {
        const model = models.get(name);
        await model.loadNetwork(service, replicate);
        const columns = grid(linspace(x_min, x_max, resolution), linspace(y_min, y_max, resolution));
        const [p] = model.network(replicate).outputs(model.snapshot(epoch), columns, new Scratch());
        computed.push(Array.from(p));
    }
    return computed;
}"""
"""What the page's own modules make of points, as its maps do."""


def test_every_model_is_computed_as_the_service_does_at_any_run_epoch_and_point(
    activations: Server, open_page: OpenPage
) -> None:
    api, rng = Api(activations), np.random.default_rng(21)
    places = []
    for model in SAMPLED:
        card = api.card(model)
        runs, epochs = rng.permutation(card["replicates"]), rng.permutation(card["epochs"])
        for i in range(PLACES):  # every run, and half of the epochs of each model at least
            place = {"model": model, "replicate": int(runs[i % len(runs)]), "epoch": int(epochs[i % len(epochs)])}
            (x_min, x_max), (y_min, y_max) = np.sort(rng.uniform(-1.5, 1.5, (2, 2))).tolist()
            ends = {"x_min": x_min, "x_max": x_max, "y_min": y_min, "y_max": y_max}
            places.append({**place, "resolution": SIDE, **ends})
    page = open_page(activations)
    page.goto("/models")  # of the same origin, at its root, and without a script of its own
    computed = np.array(page.evaluate(COMPUTED, places))
    right = np.array([api.boundary(**place).ravel() for place in places])
    assert computed.size >= 2000
    apart = np.abs(computed - right).max(axis=1)
    assert apart.max() < TOLERANCE, places[int(apart.argmax())]
