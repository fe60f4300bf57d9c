"""Cached boundaries: the proxy's answers beside one replica's own, for the same 300 × 300 grid, measured in turn, and
beside nginx's of plain files with the same bytes, than which no cache can be faster.

Each is asked from inside its own network by the same program with the same connections, so that neither Docker's port
nor its bridge stands between. The service compresses nothing here; the proxy does, once, for clients that take it.
"""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.request import Request, urlopen

from chaos.deploy.stack import Stack, build_wrk, requests_a_second, run

CODINGS = {"gzip": ("Accept-Encoding: gzip",), "plain": ()}
PATH = "/boundary?resolution=300&format={}"

FILE_SERVER = """\
events {}
http { sendfile on; access_log off; server { listen 127.0.0.1:8080; root /srv; } }
"""


@dataclass
class Cached:
    """Requests a second in each round, for one form: the proxy's, one replica's own, and those of a plain file."""

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


def measure(stack: Stack, rounds: int, seconds: int) -> dict[str, Cached]:
    """Measure each form, by its name."""
    build_wrk()
    replica, proxy = stack.containers("service")[0], stack.containers("proxy")[0]
    forms = {f"{form}, {coding}": (form, coding) for form, coding in product(("npy", "json"), CODINGS)}
    found = {name: Cached([], [], []) for name in forms}
    contents = {name.replace(", ", "."): _content(stack, *form) for name, form in forms.items()}
    with _files(contents) as files:
        for _, (name, (form, coding)) in product(range(rounds), forms.items()):
            path, headers, cached = PATH.format(form), CODINGS[coding], found[name]
            cached.replica.append(requests_a_second(replica, f"http://127.0.0.1:8000{path}", headers, seconds))
            cached.proxy.append(requests_a_second(proxy, f"http://127.0.0.1:8080{path}", headers, seconds))
            cached.file.append(requests_a_second(files, f"http://127.0.0.1:8080/{form}.{coding}", headers, seconds))
    return found


def _content(stack: Stack, form: str, coding: str) -> bytes:
    """Return an answer's body as it is sent."""
    headers = dict(line.split(": ") for line in CODINGS[coding])
    with urlopen(Request(stack.url + PATH.format(form), headers=headers), timeout=30) as answer:  # noqa: S310 (our own URL)
        content: bytes = answer.read()
    return content


@contextmanager
def _files(contents: dict[str, bytes]) -> Iterator[str]:
    """Run nginx with these files, by name, and return its container."""
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
