"""What the kernel says of processes: which live, what memory they take, which connections they hold."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED = "01"


def children(pid: int) -> list[int]:
    """Return the living children of a process, oldest first."""
    found = (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    return [child for child in map(int, found) if lives(child)]


def lives(pid: int) -> bool:
    """Say whether a process runs; one that has ended and was not waited for does not."""
    try:
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def connections(pid: int, port: int) -> set[int]:
    """Return the clients' ports of the connections to a port that a process holds."""
    clients = dict(_established(port))
    return {clients[inode] for inode in _sockets(pid) if inode in clients}


def connected(port: int) -> list[int]:
    """Return the clients' ports of all connections to a port, also of those that nobody has accepted yet."""
    return [client for _, client in _established(port)]


def memory(pid: int) -> dict[str, int]:
    """Return the lines of smaps_rollup in bytes. Pss parts shared pages among sharers."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) * 1024 for name, rest in (line.split(":") for line in lines)}


def _established(port: int) -> Iterator[tuple[str, int]]:
    """Yield the inode of the server's end, and the client's port, of each connection to a port."""
    local = f":{port:04X}"
    for line in map(str.split, (_PROC / "net/tcp").read_text().splitlines()[1:]):
        if line[1].endswith(local) and line[3] == _ESTABLISHED:
            yield line[9], int(line[2].split(":")[1], 16)


def _sockets(pid: int) -> Iterator[str]:
    """Yield the inodes of the sockets that a process has open."""
    for descriptor in (_PROC / str(pid) / "fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]
