"""Ports for servers to listen on."""

import socket

_held: list[socket.socket] = []


def free_port() -> int:
    """Return a port of the loopback that is the caller's until this process ends.

    A socket stays bound to it and never listens. So the kernel gives the port to nobody who asks for any, and refuses
    connections; and a server that sets SO_REUSEADDR, as nearly all do, may listen there, again and again.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    port: int = holder.getsockname()[1]
    return port
