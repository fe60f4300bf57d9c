"""Where gunicorn listens, and with how many workers: `HOST`, `PORT` and `WEB_CONCURRENCY`.

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

    @classmethod
    def from_environment(cls) -> "Address":
        """Read the variables. An empty one counts as unset.

        Raises:
            AddressError: a value is not allowed.
        """
        host = os.environ.get("HOST") or "127.0.0.1"
        return cls(
            host.removeprefix("[").removesuffix("]"),
            _whole_number("PORT", 8000, 0, 65535),
            _whole_number("WEB_CONCURRENCY", os.cpu_count() or 1, 1, 1024),
        )

    @property
    def bind(self) -> str:
        """The address as gunicorn takes it: an IPv6 address stands in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def check_is_free(self) -> None:
        """Bind to the address for a moment.

        Raises:
            AddressError: somebody else listens there, or this machine has no such address.
        """
        try:
            family, kind, *_, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
                probe.bind(address)
        except OSError as error:
            raise AddressError(self._why(error)) from error

    def _why(self, error: OSError) -> str:
        other = self.port + 1 if 1024 <= self.port < 65535 else 8000
        if error.errno == errno.EADDRINUSE:
            return f"port {self.port} of {self.host} is taken; choose another: PORT={other} make serve"
        if error.errno == errno.EACCES:
            return f"port {self.port} may not be used by this user; choose another: PORT={other} make serve"
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
