"""What a cell is called, from its levels: `width10-depth2-tanh`."""

import re
from collections.abc import Mapping

from bundle.study import Level

SAY_THEMSELVES = frozenset({"activation", "generator", "path", "optimizer", "kernel_initializer", "hidden_layers"})
"""Factors whose levels are known by sight, so that they stand without the factor's name."""

MAX_NAME_CHARS = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def name_of(levels: Mapping[str, Level], digest: str) -> str:
    """Return a name that no other cell of the study has, and that a model may have."""
    parts = (_part(factor, level) for factor, level in levels.items() if level is not None)
    said = "-".join(parts) or "cell"
    name = _NOT_IN_NAMES.sub("_", said).lstrip("._-")
    return name if name == said and len(name) <= MAX_NAME_CHARS else shortened(name, digest)


def shortened(name: str, digest: str) -> str:
    """Return a name cut off to its 64 characters, told from others by the digest of what it is of."""
    return f"{name[: MAX_NAME_CHARS - 9]}-{digest[:8]}" if name else f"cell-{digest[:8]}"


def _part(factor: str, level: Level) -> str:
    text = repr(level) if isinstance(level, float) else str(level).replace(" or ", "_or_")
    return text if factor in SAY_THEMSELVES else f"{factor}{text}"
