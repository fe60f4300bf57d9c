"""Requests at random, each with what makes an answer to it wrong: another version than may answer, or other numbers."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import numpy as np
import orjson
from numpy.typing import NDArray

TOLERANCE = 2e-6
"""Of probabilities: six digits and the rounding of the last."""


class Versions(Protocol):
    """The models that are served, and the numbers that each version of them must answer."""

    @property
    def models(self) -> list[str]: ...

    def newest_everywhere(self, name: str) -> int:
        """Return the version that answers at least, as every worker serves it."""
        ...

    def plausible(self, name: str, least: int) -> list[int]:
        """Return the versions that may answer, from the least on."""
        ...

    def expected(self, name: str, number: int, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 [n], of a version at points, float32 [n, 2]."""
        ...


Wrong = Callable[[bytes], str | None]
"""Says what is wrong with the content of an answer, if anything is."""


@dataclass(frozen=True)
class Question:
    """One request, and how many points or grids it asks for."""

    path: str
    wrong: Wrong
    body: bytes | None = None
    predictions: int = 0
    grids: int = 0


class Questions:
    """Makes requests from a sequence of random numbers; not for two threads at once."""

    def __init__(self, shelf: Versions, seed: int) -> None:
        self._shelf = shelf
        self._random = np.random.default_rng(seed)

    def any(self) -> Question:
        """Return what clients send: mostly predictions of one point, sometimes of 500, and small grids."""
        kind = self._random.random()
        if kind < 0.5:
            return self.prediction(1)
        if kind < 0.6:
            return self.prediction(int(self._random.integers(2, 50)))
        if kind < 0.7:
            return self.prediction(500)
        return self.grid(int(self._random.integers(5, 40)))

    def prediction(self, n: int) -> Question:
        """Return a prediction of n points by a model at random, one in five by a version that is named."""
        points = self._random.uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        name, least, version = self._ask_whom()
        named = {} if version is None else {"version": version}
        body = {"points": points, "model": name, **named}

        def wrong(content: bytes) -> str | None:
            answer = orjson.loads(content)
            numbers = np.array(answer["probabilities"], np.float32)
            if answer["labels"] != (numbers >= 0.5).astype(int).tolist():
                return "labels do not follow from probabilities"
            return self._wrong_numbers(name, least, version, answer, numbers, points)

        return Question("/predict", wrong, orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), predictions=n)

    def grid(self, resolution: int) -> Question:
        """Return a grid over a rectangle at random, as JSON or npy, which does not say what answered."""
        low, high = self._random.uniform(-2, 0, 2).round(3), self._random.uniform(0.1, 2, 2).round(3)
        name, least, version = self._ask_whom()
        form = "json" if self._random.random() < 0.5 else "npy"
        query = {"model": name, "resolution": resolution, "format": form, "x_min": low[0], "x_max": high[0]}
        query |= {"y_min": low[1], "y_max": high[1]} | ({} if version is None else {"version": version})

        def wrong(content: bytes) -> str | None:
            nodes = np.stack(np.meshgrid(*np.linspace(low, high, resolution).T), -1).reshape(-1, 2).astype(np.float32)
            if form == "json":
                answer = orjson.loads(content)
                numbers = np.array(answer["probabilities"], np.float32).ravel()
            else:
                answer = {}
                numbers = np.load(io.BytesIO(content)).ravel()
            return self._wrong_numbers(name, least, version, answer, numbers, nodes)

        return Question(f"/boundary?{urlencode(query)}", wrong, grids=1)

    def _ask_whom(self) -> tuple[str, int, int | None]:
        """Return a model, the least version that may answer, and that version where it is to be named."""
        name = str(self._random.choice(self._shelf.models))
        least = self._shelf.newest_everywhere(name)
        return name, least, least if self._random.random() < 0.2 else None

    def _wrong_numbers(
        self,
        name: str,
        least: int,
        version: int | None,
        answer: dict[str, object],
        numbers: NDArray[np.float32],
        points: NDArray[np.float32],
    ) -> str | None:
        """Say what is wrong with the numbers, given who may answer and, where it does, who the answer says did."""
        allowed = [version] if version is not None else self._shelf.plausible(name, least)
        if answer:
            if answer["model"] != name or answer["version"] not in allowed:
                return f"{answer['model']} {answer['version']} answered for {name}, one of {allowed}"
            allowed = [number for number in allowed if number == answer["version"]]
        if len(numbers) != len(points):
            return f"{len(numbers)} numbers for {len(points)} points"
        apart = [float(np.abs(numbers - self._shelf.expected(name, number, points)).max()) for number in allowed]
        return None if min(apart) <= TOLERANCE else f"{name} {allowed}: numbers are {min(apart):.1e} off"
