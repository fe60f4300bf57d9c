"""Cached boundaries: the proxy's rate beside one replica's for the same 300 × 300 grid, and beside nginx's for a plain
file with the same bytes, which no cache can exceed.

wrk asks each of them in turn from inside its own network, so that neither Docker's port nor its bridge is in between.
The service compresses nothing here; the proxy compresses once, for clients that accept gzip.
"""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.request import Request, urlopen

from chaos.deploy.stack import Stack, build_wrk, requests_per_second, run

ENCODINGS = {"gzip": ("Accept-Encoding: gzip",), "plain": ()}
PATH = "/boundary?resolution=300&format={}"

FILE_SERVER = """\
events {}
http { sendfile on; access_log off; server { listen 127.0.0.1:8080; root /srv; } }
"""


@dataclass(frozen=True)
class CacheRates:
    """Requests per second in each round: the proxy's, one replica's, and those of nginx with a plain file."""

    proxy: list[float]
    replica: list[float]
    file: list[float]

    @property
    def over_replica(self) -> float:
        return _median_ratio(self.proxy, self.replica)

    @property
    def over_file(self) -> float:
        return _median_ratio(self.proxy, self.file)


def _median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    return statistics.median(first / second for first, second in zip(numerators, denominators, strict=True))


def measure_cache(stack: Stack, rounds: int, seconds: int) -> dict[str, CacheRates]:
    """Return the rates of each format and encoding."""
    build_wrk()
    replica, proxy = stack.containers("service")[0], stack.containers("proxy")[0]
    variants = {f"{form}, {encoding}": (form, encoding) for form, encoding in product(("npy", "json"), ENCODINGS)}
    rates = {name: CacheRates([], [], []) for name in variants}
    contents = {f"{form}.{encoding}": _content(stack, form, encoding) for form, encoding in variants.values()}
    with _file_server(contents) as files:
        for _, (name, (form, encoding)) in product(range(rounds), variants.items()):
            path, headers, row = PATH.format(form), ENCODINGS[encoding], rates[name]
            row.replica.append(requests_per_second(replica, f"http://127.0.0.1:8000{path}", headers, seconds))
            row.proxy.append(requests_per_second(proxy, f"http://127.0.0.1:8080{path}", headers, seconds))
            row.file.append(requests_per_second(files, f"http://127.0.0.1:8080/{form}.{encoding}", headers, seconds))
    return rates


def _content(stack: Stack, form: str, encoding: str) -> bytes:
    """Return a response's body as it is sent."""
    headers = dict(line.split(": ") for line in ENCODINGS[encoding])
    with urlopen(Request(stack.url + PATH.format(form), headers=headers), timeout=30) as response:  # noqa: S310 (our own URL)
        content: bytes = response.read()
    return content


@contextmanager
def _file_server(contents: dict[str, bytes]) -> Iterator[str]:
    """Run nginx with these files, by name, and yield its container."""
    container = run("docker", "create", "--network", "none", "nginx:stable").strip()
    try:
        with tempfile.TemporaryDirectory(prefix="files-") as directory:
            Path(directory, "nginx.conf").write_text(FILE_SERVER)
            run("docker", "cp", f"{directory}/nginx.conf", f"{container}:/etc/nginx/nginx.conf")
            for name, content in contents.items():
                Path(directory, name).write_bytes(content)
                run("docker", "cp", f"{directory}/{name}", f"{container}:/srv/{name}")
        run("docker", "start", container)
        yield container
    finally:
        run("docker", "rm", "--force", container)
