"""Where the service listens, and with how many workers: `HOST`, `PORT`, `GRPC_PORT` and `WEB_CONCURRENCY`.

`python -m service.address` checks them, and that nobody listens there yet. `make serve` runs it before anything is
installed, so the module needs the standard library alone.
"""

import errno
import os
import re
import socket
import sys
from dataclasses import dataclass


class AddressError(Exception):
    """A variable has a wrong value, or the address cannot be had; the message says what to do."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    workers: int
    grpc_port: int | None = None

    @classmethod
    def from_environment(cls) -> "Address":
        """Read the variables. An empty one counts as unset.

        Raises:
            AddressError: a value is not allowed.
        """
        host = os.environ.get("HOST") or "127.0.0.1"
        address = cls(
            host.removeprefix("[").removesuffix("]"),
            _whole_number("PORT", 8000, 0, 65535),
            _whole_number("WEB_CONCURRENCY", os.cpu_count() or 1, 1, 1024),
            _whole_number("GRPC_PORT", 8001, 1, 65535) if os.environ.get("GRPC_PORT") else None,
        )
        if address.grpc_port == address.port:
            raise AddressError(f"GRPC_PORT={address.grpc_port}: is PORT too; gRPC needs a port of its own")
        return address

    @property
    def bind(self) -> str:
        """The address as gunicorn takes it: an IPv6 address stands in brackets."""
        return self._at(self.port)

    @property
    def grpc_bind(self) -> str | None:
        """The address for gRPC, in the same form; None where there is none."""
        return None if self.grpc_port is None else self._at(self.grpc_port)

    def check_is_free(self) -> None:
        """Bind to the addresses for a moment.

        Raises:
            AddressError: somebody else listens there, or this machine has no such address.
        """
        self._bind("PORT", self.port).close()
        if self.grpc_port is not None:
            self._bind("GRPC_PORT", self.grpc_port).close()

    def reserve_grpc_port(self) -> None:
        """Keep the port for gRPC for this process and its children: bound and never listened on, until it ends.

        Each worker has a socket of its own there (SO_REUSEPORT). So a port that is taken is found before any worker
        starts, and nobody takes it while none runs.

        Raises:
            AddressError: somebody else listens there, or this machine has no such address.
        """
        if self.grpc_port is not None:
            self._bind("GRPC_PORT", self.grpc_port).close()  # else it would be shared with another service of this user
            self._bind("GRPC_PORT", self.grpc_port, is_shared=True).detach()

    def _at(self, port: int) -> str:
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    def _bind(self, name: str, port: int, *, is_shared: bool = False) -> socket.socket:
        try:
            family, kind, *_, address = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)[0]
            bound = socket.socket(family, kind)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            if is_shared:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind(address)
        except OSError as error:
            raise AddressError(self._why(name, port, error)) from error
        return bound

    def _why(self, name: str, port: int, error: OSError) -> str:
        other = port + 1 if 1024 <= port < 65535 else 8000
        if error.errno == errno.EADDRINUSE:
            return f"port {port} of {self.host} is taken; choose another: {name}={other} make serve"
        if error.errno == errno.EACCES:
            return f"port {port} may not be used by this user; choose another: {name}={other} make serve"
        return f"HOST={self.host}: this machine has no such address ({error.strerror})"


def _whole_number(name: str, default: int, low: int, high: int) -> int:
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise AddressError(f"{name}={text}: must be a whole number from {low} to {high}")
    return int(text)


if __name__ == "__main__":
    try:
        Address.from_environment().check_is_free()
    except AddressError as error:
        sys.exit(f"the service does not start: {error}")
