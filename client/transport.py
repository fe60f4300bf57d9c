"""HTTP: one keep-alive session with retries, a response cache, and errors as this package's own exceptions."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

import requests
from cachecontrol import CacheControlAdapter
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import InvalidHeader, ReadTimeoutError
from urllib3.util import Retry

from client.cache import ResponseCache
from client.errors import (
    ConnectionFailedError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from client.responses import Document

JSON = "application/json"
NPY = "application/x-npy"
BINARY = "application/octet-stream"
GRID_HEADER = "Boundary-Grid"
TENSOR_HEADER = "Inference-Header-Content-Length"
"""Of a body that is JSON and a tensor's bytes: how long the JSON is."""

MAX_RETRY_AFTER_SECONDS = 30
"""A longer Retry-After is cut to this: a person may be waiting."""

T = TypeVar("T")
Decode = Callable[[Document], T]
DecodeGrid = Callable[[Document, bytes], T]
Query = Mapping[str, object]
Timeout = float | tuple[float, float]


class Transport:
    """A session with one service.

    Every method that sends a request raises `ConnectionFailedError` or a `ProblemError`.
    """

    def __init__(self, base_url: str, api_key: str | None, timeout: Timeout, retries: int, cache_bytes: int) -> None:
        self._base_url = base_url if "://" in base_url else f"http://{base_url}"
        self._timeout = timeout
        self._session = requests.Session()
        if api_key is not None:
            self._session.auth = _Bearer(api_key)
        adapter = _adapter(retries, cache_bytes)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, query: Query, decode: Decode[T]) -> T:
        response = self._request("GET", path, JSON, query=query)
        return self._decode(lambda: decode(response.json()))

    def get_grid(self, path: str, query: Query, decode: DecodeGrid[T]) -> T:
        """Request a NumPy file, and decode it together with the header that describes it."""
        response = self._request("GET", path, NPY, query=query)
        return self._decode(lambda: decode(json.loads(response.headers[GRID_HEADER]), response.content))

    def get_file(self, path: str, query: Query, media_type: str) -> bytes:
        return self._request("GET", path, media_type, query=query).content

    def page_policy(self, path: str) -> str:
        """Return the Content-Security-Policy of a page."""
        return self._request("GET", path, "text/html").headers.get("Content-Security-Policy", "")

    def post(self, path: str, body: Mapping[str, object], decode: Decode[T], query: Query | None = None) -> T:
        # NaN is not JSON, but the service parses it and responds with the index of the point that contains it.
        content = json.dumps({name: value for name, value in body.items() if value is not None})
        return self.post_file(path, content.encode(), JSON, query or {}, decode)

    def post_file(self, path: str, content: bytes, media_type: str, query: Query, decode: Decode[T]) -> T:
        """Send a file, and decode the JSON that answers it."""
        response = self._request("POST", path, JSON, query=query, content=content, media_type=media_type)
        return self._decode(lambda: decode(response.json()))

    def infer(self, path: str, content: bytes, decode: Callable[[bytes], T]) -> T:
        """Send the bytes of a tensor alone, and decode those of the tensor that answers (Open Inference Protocol)."""
        response = self._request("POST", path, BINARY, content=content, media_type=BINARY, headers={TENSOR_HEADER: "0"})
        return self._decode(lambda: decode(response.content[int(response.headers[TENSOR_HEADER]) :]))

    def _request(
        self,
        method: str,
        path: str,
        accept: str,
        query: Query | None = None,
        content: bytes | None = None,
        media_type: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        sent = {"Accept": accept, **(headers or {})}
        if content is not None:
            sent["Content-Type"] = media_type
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                params=_query_strings(query or {}),
                data=content,
                headers=sent,
                timeout=self._timeout,
            )
        except requests.RequestException as error:
            raise self._connection_failed(error) from error
        if response.status_code >= 400:
            raise _problem(response)
        if response.headers.get("Content-Type", "").partition(";")[0] != accept:
            raise self._unexpected_response()
        return response

    def _decode(self, decode: Callable[[], T]) -> T:
        try:
            return decode()
        except (KeyError, TypeError, ValueError) as error:
            raise self._unexpected_response() from error

    def _connection_failed(self, error: requests.RequestException) -> ConnectionFailedError:
        cause = error.args[0] if error.args else None
        reason = getattr(cause, "reason", cause)  # of the last attempt, where urllib3 has retried
        if isinstance(error, requests.ReadTimeout) or isinstance(reason, ReadTimeoutError):
            return ConnectionFailedError(
                f"{self._base_url} did not answer in time; request less, or allow a longer timeout"
            )
        if isinstance(error, requests.ConnectionError):
            return ConnectionFailedError(
                f"no service answers at {self._base_url}; "
                "start one with `make serve`, or give the address of a running one"
            )
        return ConnectionFailedError(f"{self._base_url} cannot be reached: {error}")

    def _unexpected_response(self) -> ConnectionFailedError:
        return ConnectionFailedError(f"{self._base_url} answers, but is not a boundary service; check the address")


class _Bearer(AuthBase):
    """Sends the API key, to the service only, in place of any credentials that a `.netrc` has for its host."""

    def __init__(self, key: str) -> None:
        if not (key.isascii() and key.isprintable() and key and " " not in key):
            raise ValueError("the API key must be printable ASCII without spaces")  # without showing the key
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _Retries(Retry):
    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds to wait. With 0, urllib3 waits for its own backoff."""
        return min(_seconds(retry_after) or 0, MAX_RETRY_AFTER_SECONDS)


def _adapter(retries: int, cache_bytes: int) -> HTTPAdapter:
    policy = _Retries(
        retries,
        allowed_methods={"GET", "POST"},
        status_forcelist={503},
        backoff_factor=0.2,
        raise_on_status=False,  # the last 503 is returned instead, with its problem document
    )
    if cache_bytes == 0:
        return HTTPAdapter(max_retries=policy)
    return CacheControlAdapter(ResponseCache(cache_bytes), max_retries=policy)


def _query_strings(query: Query) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds to wait by a Retry-After header, given in seconds or as a date; None if it is invalid."""
    try:
        return None if retry_after is None else Retry().parse_retry_after(retry_after)
    except InvalidHeader:
        return None


_BY_STATUS: Mapping[int, type[ProblemError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    413: TooLargeError,
    422: InvalidError,
    503: UnavailableError,
}


def _problem(response: requests.Response) -> ProblemError:
    """Return the exception for a response with a status of 400 or more.

    A gateway in front of the service responds with a page of its own. Then only the status is known.
    """
    kind = _BY_STATUS.get(response.status_code, ProblemError)
    retry_after = _seconds(response.headers.get("Retry-After"))
    try:
        document = response.json()
        if "error" in document:  # by the Open Inference Protocol
            return kind(response.status_code, response.reason, document["error"], retry_after=retry_after)
        return kind(
            response.status_code,
            document["title"],
            document["detail"],
            document.get("errors"),
            document["request_id"],
            retry_after,
        )
    except (KeyError, TypeError, ValueError):
        title = f"{response.status_code} {response.reason}"
        return kind(response.status_code, title, f"from {response.url}", retry_after=retry_after)
