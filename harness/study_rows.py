"""A study as its command leaves it, with rows that are made up: three widths, a linear model, two activations."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bundle import layout
from bundle.study import Claim, Failure, Level, Study, StudyCell
from bundle.study_rows import BoundaryMap, Column, UnitRows
from bundle.study_store import Store

EPOCHS = (0, 1, 10)
ODD = 'relu, "a|b": é'
"""A level with all that separates levels in a query and in CSV."""


def cells() -> list[StudyCell]:
    combinations: list[dict[str, Level]] = [{"width": None, "activation": None, "depth": 0}]
    combinations += [
        {"width": width, "activation": activation, "depth": depth}
        for width in (3, 10)
        for activation in ("tanh", ODD)
        for depth in (1, 2)
    ]
    return [
        StudyCell(f"{i:016x}", f"cell-{i}", dict(factors), [int(factors["width"] or 0)] * int(factors["depth"] or 0))
        for i, factors in enumerate(combinations)
    ]


def unit(cell: StudyCell, first: int, last: int, nodes: int = 8) -> UnitRows:
    """Return rows of some replicates: the accuracy at the last epoch is 0.5 + width / 100 + replicate / 1000."""
    replicate = np.repeat(np.arange(first, last + 1), len(EPOCHS))
    epoch = np.tile(EPOCHS, last - first + 1)
    count = len(epoch)
    levels = {name: level for name, level in cell.factors.items() if level is not None}
    depth = len(cell.hidden_layers)
    columns: dict[str, Column] = {
        "cell": [cell.digest] * count,
        **{name: [x] * count if isinstance(x, str) else np.full(count, x) for name, x in levels.items()},
        "replicate": replicate,
        "epoch": epoch,
        "loss": 1.0 / (1 + epoch),
        "test_accuracy": 0.5 + (cell.factors["width"] or 0) / 100 * (epoch / 10) + replicate / 1000,
        "exact_accuracy": np.full(count, np.nan),
        **{f"gradient_norm_{layer}": 10.0**-layer + replicate / 1e6 for layer in range(1, depth + 2)},
    }
    values = np.zeros((1, nodes, nodes), np.uint8)
    values[:, nodes // 2 :] = 255
    boundary = BoundaryMap(("x1", "x2"), ((-1.0, 1.0), (-2.0, 2.0)), (0.0, 1.0), values, values) if nodes else None
    return UnitRows(cell.digest, first, last, columns, boundary, 0.5, {"numpy": np.__version__})


def save(models_dir: Path, name: str = "widths", finished: int = 9, replicates: int = 4) -> Store:
    """Write a study of which so many cells are finished, each in two files; the last one has a failure besides."""
    store = Store(layout.study_dir(models_dir, name))
    every = cells()
    store.save(
        Study(
            name=name,
            title="Widths",
            text="How *wide*?",
            replicates=replicates,
            factors=["width", "depth", "activation"],
            metric="test_accuracy",
            axes=["width", "depth"],
            cells=every,
            claims=[
                Claim(
                    "Ten units are right six times in ten.",
                    "test_accuracy",
                    "within",
                    where={"width": 10},
                    low=0.55,
                    high=0.65,
                )
            ],
            task="binary",
            started_at=datetime(2026, 11, 27, tzinfo=UTC),
        )
    )
    for cell in every[:finished]:
        store.write(unit(cell, 0, 1))
        store.write(unit(cell, 2, replicates - 1))
    store.fail(Failure(every[-1].digest, 0, replicates - 1, "MemoryError: too large"))
    return store
