"""A worker keeps what a request has taken for the next one, and gives it back a moment later."""

import subprocess
import sys

SCRIPT = """
import mmap
from pathlib import Path
from threading import Thread

from service.heap import Heap, use_one_heap

def n_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

def take():
    blocks.extend(b"x" * 2**20 for _ in range(64))

if {ours}:
    use_one_heap()
blocks, heap = [], Heap()
heap.give_back()
thread = Thread(target=take)
thread.start()
thread.join()
full = n_bytes()
last = blocks.pop()
blocks.clear()
kept = n_bytes()
heap.give_back()
print(full - kept, kept - n_bytes())
"""
"""Prints how many bytes are given back as soon as blocks are freed, and how many a moment later.

These are 64 blocks of 1 MiB, all but the last, which stands at the end of the heap.
"""

MB = 2**20


def given_back(*, ours: bool) -> tuple[int, int]:
    command = [sys.executable, "-c", SCRIPT.format(ours=ours)]
    at_once, later = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    return int(at_once), int(later)


def test_what_was_freed_stays_until_it_is_given_back() -> None:
    at_once, later = given_back(ours=True)
    assert at_once < 4 * MB
    assert later > 60 * MB


def test_by_default_it_is_given_back_at_once() -> None:
    """This is what the test above would show without `use_one_heap`."""
    at_once, later = given_back(ours=False)
    assert at_once > 60 * MB
    assert later < 4 * MB
