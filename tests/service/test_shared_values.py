"""A worker counts on where /dev/shm is full, or memory, and its counts are shared once there is room."""

import errno
import mmap
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from service.shared_values import INITIAL_BYTES, AllocatedDict
from tests.conftest import ROOT

MOUNT = 'mount -t tmpfs -o size=1m tmpfs "$PROMETHEUS_MULTIPROC_DIR" && exec "$0" -c "$1"'
IN_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")

COUNT = """
import os
from contextlib import suppress
from pathlib import Path
from prometheus_client import Counter
from service import observability

directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
counter = Counter("counted", "By a worker", ["name"])

def shared(name):
    return f'counted_total{{name="{name}"}} 2.0' in observability.render_metrics().decode()

early = counter.labels("early")
early.inc()
with suppress(OSError), (directory / "filler").open("wb", 0) as filler:
    while True:
        filler.write(bytes(4096))
late = [counter.labels("x" * 200 + str(n)) for n in range(1000)]  # far more than has room
for series in [early, *late]:
    series.inc()
for series in late:
    series.inc()
print(shared("early"), shared("x" * 200 + "999"))
(directory / "filler").unlink()
for series in late:
    series.inc(0)
print(shared("early"), shared("x" * 200 + "999"))
"""


def test_what_finds_no_room_is_counted_and_shared_later(tmp_path: Path) -> None:
    if subprocess.run([*IN_A_NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a small /dev/shm takes a namespace of one's own, which this system does not allow")
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    command = [*IN_A_NAMESPACE, MOUNT, sys.executable, COUNT]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.split("\n")[:2]) == (0, ["True False", "True True"]), found.stderr


@pytest.mark.parametrize("shortage", [OSError(errno.ENOMEM, "Cannot allocate memory"), MemoryError()])
def test_a_worker_that_begins_without_memory_counts_on_where_the_last_one_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shortage: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise shortage

    file = tmp_path / "counter_1.db"
    with closing(AllocatedDict(str(file))) as last:
        for n in range(4000):
            last.write_value(f"series {n}", n, 0)
    assert file.stat().st_size > INITIAL_BYTES
    with monkeypatch.context() as short:
        short.setattr(mmap, "mmap", fail)
        following = AllocatedDict(str(file))
        following.write_value("new", 1, 0)
        assert following.read_value("new") == (0, 0)
    with closing(following):
        following.write_value("new", 2, 0)
        assert (following.read_value("series 3999"), following.read_value("new")) == ((3999, 0), (2, 0))
