"""Names in a message."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int) -> str:
    """Return names with commas between them, and of more than `most` how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
