"""The folder of a site: put in its place whole or not at all, and never over files that are somebody else's."""

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import orjson

from bundle import layout
from bundle.wording import listed

MARKER = "site.json"
"""The file that lists the folder's files, by which a site is known."""


class OccupiedError(Exception):
    """There is something at the place of the site that is none, or holds more."""


def check(out: Path) -> None:
    """Refuse a place where something else is.

    Raises:
        OccupiedError: it is a file, or a folder with files that no site has.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise OccupiedError(f"{out} is a file; give a folder that is new, empty or a site")
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir() or path.is_symlink()}
    others = sorted(there - _own(out))
    if others:
        raise OccupiedError(
            f"{out} holds what is no part of a site: {listed(others, 3)}; give a folder that is new, empty "
            "or a site, and copy it from there"
        )


def _own(out: Path) -> set[str]:
    """Return the files that a site there says it has."""
    try:
        document = orjson.loads((out / MARKER).read_bytes())
        return {MARKER, *map(str, document["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def write(out: Path, files: Mapping[str, bytes], facts: Mapping[str, object]) -> None:
    """Write a site's files, in place of the site that is there.

    Raises:
        OccupiedError: see `check`.
        OSError: they cannot be written; what was there is there still.
    """
    out = out.resolve()  # a link stays one
    marker = orjson.dumps({**facts, "files": sorted(files)}, option=orjson.OPT_INDENT_2)
    with layout.staging(out.parent) as staged:
        site, before = staged / "site", staged / "before"
        for name, content in {**files, MARKER: marker}.items():
            path = site / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        check(out)
        if out.exists():
            out.rename(before)
        try:
            layout.publish(site, out)
        except BaseException:  # whatever it is, what was there comes back
            if before.exists():
                shutil.rmtree(out, ignore_errors=True)
                before.rename(out)
            raise
