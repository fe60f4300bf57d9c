"""How a client asks a server, and what its answers are called. Knows no client, and nothing but NumPy."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

YES, NO, NOT_OFFERED = "yes", "no", "not offered"

CLIENTS_FAULT = {"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE"}
ABSENT = {"400", "401", "403", "404", "405", "501", "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED",
          "UNAUTHENTICATED", "UNAVAILABLE", "UNIMPLEMENTED"}  # fmt: skip
"""Statuses by which a server says that it has not got what the standard leaves to it, or not for everybody: TensorFlow
Serving calls a label that nobody assigned an invalid argument, PyTriton a method that needs a token unavailable.
"""

MAX_REASON = 100

NO_SUCH = "no-such-thing"
NO_VERSION = 987654321


@dataclass(frozen=True)
class Target:
    """The server, and the model that is asked for: its input, its output, and points with what it says of them.

    Without `expected`, any finite numbers are right. The `key` is sent as `Authorization: Bearer`.
    The model is unloaded, and loaded again, where it `may_unload`.
    """

    url: str
    grpc: str | None
    model: str
    input: str
    output: str
    points: list[list[float]]
    expected: list[float] | None = None
    key: str | None = None
    may_unload: bool = False

    @property
    def address(self) -> str:
        """Host and port, as clients take them."""
        return self.url.partition("://")[2].rstrip("/")

    @property
    def array(self) -> NDArray[np.float32]:
        return np.array(self.points, np.float32)

    @property
    def too_wide(self) -> NDArray[np.float32]:
        """Points with one number too many."""
        return np.pad(self.array, ((0, 0), (0, 1)))

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    def check(self, numbers: Any) -> None:
        """Raise an error where these are not the model's numbers for the points."""
        if numbers is None:
            raise WrongNumbersError(f"there is no output {self.output}")
        values = np.asarray(numbers, np.float64).ravel()
        expected = values if self.expected is None else np.ravel(self.expected)
        if values.size < len(self.points) or values.shape != expected.shape:
            raise WrongNumbersError(f"{values.size} numbers for {len(self.points)} points")
        if not np.allclose(values, expected, atol=1e-4):
            raise WrongNumbersError("wrong numbers")


class WrongAnswerError(Exception):
    """A server answered, but not what it should."""


class WrongNumbersError(WrongAnswerError):
    """A server gave numbers, but not the model's."""


class NotOfferedError(Exception):
    """A server says in its answer that it has not got it."""


@dataclass(frozen=True)
class Result:
    answer: str
    reason: str = ""


StatusOf = Callable[[Exception], str | None]
"""Says which status an error stands for, in HTTP's numbers or in gRPC's words; None where it stands for none."""


@dataclass(frozen=True)
class Column:
    """One client over one transport: asks, and gives a result for each operation."""

    status_of: StatusOf

    def answers(self, ask: Callable[[], object], *, optional: bool = False) -> Result:
        """Ask for what is to be answered. False is no answer; None, and all else, is one."""
        try:
            answer = ask()
        except NotOfferedError as error:
            return Result(NOT_OFFERED, str(error))
        except Exception as error:  # noqa: BLE001 (whatever a client raises is a result)
            status = self.status_of(error)
            answer = NOT_OFFERED if optional and status in ABSENT else NO
            return Result(answer, _told(status, error))
        return Result(NO, "answered false") if answer is False else Result(YES)

    def refuses(self, ask: Callable[[], object]) -> Result:
        """Ask for what is to be refused. Both standards have any error do; one that is told as the server's own fault
        is noted.
        """
        try:
            answer = ask()
        except WrongNumbersError:
            return Result(NO, "not refused")
        except Exception as error:  # noqa: BLE001 (whatever a client raises is a result)
            status = self.status_of(error)
            if status is None:
                return Result(NO, _told(status, error))
            return Result(YES, "" if _is_clients_fault(status) else f"as the server's fault, {status}")
        return Result(YES) if answer is False else Result(NO, "not refused")


def require(holds: object, message: str) -> None:
    if not holds:
        raise WrongAnswerError(message)


def _is_clients_fault(status: str) -> bool:
    return status in CLIENTS_FAULT or (status.isdigit() and status.startswith("4"))


def _told(status: str | None, error: Exception) -> str:
    details = getattr(error, "details", None)
    told = details() if callable(details) else error
    message = re.sub(r"^\[[^]]*\] ", "", " ".join(str(told).split()))  # tritonclient has the status before the message
    if not isinstance(error, WrongAnswerError):
        message = f"{status or type(error).__name__}: {message}"
    return message if len(message) <= MAX_REASON else f"{message[:MAX_REASON]}…"


Seen = Iterator[tuple[str, Result]]
"""Operations, and what came of them."""


def run(columns: dict[str, Callable[[Target], Seen]]) -> None:
    """Run a client as a program: takes a target as JSON, prints the results of each column as JSON."""
    target = Target(**json.loads(sys.argv[1]))
    seen = {
        name: {operation: asdict(result) for operation, result in ask(target)}
        for name, ask in columns.items()
        if target.grpc or "gRPC" not in name
    }
    print(json.dumps(seen))
