"""`python -m training new`: an experiment to start from, with every key, what it means and its default.

What it writes for a table can be trained as it stands: columns that cannot be used are left out, with the reason.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from training import table_data
from training.dataset_spec import SCHEMAS, DrawnSpec, TableSpec
from training.recognition import Recognized, recognize
from training.table_data import TableData
from training.tables import Table

LABEL_NAMES = ("label", "target", "class", "y")

SAMPLE_VISITS = 2_500_000
"""About so many rows are visited by a run: 500 epochs of 5,000. Larger tables get fewer epochs."""

MAX_LISTED_COLUMNS = 200

KEYS = {
    "n_samples": "points of each replicate, before they are split",
    "n_features": "dimensions",
    "n_classes": "classes, in equal parts",
    "cov": "variance along each dimension",
    "noise": "standard deviation of what moves each point",
    "factor": "radius of the inner circle, of the outer one's",
    "turns": "how often an arm winds about the origin",
    "random_state": "of replicate 0; the others draw their own",
    "stratify": "whether each split has the classes in equal parts",
    "scale": "whether features are standardized, inside the model: clients send raw units",
    "test_fraction": "what is held out to measure the models",
    "validation_fraction": "of what is left: watched during training, never learned from",
}

PROTOCOL = """
# Instead of one learning_rate, or one number of epochs, there may be a list, such as [0.001, 0.01]: each run then takes
# what gives it the least loss on its validation data.
[protocol]               # of all models; [models.protocol] below a model changes it for that one
{epochs}
activation = "tanh"      # of the hidden layers; a list has one a layer
optimizer = "adam"       # by Keras' name
learning_rate = 0.001
batch_size = 32
l1 = 0.0                 # penalties on the weights
l2 = 0.0
dropout = 0.0            # share of the hidden units that are left out of each step
batch_normalization = false
kernel_initializer = "glorot_uniform"
bias_initializer = "zeros"
# loss = "{loss}"  # the default for this task
# class_weight = "balanced"           # rare classes weigh as much as frequent ones; or a table of weights by class
# early_stopping = {{ patience = 20 }}  # ends where the validation loss falls no more; by default no run is ended
# optimizer_options = {{ beta_1 = 0.9 }}
# learning_rate_schedule = {{ class_name = "CosineDecay", config = {{ decay_steps = 10000 }} }}

[[models]]
name = "{name}-linear"  # 1 to 64 letters, digits, ".", "_" and "-"
hidden_layers = []       # units of each

[[models]]
name = "{name}-10"
hidden_layers = [10]

[[models]]
name = "{name}-10-10"
hidden_layers = [10, 10]
"""

LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}


@dataclass(frozen=True)
class Draft:
    """An experiment's file before it is written, and what there is to say of it."""

    name: str
    text: str
    said: list[str]


def of_gallery(generator: str) -> Draft:
    """Return an experiment on a data set that is drawn."""
    spec: DrawnSpec = SCHEMAS[generator].record()
    lines = [f'generator = "{generator}"']
    own = {field.name: getattr(spec, field.name) for field in fields(spec) if field.name in KEYS}
    lines += [_line(key, json.dumps(own[key]), meaning) for key, meaning in KEYS.items() if key in own]
    lines.append(_domain())
    name = generator.replace("_", "-")
    task = "binary" if own.get("n_classes", 2) == 2 else "multiclass"
    return Draft(name, _text(name, lines, 500, task, f"new {generator}"), [f"{own['n_samples']} points a replicate"])


def of_table(path: Path, label: str | None, directory: Path) -> Draft:
    """Return an experiment on a table, for a file in a directory.

    Raises:
        ValueError: the table cannot be used; the message says where and what to do.
        OSError: it cannot be read.
    """
    table = table_data.read(path)
    chosen, why = _label(table, label)
    position = table_data.find(table, chosen)
    recognized = recognize(table, range(len(table.names)))
    reasons = [_reason(table, i, column) for i, column in enumerate(recognized) if i != position]
    columns = [column for i, column in enumerate(recognized) if i != position]
    kept = [column for column, reason in zip(columns, reasons, strict=True) if reason is None]
    described = [_described(column, reason) for column, reason in zip(columns, reasons, strict=True)]
    if not kept:
        raise ValueError(f"{path}: no column can be a feature:\n" + "\n".join(described))
    spec = TableSpec(
        path=path,
        label=chosen,
        features=tuple(column.name for column in kept),
        missing=_missing(kept, recognized[position]),
    )
    try:
        data = table_data.load(spec)
    except ValueError as error:
        hint = "" if label is not None else f"\n({chosen} was taken as the label: {why}; --label NAME names another)"
        raise ValueError(f"{error}{hint}") from error
    name = _name(path)
    lines = [
        'generator = "table"',
        _line("path", _quoted(Path(os.path.relpath(path, directory)).as_posix()), "from this file's folder"),
        _line("label", _quoted(chosen), "the column to predict"),
        *_target(data),
        *_features(spec, described, is_needed=any(reason not in {None, INDEX, EMPTY} for reason in reasons)),
        _line("missing", _quoted(spec.missing), MISSING[spec.missing]),
        *(_line(key, value, KEYS[key]) for key, value in (("scale", "true"), *FRACTIONS)),
        _domain(),
    ]
    epochs = min(500, max(10, SAMPLE_VISITS // len(data.points)))
    command = f"new {path.name}" + (f" --label {chosen}" if label is not None else "")
    features = "1 feature" if len(kept) == 1 else f"{len(kept)} features"
    said = [f"label {chosen} ({why}): {_task(data)}", f"{len(data.points)} rows, {features}", *data.notes]
    said += [
        f"left out {column.name or 'a column without a name'}: {reason}"
        for column, reason in zip(columns, reasons, strict=True)
        if reason not in {None, INDEX}
    ]
    return Draft(name, _text(name, lines, epochs, data.target.task, command), said)


FRACTIONS = (("test_fraction", "0.3"), ("validation_fraction", "0.2"))

MISSING = {
    "refuse": 'a missing value is an error; "drop" leaves such rows out, "median" puts the median there',
    "drop": 'rows with a missing value are left out; "median" puts the median there, the default is "refuse"',
    "median": 'the median, of text the most frequent one; "drop" leaves such rows out, the default is "refuse"',
}

INDEX = "numbers the rows"
EMPTY = "has no values"


def _label(table: Table, label: str | None) -> tuple[str, str]:
    if label is not None:
        return label, "as you said"
    for wanted in LABEL_NAMES:
        for name in table.names:
            if name.lower() == wanted:
                return name, "by its name"
    named = [name for name in table.names if name]
    if not named:
        raise ValueError(f"{table.path}: no column has a name; write a line of names above the others")
    return named[-1], "the last column"


def _reason(table: Table, position: int, column: Recognized) -> str | None:
    """Say why a column cannot be a feature; None if it can."""
    if column.kind == "empty":
        return EMPTY
    if table_data.is_index(table, position):
        return INDEX
    if not column.name:
        return "has no name: give it one in the first line"
    if (problem := table_data.problem_of(column)) is not None:
        return problem
    try:
        table_data.check_numbers(table, column, np.ones(len(table), bool))
    except ValueError as error:
        return str(error).partition(": ")[2]
    return None


def _described(column: Recognized, reason: str | None) -> str:
    name = _quoted(column.name) if column.name else "a column without a name"
    if reason is not None:
        return f"{name}: left out, {reason}"
    missing = f", {column.missing.sum()} missing" if column.missing.any() else ""
    if column.categories is not None:
        shown = ", ".join(map(_quoted, column.categories[:5])) + (", …" if len(column.categories) > 5 else "")
        return f"{name}: text, {len(column.categories)} different ({shown}){missing}"
    return f"{name}: numbers from {np.nanmin(column.values):g} to {np.nanmax(column.values):g}{missing}"


def _missing(features: Sequence[Recognized], label: Recognized) -> str:
    if any(column.missing.any() for column in features):
        return "median"
    return "drop" if label.kind != "refused" and label.missing.any() else "refuse"


def _target(data: TableData) -> Iterator[str]:
    wanted = data.target
    others = ", ".join(name for name in ("binary", "multiclass", "regression") if name != wanted.task)
    yield _line("task", _quoted(wanted.task), f"as the labels are; else {others}")
    if wanted.task == "binary":
        yield _line(
            "positive",
            _quoted(wanted.classes[1]),
            f"the class that is y = 1; the other is {_quoted(wanted.classes[0])}",
        )


def _task(data: TableData) -> str:
    classes = data.target.classes
    if not classes:
        return "regression"
    return f"{len(classes)} classes, {', '.join(classes[:10])}" + (", …" if len(classes) > 10 else "")


def _features(spec: TableSpec, described: Sequence[str], is_needed: bool) -> Iterator[str]:
    yield "# The other columns, as they were recognized:"
    yield from (f"#   {line}" for line in described[:MAX_LISTED_COLUMNS])
    if len(described) > MAX_LISTED_COLUMNS:
        yield f"#   … and {len(described) - MAX_LISTED_COLUMNS} more"
    listed = ", ".join(map(_quoted, spec.features or ()))
    yield "# features selects and orders them; by default they are all but the label, and but one that numbers the rows"
    yield f"{'' if is_needed else '# '}features = [{listed}]"


def _domain() -> str:
    return (
        "# domain = [-1.5, 1.5]    # over what features are drawn: all, or by { name = [low, high] } some of them; by\n"
        "#                         # default over the data's range and a tenth of it on either side"
    )


def _line(key: str, value: str, meaning: str) -> str:
    return f"{key} = {value}".ljust(25) + f" # {meaning}"


def _text(name: str, dataset: Sequence[str], epochs: int, task: str, command: str) -> str:
    head = [
        f"# Written by `python -m training {command}`.",
        "# A key that is left out has its default: the value here, unless another is named beside it.",
        f'name = "{name}"',
        _line("seed", "0", "everything random comes from it"),
        _line("replicates", "30", "training runs of each model: each has its own split, initial weights and batches"),
        _line("variance_runs", "0", "so many of them run once more for each source of luck, to say how much it makes"),
    ]
    default = "" if epochs == 500 else "  # fewer than the default, 500, for there are many rows"
    protocol = PROTOCOL.format(name=name, epochs=f"epochs = {epochs}{default}", loss=LOSSES[task])
    return "\n".join([*head, "", "[dataset]", *dataset]) + "\n" + protocol


def _quoted(text: str) -> str:
    """Return a TOML string: JSON's, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _name(path: Path) -> str:
    """Return a name for the experiment that models' names can begin with."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:50] or "table"


def write(subject: str, label: str | None, output: str | None) -> str:
    """Write an experiment for a data set of the gallery or a table; return what there is to say of it.

    Args:
        subject: a generator's name, or a table's path.
        label: the table's column to predict; None chooses one, see `LABEL_NAMES`.
        output: the file to write; None names it after the subject, "-" is the standard output.

    Raises:
        ValueError: there is no such data set, the table cannot be used, or the file exists already.
        OSError: a file cannot be read or written.
    """
    generator = subject.replace("-", "_").lower()
    known = [name for name in SCHEMAS if name != "table"]
    directory = Path() if output in {None, "-"} else Path(str(output)).parent
    if generator in known:
        if label is not None:
            raise ValueError(f"{subject} is drawn with labels of its own; --label is for tables")
        draft = of_gallery(generator)
    elif Path(subject).exists():
        draft = of_table(Path(subject), label, directory)
    else:
        raise ValueError(f"there is no file {subject}, and no data set of that name; those are {', '.join(known)}")
    if output == "-":
        print(draft.text, end="")
        return "\n".join(draft.said)
    target = Path(output or f"{draft.name}.toml")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(draft.text)
    except FileExistsError as error:
        raise ValueError(f"{target} exists already; -o FILE names another") from error
    return "\n".join([*draft.said, f"wrote {target}; train it: python -m training train {target}"])
