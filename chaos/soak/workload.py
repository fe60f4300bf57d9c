"""Random requests, each with the check of its response: the version that answers, and its probabilities."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import numpy as np
import orjson
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

TOLERANCE = 2e-6
"""Of probabilities: six digits and the rounding of the last."""

VERSIONED = 0.2
"""The share of requests that name a version."""


class Oracle(Protocol):
    """The served models, the versions that may answer, and the probabilities that each must predict."""

    @property
    def models(self) -> list[str]: ...

    def rolled_out_version(self, name: str) -> int:
        """Return the newest version that every worker serves."""
        ...

    def valid_versions(self, name: str, minimum: int) -> list[int]:
        """Return the versions that may answer, from the minimum on."""
        ...

    def expected(self, name: str, version: int, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 [n], of a version at points, float32 [n, 2]."""
        ...


INFER = "/inference.GRPCInferenceService/ModelInfer"

Check = Callable[[bytes], str | None]
"""Returns what is wrong with a response's content, or None."""


@dataclass(frozen=True)
class CheckedRequest:
    """A request, the check of its response, and how many points or grids it asks for."""

    path: str
    check: Check
    body: bytes | None = None
    predictions: int = 0
    grids: int = 0


@dataclass(frozen=True)
class _Choice:
    """The model that a request asks, the oldest version that may answer, and the version that it names, if any."""

    model: str
    minimum: int
    version: int | None

    @property
    def fields(self) -> dict[str, object]:
        return {"model": self.model, **({} if self.version is None else {"version": self.version})}


class Workload:
    """Makes requests from a sequence of random numbers. Not safe for several threads."""

    def __init__(self, oracle: Oracle, seed: int) -> None:
        self._oracle = oracle
        self._random = np.random.default_rng(seed)

    def mixed(self) -> CheckedRequest:
        """Return what clients send: mostly predictions of one point, some of more, and small grids."""
        kind = self._random.random()
        if kind < 0.5:
            return self.prediction(1)
        if kind < 0.6:
            return self.prediction(int(self._random.integers(2, 50)))
        if kind < 0.7:
            return self.prediction(500)
        return self.grid(int(self._random.integers(5, 40)))

    def prediction(self, n: int) -> CheckedRequest:
        """Return a prediction of n points by a random model."""
        points = self._random.uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        choice = self._choose()

        def check(content: bytes) -> str | None:
            answer = orjson.loads(content)
            values = np.array(answer["probabilities"], np.float32)
            if answer["labels"] != (values >= 0.5).astype(int).tolist():
                return "the labels do not follow from the probabilities"
            return self._check_values(choice, answer, values, points)

        body = orjson.dumps({"points": points, **choice.fields}, option=orjson.OPT_SERIALIZE_NUMPY)
        return CheckedRequest("/predict", check, body, predictions=n)

    def call(self) -> CheckedRequest:
        """Return a call of the Open Inference Protocol over gRPC, of one point or more."""
        n = int(self._random.choice([1, 1, 1, 30, 500]))
        points = self._random.uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        choice = self._choose()
        request = service_pb2.ModelInferRequest(model_name=choice.model, model_version=str(choice.version or ""))
        request.inputs.add(name="points", datatype="FP32", shape=points.shape)
        request.raw_input_contents.append(points.tobytes())

        def check(content: bytes) -> str | None:
            answer = service_pb2.ModelInferResponse.FromString(content)
            named: dict[str, object] = {"model": answer.model_name, "version": int(answer.model_version)}
            return self._check_values(choice, named, np.frombuffer(answer.raw_output_contents[0], "<f4"), points)

        return CheckedRequest(INFER, check, request.SerializeToString(), predictions=n)

    def grid(self, resolution: int) -> CheckedRequest:
        """Return a grid over a random rectangle, as JSON or as npy, which does not name the version that answers."""
        low, high = self._random.uniform(-2, 0, 2).round(3), self._random.uniform(0.1, 2, 2).round(3)
        choice = self._choose()
        form = "json" if self._random.random() < 0.5 else "npy"
        query = {"resolution": resolution, "format": form, "x_min": low[0], "x_max": high[0]}
        query |= {"y_min": low[1], "y_max": high[1]} | choice.fields

        def check(content: bytes) -> str | None:
            nodes = np.stack(np.meshgrid(*np.linspace(low, high, resolution).T), -1).reshape(-1, 2).astype(np.float32)
            if form == "json":
                answer = orjson.loads(content)
                values = np.array(answer["probabilities"], np.float32).ravel()
            else:
                answer = {}
                values = np.load(io.BytesIO(content)).ravel()
            return self._check_values(choice, answer, values, nodes)

        return CheckedRequest(f"/boundary?{urlencode(query)}", check, grids=1)

    def _choose(self) -> _Choice:
        name = str(self._random.choice(self._oracle.models))
        minimum = self._oracle.rolled_out_version(name)
        return _Choice(name, minimum, minimum if self._random.random() < VERSIONED else None)

    def _check_values(
        self, choice: _Choice, answer: dict[str, object], values: NDArray[np.float32], points: NDArray[np.float32]
    ) -> str | None:
        """Compare with every version that may have answered: all valid ones where the answer does not name one."""
        name, valid = choice.model, self._oracle.valid_versions(choice.model, choice.minimum)
        if choice.version is not None:
            valid = [choice.version]
        if answer:
            if answer["model"] != name or answer["version"] not in valid:
                return f"{answer['model']} {answer['version']} answered for {name}, one of {valid}"
            valid = [version for version in valid if version == answer["version"]]
        if len(values) != len(points):
            return f"{len(values)} values for {len(points)} points"
        errors = [float(np.abs(values - self._oracle.expected(name, version, points)).max()) for version in valid]
        return None if min(errors) <= TOLERANCE else f"{name} {valid}: values are {min(errors):.1e} off"
