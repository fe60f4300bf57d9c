"""Studies made by hand, for what a page shows of each field: their rows are drawn, nothing is trained."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Task
from bundle.study import Claim, Failure, Study, StudyCell
from bundle.study_rows import BoundaryMap, Column, UnitRows
from bundle.study_store import Store

RUNS = 6
EPOCHS = (0, 1, 5, 20, 100)
NODES = 24
DOMAIN = ((-1.5, 1.5), (-1.5, 1.5))

LONG_NAME = "a-study-of-" + "very-" * 8 + "long-names-42"
"""64 characters, as many as a name may have."""

ORIGIN = "made-by-hand"

CLAIMS = [
    Claim("More units improve accuracy.", "exact_accuracy", "more", {"depth": 1, "activation": "tanh"}, along="width"),
    Claim(
        "Without a hidden layer the boundary is a line.", "affine_share", "within", {"depth": 0}, low=0.999, high=1.0
    ),
    Claim(
        "At depth 2 relu and tanh are the same.",
        "test_accuracy",
        "same",
        {"depth": 2},
        better={"activation": "relu"},
        than={"activation": "tanh"},
        rope=0.001,
    ),
    Claim("Deep networks’ gradients vanish.", "gradient_norm_1", "less", {"width": 10}, along="depth", log=True),
]

TEXT = """What **more units** and layers do: see the [notebook](https://example.org/notebook).

## How it was made

- the rows are *drawn*, so `nothing` is trained
- <b>no HTML</b> is taken from here
"""


def save(
    models: Path,
    name: str,
    cells: list[StudyCell],
    *,
    missing: Iterable[str] = (),
    failing: Iterable[str] = (),
    replicates: int = RUNS,
    nodes: int | None = NODES,
    **changes: Any,
) -> Store:
    """Write a study of these cells below a models directory, some of them without rows."""
    task: Task = changes.get("task", "binary")
    factors = list(dict.fromkeys(factor for cell in cells for factor in cell.factors))
    asked: dict[str, Any] = {
        "title": "What more units and layers do",
        "text": TEXT,
        "metric": "mae" if task == "regression" else "exact_accuracy",
        "axes": factors[:2],
        "claims": [],
        "task": task,
        "started_at": datetime(2026, 11, 27, tzinfo=UTC),
        "recipe": "at rate 0.001 and 100 epochs",
        **changes,
    }
    store = Store(models / layout.STUDIES / name)
    store.save(Study(name=name, replicates=replicates, factors=factors, cells=cells, **asked))
    for i, cell in enumerate(cells):
        if cell.name in failing:
            store.fail(Failure(cell.digest, 0, replicates - 1, f"{ORIGIN}: the worker ran out of memory"))
        elif cell.name not in missing:
            store.write(unit(cell, task, replicates, np.random.default_rng(i), nodes))
    return store


def cell_of(
    number: int, name: str, factors: dict[str, Any], hidden: Sequence[int], model: str | None = None
) -> StudyCell:
    digest = sha256(f"{number} {name}".encode()).hexdigest()[:16]
    return StudyCell(digest, name, factors, list(hidden), model)


def depths_and_widths(samples: Sequence[int] = (100, 1000)) -> list[StudyCell]:
    """Return the cells of four factors; one of them is a model that is served."""
    found: list[tuple[str, dict[str, Any], list[int]]] = []
    for n in samples:
        found.append((f"linear-{n}", {"depth": 0, "width": None, "activation": None, "n_samples": n}, []))
        for activation, depth, width in product(("tanh", "relu"), (1, 2, 3), (3, 5, 10, 30)):
            levels = {"depth": depth, "width": width, "activation": activation, "n_samples": n}
            found.append((f"{activation}-{'-'.join([str(width)] * depth)}-{n}", levels, [width] * depth))
    return [
        cell_of(i, name, levels, hidden, "tanh-10-10" if name == f"tanh-10-10-{samples[-1]}" else None)
        for i, (name, levels, hidden) in enumerate(found)
    ]


def of_one_factor(levels: int = 40) -> list[StudyCell]:
    """Return cells of one factor, with levels in words, and long ones."""
    long = "a-generator-of-points-with-a-name-that-is-as-long-as-names-may-be"[:60]
    return [cell_of(i, f"{long}-{i}", {"generator": f"{long}-{i}"}, [3]) for i in range(levels)]


def table(columns: int, rows: int) -> list[StudyCell]:
    """Return the cells of two factors with so many levels each."""
    return [
        cell_of(i, f"rate-{x}-width-{y}", {"learning_rate": round(10 ** (-4 + 0.1 * x), 7), "width": y + 1}, [y + 1])
        for i, (y, x) in enumerate(product(range(rows), range(columns)))
    ]


def unit(
    cell: StudyCell,
    task: Task,
    replicates: int,
    rng: np.random.Generator,
    nodes: int | None,
    epochs: Sequence[int] = EPOCHS,
) -> UnitRows:
    """Draw the rows of a cell: better with more units, more points and more epochs."""
    units = sum(cell.hidden_layers)
    size = float(cell.factors.get("n_samples", 500) or 500)
    best = 1 - 0.3 / (1 + units) - 0.5 / size**0.5
    count = replicates * len(epochs)
    epoch = np.tile(np.array(epochs, np.int64), replicates)
    learned = 1 - np.exp(-epoch / 15.0)
    level = 0.5 + (best - 0.5) * learned
    luck = np.repeat(rng.normal(0, 0.01, replicates), len(epochs))

    def near(middle: NDArray[np.float64], low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
        return np.clip(middle + luck + rng.normal(0, 0.003, count), low, high)

    columns: dict[str, Column] = {
        "cell": [cell.digest] * count,
        "replicate": np.repeat(np.arange(replicates), len(epochs)),
        "epoch": epoch,
        "loss": near(1.05 - level, 0.001, 9),
        "test_loss": near(1.1 - level, 0.001, 9),
        "affine_share": near(np.full(count, 1.0 if units == 0 else 0.6)),
    }
    for name, levels in cell.factors.items():
        columns[name] = _column(levels, count)
    if task == "regression":
        columns |= {"mae": near(1.02 - level, 0.001, 9), "test_mae": near(1.05 - level, 0.001, 9)}
    else:
        columns |= {"accuracy": near(level), "test_accuracy": near(level - 0.01), "exact_accuracy": near(level - 0.005)}
    for layer in range(1, len(cell.hidden_layers) + 2):
        norms = 10.0 ** (-2.0 * (len(cell.hidden_layers) + 1 - layer) + rng.normal(0, 0.2, count)) * (1.1 - learned)
        columns[f"gradient_norm_{layer}"] = norms
        columns[f"weight_norm_{layer}"] = near(1.0 + learned, 0, 9)
    boundary = None if nodes is None else _boundary(cell, task, nodes)
    return UnitRows(cell.digest, 0, replicates - 1, columns, boundary, 1.0, {"numpy": np.__version__})


def _column(level: Any, count: int) -> Column:
    if level is None:
        return np.full(count, np.nan)
    return [level] * count if isinstance(level, str) else np.full(count, float(level))


def _boundary(cell: StudyCell, task: Task, nodes: int) -> BoundaryMap:
    """Draw a disc with as many corners as there are units; without units a line."""
    x, y = np.meshgrid(np.linspace(*DOMAIN[0], nodes), np.linspace(*DOMAIN[1], nodes))
    corners = sum(cell.hidden_layers)
    angle = np.arctan2(y, x)
    if corners == 0:
        logit = 2 * x + y
    else:
        corner = 2 * np.pi / max(3, corners)
        logit = 6 * (0.9 - np.hypot(x, y) * np.cos((angle % corner) - corner / 2))
    p = 1 / (1 + np.exp(-logit))
    if task == "multiclass":
        values = np.stack([p * (x > 0), p * (x <= 0), 1 - p])
        labels = np.stack([values.argmax(axis=0) == k for k in range(3)]) * 1.0
    else:
        values = p[None] if task == "binary" else ((logit - logit.min()) / np.ptp(logit))[None]
        labels = 1 / (1 + np.exp(-4 * logit))[None]
    scale = (-2.0, 3.0) if task == "regression" else (0.0, 1.0)
    return BoundaryMap(
        ("x1", "x2"),
        DOMAIN,
        scale,
        np.rint(255 * values).astype(np.uint8),
        None if task == "regression" else np.rint(255 * labels).astype(np.uint8),
    )
