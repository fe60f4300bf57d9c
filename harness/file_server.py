"""A server of files and nothing else, as Python has it: what a site is to do with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from harness.server import HOST


@dataclass(frozen=True)
class FileServer:
    """Where it listens, and the folder that it serves."""

    port: int
    directory: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving_files(directory: Path) -> Iterator[FileServer]:
    """Serve a folder's files until the block ends."""
    with ThreadingHTTPServer((HOST, 0), partial(_Handler, directory=str(directory))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield FileServer(server.server_port, directory)
        server.shutdown()
