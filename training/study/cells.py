"""A cell of a study: one architecture, recipe and data set, all that determines its numbers but the replicate."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from bundle.study import Level
from training.dataset_spec import DatasetSpec, TableSpec, generator_of, located
from training.experiment import Experiment, ModelSpec, experiment_of
from training.protocol_spec import ProtocolSpec

FORMAT = 1
"""Of a cell's content. It grows when what is measured, or a default, comes to mean something else: then all rows are
made anew. A key that is new, with a default that changes nothing, leaves the digests as they are."""

Exact = Literal["last", "all", "none"]


@dataclass(frozen=True)
class Keep:
    """What is kept of a cell.

    Rows at these epochs, a map of so many points a side (0: none), and at which of the epochs exact accuracy is
    measured.
    """

    epochs: tuple[int, ...]
    map: int = 40
    exact: Exact = "last"


@dataclass(frozen=True)
class Cell:
    """`content` is canonical JSON of everything that determines the rows; the digest is of nothing else.

    It travels to workers as it is. Replicate r draws, splits, starts and shuffles as replicate r of any experiment with
    this seed does, whatever the study, the machine and the number of replicates; so cells with the same data compare
    run by run. A table is in the content by the SHA-256 of its file; `table` says where it lies on this machine.
    """

    digest: str
    name: str
    factors: dict[str, Level]
    content: str
    table: str | None = None

    @cached_property
    def experiment(self) -> Experiment:
        """What is trained: one model. How many replicates there are is for others to say; here it is one.

        Raises:
            ValueError: the table is not the one that the cell is of.
            OSError: it cannot be read.
        """
        parsed = self._parsed
        dataset = {key: value for key, value in parsed["dataset"].items() if key != "sha256"}
        if self.table is not None:
            _check_table(self.table, self.table_sha256)
            dataset["path"] = self.table
        model = {"name": self.name, **parsed["model"]}
        experiment = experiment_of(
            {
                "name": self.name,
                "seed": parsed["seed"],
                "replicates": 1,
                "dataset": dataset,
                "protocol": parsed["protocol"],
                "models": [model],
            }
        )
        return replace(experiment, dataset=located(experiment.dataset, Path()))

    @cached_property
    def keep(self) -> Keep:
        """What is recorded of it."""
        kept = self._parsed["keep"]
        return Keep(tuple(kept["epochs"]), kept["map"], kept["exact"])

    @property
    def epochs(self) -> tuple[int, ...]:
        """Return the epochs that are recorded, ascending from 0 to the last."""
        return self.keep.epochs

    @property
    def hidden_layers(self) -> list[int]:
        layers: list[int] = self._parsed["model"]["hidden_layers"]
        return layers

    @property
    def table_sha256(self) -> str:
        """Return what its table's file must have, where it has one."""
        sha256: str = self._parsed["dataset"]["sha256"]
        return sha256

    @cached_property
    def _parsed(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.content)
        return parsed

    def with_table(self, content: bytes, directory: Path) -> "Cell":
        """Return the cell with its table written to a directory: how it comes to a machine that does not have it."""
        path = directory / hashlib.sha256(content).hexdigest()
        if not path.is_file():
            staged = path.with_suffix(f".{id(content)}")
            staged.write_bytes(content)
            staged.replace(path)
        return replace(self, table=str(path))


def _check_table(path: str, sha256: str) -> None:
    if table_digest(Path(path)) != sha256:
        raise ValueError(f"{path}: is not the table that the study was read with; start the study again")


def table_digest(path: Path) -> str:
    """Return the SHA-256 of a table's file. Raises OSError where it cannot be read."""
    status = path.stat()
    return _digest_of_file(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest_of_file(path: str, *_: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_cell(
    name: str, factors: dict[str, Level], seed: int, dataset: DatasetSpec, model: ModelSpec, keep: Keep
) -> Cell:
    """Return a cell of these parts; the model's own name is no part of it.

    Raises:
        OSError: the table cannot be read.
    """
    content = content_of(seed, dataset_content(dataset), recipe_content(model), keep)
    table = str(dataset.path) if isinstance(dataset, TableSpec) else None
    return Cell(digest_of(content), name, factors, content, table)


def content_of(seed: int, dataset: str, recipe: str, keep: Keep) -> str:
    """Return a cell's content from that of its data set and of its recipe."""
    return f'{{"dataset":{dataset},"format":{FORMAT},"keep":{_kept(keep)},{recipe},"seed":{seed}}}'


@lru_cache
def _kept(keep: Keep) -> str:
    return _canonical(asdict(keep))


def digest_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def dataset_content(spec: DatasetSpec) -> str:
    """Return what determines a data set. Raises OSError where its table cannot be read."""
    said: dict[str, Any] = {"generator": generator_of(spec), **_beside_defaults(spec)}
    if isinstance(spec, TableSpec):
        del said["path"]
        said["sha256"] = table_digest(spec.path)
    return _canonical(said)


def recipe_content(model: ModelSpec) -> str:
    """Return what determines a network and its training, as two entries of a cell's content."""
    protocol = model.protocol
    if not model.hidden_layers:  # these are of hidden layers
        protocol = replace(protocol, dropout=0.0, batch_normalization=False)
    recipe = _beside_defaults(protocol)
    rates = recipe.pop("learning_rates", None)
    own: dict[str, Any] = {"epochs": model.stops or model.epochs, "hidden_layers": model.hidden_layers}
    if model.hidden_layers:
        own["activation"] = model.activation or model.mixed_activations
    return f'"model":{_canonical(own)},"protocol":{_canonical(recipe | ({"learning_rate": rates} if rates else {}))}'


def _beside_defaults(record: DatasetSpec | ProtocolSpec) -> dict[str, Any]:
    """Return the fields that are not what they are by default: what is added later changes no older digest."""
    plain = type(record)(path=Path()) if isinstance(record, TableSpec) else type(record)()
    known = {field.name: getattr(record, field.name) for field in fields(record)}
    said = {name: value for name, value in known.items() if value != getattr(plain, name)}
    return {name: value if _is_plain(value) else asdict(value) for name, value in said.items()}


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | tuple | Mapping | Path)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
