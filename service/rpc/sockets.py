"""The sockets of a process at a port, which grpcio does not show: to close the door before those inside have gone.

grpcio can stop a server altogether; calls that clients send until they notice are then lost. But it ends connections of
a certain age so that none is lost: those who come are served until they have been told to go elsewhere.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def stop_listening(port: int) -> None:
    """Have new connections to the port go to other processes that listen there, or be refused (Linux)."""
    for found in _sockets(port):
        if _listens(found):
            with suppress(OSError):
                found.shutdown(socket.SHUT_RD)


def has_connections(port: int) -> bool:
    """Say whether clients are connected to the port."""
    return any(not _listens(found) and _is_connected(found) for found in _sockets(port))


def _sockets(port: int) -> Iterator[socket.socket]:
    # Of what is no socket, `socket` would leave the copy open.
    for entry in [entry for entry in Path("/dev/fd").iterdir() if entry.is_socket()]:
        with suppress(OSError), socket.socket(fileno=os.dup(int(entry.name))) as found:  # or it was closed meanwhile
            if found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port:
                yield found


def _listens(found: socket.socket) -> bool:
    return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _is_connected(found: socket.socket) -> bool:
    try:
        found.getpeername()
    except OSError:
        return False
    return True
