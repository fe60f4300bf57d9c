"""The pages for people: the explorer at `GET /`, the API's document at `GET /docs`, and their files."""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

from flask import Blueprint, Response, request

from service.api.answers import Answer, etag_of, not_modified, validators
from service.errors import NotFoundError

blueprint = Blueprint("pages", __name__)

WEB = Path(__file__).parent.parent / "web"

SWAGGER_UI = [
    Path(str(distribution("flask-swagger-ui").locate_file(f"flask_swagger_ui/dist/{name}")))
    for name in ("swagger-ui-bundle.js", "swagger-ui.css")
]
"""The files of Swagger UI that `/docs` needs. The package brings them unchanged; its code is not imported."""

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What a page may load: nothing from another host, no inline script or style. Swagger UI has pictures in its CSS, the
explorer makes one of what it shows."""

SMALLEST = 9
"""gzip's level: each file is compressed once."""


@dataclass(frozen=True)
class File:
    """A file as it is sent, as it stands and compressed."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


@blueprint.get("/")
def get_explorer() -> Response:
    return _send("explorer", "index.html")


@blueprint.get("/explorer/<path:name>")
def get_explorer_file(name: str) -> Response:
    return _send("explorer", name)


@blueprint.get("/docs")
def get_docs() -> Response:
    return _send("docs", "index.html")


@blueprint.get("/docs/<path:name>")
def get_docs_file(name: str) -> Response:
    return _send("docs", name)


def _send(page: str, name: str) -> Response:
    file = _files(page).get(name)
    if file is None:
        raise NotFoundError(f"there is nothing at /{page}/{name}")
    coding = "gzip" if request.accept_encodings["gzip"] > 0 else "identity"
    etag = etag_of(file.etag, coding)
    headers = [(key, value) for key, value in validators(etag) if key != "Vary"]
    headers += [("Vary", "Accept-Encoding"), ("Content-Security-Policy", POLICY)]
    if not_modified(etag):
        return Answer(status=304, headers=headers)
    if coding == "gzip":
        return Answer(file.compressed, headers=[*headers, ("Content-Encoding", coding)], content_type=file.media_type)
    return Answer(file.content, headers=headers, content_type=file.media_type)


@lru_cache
def _files(page: str) -> dict[str, File]:
    """Return a page's files by name: what is not among them is not sent, whatever a path says."""
    directory = WEB / page
    own = [path for path in directory.rglob("*") if path.is_file() and path.suffix in {".html", ".css", ".js"}]
    installed = SWAGGER_UI if page == "docs" else []
    return {path.relative_to(directory).as_posix(): _read(path) for path in own} | {
        path.name: _read(path) for path in installed
    }


def _read(path: Path) -> File:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    compressed = gzip.compress(content, SMALLEST, mtime=0)
    return File(content, compressed, f"{media_type}; charset=utf-8", etag_of(content.decode()))
