"""The pages for people: the explorer at `GET /`, lesson, trainer and studies, the API's document at `GET /docs`."""

import hashlib
import mimetypes
import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import distribution
from pathlib import Path

from service.errors import NotFoundError
from service.http.conditional import Validators, conditional
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.responses import RawResponse, compress_once, takes_gzip

endpoints = Endpoints("pages", public=True)

WEB = Path(__file__).parents[2] / "web"

SWAGGER_UI = [
    Path(str(distribution("flask-swagger-ui").locate_file(f"flask_swagger_ui/dist/{name}")))
    for name in ("swagger-ui-bundle.js", "swagger-ui.css")
]
"""The files of Swagger UI that `/docs` needs. The package brings them unchanged; its code is not imported."""

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors "
)
"""What a page may load: nothing from another host, no inline script or style. Swagger UI has pictures in its CSS, the
explorer makes one of what it shows. After the last word stands who may show it in a frame."""


@dataclass(frozen=True)
class File:
    """A file as it is sent, as it stands and compressed."""

    content: bytes
    compressed: bytes
    media_type: str
    digest: str


@endpoints.get("/", inline=True)
def get_explorer(call: Call) -> RawResponse:
    return _send(call, "explorer", "index.html")


@endpoints.get("/explorer/<path:name>", inline=True)
def get_explorer_file(call: Call, name: str) -> RawResponse:
    return _send(call, "explorer", name)


@endpoints.get("/study/<path:name>", inline=True)
def get_study_file(call: Call, name: str) -> RawResponse:
    return _send(call, "study", name)


@endpoints.get("/lesson", inline=True)
def get_lesson(call: Call) -> RawResponse:
    return _send(call, "lesson", "index.html")


@endpoints.get("/lesson/<path:name>", inline=True)
def get_lesson_file(call: Call, name: str) -> RawResponse:
    return _send(call, "lesson", name)


@endpoints.get("/trainer", inline=True)
def get_trainer(call: Call) -> RawResponse:
    return _send(call, "trainer", "index.html")


@endpoints.get("/trainer/<path:name>", inline=True)
def get_trainer_file(call: Call, name: str) -> RawResponse:
    return _send(call, "trainer", name)


def studies_page(call: Call) -> RawResponse:
    """Return the page that lists the studies: what `GET /studies` answers a browser with."""
    return _send(call, "study", "index.html", vary="Accept, Accept-Encoding")


def study_page(call: Call) -> RawResponse:
    """Return a study's page: what `GET /studies/<name>` answers a browser with."""
    return _send(call, "study", "study.html", vary="Accept, Accept-Encoding")


@endpoints.get("/docs")  # not on the loop: to compress Swagger UI the first time takes 0.2 s
def get_docs(call: Call) -> RawResponse:
    return _send(call, "docs", "index.html")


@endpoints.get("/docs/<path:name>")
def get_docs_file(call: Call, name: str) -> RawResponse:
    return _send(call, "docs", name)


def _send(call: Call, page: str, name: str, vary: str = "Accept-Encoding") -> RawResponse:
    file = files(page).get(name)
    if file is None:
        raise NotFoundError(f"there is nothing at /{page}/{name}")
    is_compressed = takes_gzip(call.headers.get("accept-encoding"))
    coding = "gzip" if is_compressed else "identity"
    policy = POLICY + _sources(call.context.settings.frame_ancestors)
    # The tag is of the policy, too: a page that is kept under another one is sent again.
    validators = Validators.of(file.digest, coding, policy, vary=vary, headers=(("Content-Security-Policy", policy),))
    body = file.compressed if is_compressed else file.content
    response = conditional(call, validators, file.media_type, lambda: [body])
    if is_compressed and response.status != HTTPStatus.NOT_MODIFIED:
        response.headers.append(("Content-Encoding", coding))
    return response


def folders() -> list[str]:
    """Return the names of the folders that pages have."""
    return sorted(path.name for path in WEB.iterdir() if path.is_dir())


@lru_cache
def _sources(ancestors: tuple[str, ...]) -> str:
    """Return who may show a page in a frame, in the policy's words."""
    return " ".join("'self'" if ancestor == "self" else ancestor for ancestor in ancestors) or "'none'"


@lru_cache
def files(page: str) -> dict[str, File]:
    """Return a page's files by name: what is not among them is not sent, whatever a path says."""
    directory = WEB / page
    own = [path for path in directory.rglob("*") if path.is_file() and path.suffix in {".html", ".css", ".js"}]
    installed = SWAGGER_UI if page == "docs" else []
    return {path.relative_to(directory).as_posix(): _read(path) for path in own} | {
        path.name: _read(path) for path in installed
    }


COMMENTS = re.compile(rb"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/)[ \t]*$", re.MULTILINE | re.DOTALL)
"""Comments on lines of their own. They are a quarter of a module as it is sent, and browsers skip them."""


SCRIPT = re.compile(r'( *)<script src="((?:\.\./)*)([^"]+)" type="module"></script>\n')
IMPORT = re.compile(r'^(?:import|export|\})[^";]* from "([^"]+)";$', re.MULTILINE)


def _with_hints(page: bytes) -> bytes:
    """Have a page name all modules that its own imports, so that browsers load them at once and not one after another.

    Those that a module imports later, by `import()`, are not among them.
    """

    def hinted(match: re.Match[str]) -> str:
        indent, root, name = match.groups()
        imported = sorted(_with_imported(name) - {name})
        return match[0] + "".join(f'{indent}<link rel="modulepreload" href="{root}{one}">\n' for one in imported)

    return SCRIPT.sub(hinted, page.decode()).encode()


def _with_imported(name: str) -> set[str]:
    """Return a module with all that it imports, directly or not: their names below WEB."""
    found, waiting = {name}, [name]
    while waiting:
        module = waiting.pop()
        paths = IMPORT.findall((WEB / module).read_text())
        imported = {posixpath.normpath(posixpath.join(posixpath.dirname(module), path)) for path in paths}
        waiting += imported - found
        found |= imported
    return found


def _read(path: Path) -> File:
    content = path.read_bytes()
    if path.suffix == ".html":
        content = _with_hints(content)
    if path.suffix in {".js", ".css"} and WEB in path.parents:
        content = COMMENTS.sub(lambda comment: b"\n" * comment[0].count(b"\n"), content)  # an error's line stays right
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(
        content, compress_once(content), f"{media_type}; charset=utf-8", hashlib.sha256(content).hexdigest()[:32]
    )
