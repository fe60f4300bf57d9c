"""What the service answers, kept as files: each named after what was asked for and what it holds."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import orjson
from werkzeug.test import Client, TestResponse

from service.http.responses import compress_once

EXTENSIONS = {"application/json": "json", "text/csv": "csv", "application/x-npy": "npy"}
"""Of the kinds of answers that are kept."""


class NotAnsweredError(Exception):
    """The service refused what it was asked for; the message is its own."""


class Recording:
    """Answers of the app by what was asked for, and their files.

    Files are compressed whether the host compresses or not: the weights are most of a site, and digits of numbers
    twice what they hold. An answer that has changed has another file, so none is mixed up with what a browser kept.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, str] = {}

    def ask(self, path: str, body: object = None) -> Any:
        """Return the JSON that a path answers with, kept nowhere.

        Raises:
            NotAnsweredError: the service refuses.
        """
        return orjson.loads(self._answer(path, "application/json", body).data)

    def keep(self, path: str, media_type: str = "application/json") -> None:
        """Keep what a path answers with.

        Raises:
            NotAnsweredError: the service refuses.
        """
        self.put(path, self._answer(path, media_type).data, media_type)

    def put(self, path: str, content: bytes, media_type: str = "application/json") -> None:
        """Keep this as what a path answers with."""
        key = key_of(path)
        readable = re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-").lower()
        name = f"data/{readable[:150]}.{hashlib.sha256(content).hexdigest()[:8]}.{EXTENSIONS[media_type]}.gz"
        self.files[name] = compress_once(content)
        self.answers[key] = name

    def page(self, path: str) -> tuple[str, str]:
        """Return a page and its Content-Security-Policy."""
        answer = self._answer(path, "text/html")
        return answer.text, answer.headers.get("Content-Security-Policy", "")

    def index(self, facts: Mapping[str, object]) -> bytes:
        """Return the file that says where each answer is."""
        return compress_once(orjson.dumps({**facts, "answers": self.answers}))

    def _answer(self, path: str, media_type: str, body: object = None) -> TestResponse:
        headers = {"Accept": media_type}
        answer = self._client.open(f"/{path}", method="GET" if body is None else "POST", headers=headers, json=body)
        if answer.status_code != 200:
            raise NotAnsweredError(_detail(answer))
        return answer


def key_of(path: str) -> str:
    """Return by what an answer is found: a path, decoded, and its query in the order of names."""
    address, _, query = path.partition("?")
    parameters = urlencode(sorted(parse_qsl(query, keep_blank_values=True)))
    return unquote(address) + (f"?{parameters}" if parameters else "")


def _detail(answer: TestResponse) -> str:
    document = answer.get_json(silent=True)
    return str(document.get("detail", answer.status)) if isinstance(document, dict) else answer.status
