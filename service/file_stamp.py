"""What tells a file from the one that was there before, without reading it."""

import os

FileStamp = tuple[int, int, int]
"""Inode, size, and modification time in nanoseconds."""


def stamp_of(status: os.stat_result) -> FileStamp:
    """Return the stamp of a file with this status."""
    return status.st_ino, status.st_size, status.st_mtime_ns
