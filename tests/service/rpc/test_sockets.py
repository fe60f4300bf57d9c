"""Looking at the sockets of this process."""

import os
import socket
from contextlib import suppress
from pathlib import Path

from service.rpc.sockets import has_connections, stop_listening


def test_looking_for_connections_leaves_no_descriptor_open(tmp_path: Path) -> None:
    with (tmp_path / "no socket").open("w") as other, socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert not has_connections(port)
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
            assert has_connections(port)
        stop_listening(port)
        assert not has_connections(port)
        assert _descriptors_of(other.fileno()) == _descriptors_of(listening.fileno()) == 1


def _descriptors_of(descriptor: int) -> int:
    """Count the descriptors of what this one is of: how many there are in all, other threads change."""
    found = 0
    for entry in Path("/dev/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found += os.path.sameopenfile(int(entry.name), descriptor)
    return found
