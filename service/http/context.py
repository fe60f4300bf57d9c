"""A request on its way to an endpoint, and the parts of the worker that answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from service.dataplane.dataplane import DataPlane
from service.keys import Keys
from service.request_record import RequestRecord
from service.settings import Settings

if TYPE_CHECKING:
    from service.http.endpoint import Endpoint


def _is_never_stopping() -> bool:
    return False


@dataclass
class Context:
    """The parts of one worker; `keys` is None where nobody needs one."""

    settings: Settings
    plane: DataPlane
    keys: Keys | None
    endpoints: tuple["Endpoint", ...]
    is_stopping: Callable[[], bool] = _is_never_stopping
    """Whether the worker was told to stop, and only finishes what it has; gunicorn.conf.py knows."""
    documents: dict[object, Mapping[str, Any]] = field(default_factory=dict)
    """OpenAPI documents of this app, by the versions that they are about."""

    def is_ready(self) -> bool:
        """Say whether this worker can answer, and was not told to stop."""
        return self.plane.ready() and not self.is_stopping()


class Headers(Protocol):
    """A request's headers, by their names in lower case."""

    def get(self, name: str) -> str | None: ...


class Stream(Protocol):
    """A request's body."""

    def read(self, size: int) -> bytes | bytearray: ...


@dataclass(slots=True)
class Call:
    """A request to an endpoint, whether it came through Flask or was read on the worker's loop.

    `plane` is the data plane for this call: on the loop it never waits.
    """

    query_string: str
    headers: Headers
    stream: Stream
    record: RequestRecord
    context: Context
    plane: DataPlane
