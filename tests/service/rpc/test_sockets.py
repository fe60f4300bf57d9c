"""Looking at the sockets of this process."""

import os
import socket
from pathlib import Path

from service.rpc.sockets import has_connections, stop_listening


def test_looking_for_connections_leaves_no_descriptor_open() -> None:
    with Path(os.devnull).open() as other, socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        before = _descriptors()
        assert not has_connections(port)
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
            assert has_connections(port)
        stop_listening(port)
        assert not has_connections(port)
        assert _descriptors() == before, other


def _descriptors() -> set[str]:
    """Return what is open, but for the folder that is read for it."""
    return {entry.name for entry in Path("/dev/fd").iterdir() if entry.exists()}
