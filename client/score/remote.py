"""Scoring by a service: points as bytes over the Open Inference Protocol, a version that is named in each request."""

import threading
from collections.abc import Callable
from urllib.parse import quote

import numpy as np

from client.errors import NotFoundError, ProblemError
from client.responses import Document
from client.score import ScoreError
from client.score.target import Feature, Numbers, Points, RefusedError, Target
from client.transport import Decode, T, Transport

REQUEST_BYTES = 1 << 22
"""Of points: half of what proxies commonly let through, a quarter of what the service does."""

REFUSALS = (400, 413, 422)
"""Statuses of what fewer points may do without: one that cannot be scored, or too many for a proxy."""


class RemoteScorer:
    """Asks a service. Each thread has a connection of its own, for sessions are not made to be shared."""

    def __init__(self, connect: Callable[[], Transport], model: str | None, version: int | None) -> None:
        """Look up what will score, by default the newest version of the default model.

        Raises:
            ClientError: the service does not answer, or has no such version.
        """
        self._connect = connect
        self._of_thread = threading.local()
        self._opened: list[Transport] = []
        if model is None:
            model = self._get("/models", lambda document: str(document["default_model"]))
        if version is None:
            version, why_none = self._get(f"/models/{quote(model, safe='')}", _latest)
            if version is None:
                raise ScoreError(f"the service has no version of model {model} that answers: {why_none}")
        self._path = f"/models/{quote(model, safe='')}/versions/{version}"
        self.target = self._target()
        limit = self._get(f"/v2{self._path}/config", lambda document: int(document["max_batch_size"]))
        self.max_points = max(1, min(limit, REQUEST_BYTES // (4 * len(self.target.features))))

    def score(self, points: Points) -> Numbers:
        missing = np.isnan(points).any(axis=1)
        if not missing.any():
            return self._infer(points)
        parts = [(missing, self._predict), (~missing, self._infer)]
        numbers = np.empty(self.target.shape(len(points)), np.float32)
        for rows, ask in parts:
            if rows.any():
                numbers[rows] = ask(points[rows])
        return numbers

    def check(self) -> None:
        try:
            same = self._target() == self.target
        except NotFoundError:
            same = False
        if not same:
            named = f"version {self.target.version} of {self.target.model}"
            raise ScoreError(f"{named} was replaced or removed while it scored; score again with --fresh")

    def close(self) -> None:
        for transport in self._opened:
            transport.close()

    def _target(self) -> Target:
        return self._get(self._path, self._described, history="false")

    def _described(self, found: Document) -> Target:
        if found["fingerprint"] is None:
            raise ScoreError(f"version {found['version']} of {found['model']} does not answer: {found['reason']}")
        (name, width) = self._get(f"/v2{self._path}", _output)
        features = [(each["name"], each.get("categories")) for each in found["features"]]
        return Target(
            found["model"],
            found["version"],
            found["fingerprint"],
            tuple(Feature(name, None if categories is None else tuple(categories)) for name, categories in features),
            found["task"],
            tuple(found["classes"]),
            name == "probabilities",
            width,
            bool(found.get("imputes")),  # an older service does not say it
        )

    def _infer(self, points: Points) -> Numbers:
        content, shape = points.astype("<f4", copy=False).tobytes(), self.target.shape(len(points))

        def decode(answer: bytes) -> Numbers:
            return np.frombuffer(answer, "<f4").astype(np.float32, copy=False).reshape(shape)

        return self._refused(lambda: self._transport.infer(f"/v2{self._path}/infer", content, decode))

    def _predict(self, points: Points) -> Numbers:
        """Ask in JSON, which has null for what is missing."""
        rows = [[None if np.isnan(value) else value for value in row] for row in points.tolist()]
        body = {"points": rows, "model": self.target.model, "version": self.target.version}
        name, shape = "probabilities" if self.target.gives_probabilities else "values", self.target.shape(len(points))

        def decode(document: Document) -> Numbers:
            return np.array(document[name], np.float32).reshape(shape)

        return self._refused(lambda: self._transport.post("/predict", body, decode))

    @staticmethod
    def _refused(ask: Callable[[], Numbers]) -> Numbers:
        try:
            return ask()
        except ProblemError as error:
            if error.status not in REFUSALS:
                raise
            raise RefusedError(error.detail) from error

    def _get(self, path: str, decode: Decode[T], **query: str) -> T:
        return self._transport.get(path, query, decode)

    @property
    def _transport(self) -> Transport:
        if not hasattr(self._of_thread, "transport"):
            self._of_thread.transport = self._connect()
            self._opened.append(self._of_thread.transport)
        transport: Transport = self._of_thread.transport
        return transport


def _latest(document: Document) -> tuple[int | None, str]:
    """Return the newest version that answers; and what is said of the others."""
    reasons = [f"version {each['version']}: {each['reason']}" for each in document["versions"] if each["reason"]]
    return document["latest"], document.get("reason") or "; ".join(reasons) or "it is being loaded"


def _output(document: Document) -> tuple[str, int | None]:
    """Return the name of the only output, and how many numbers it has for a point where they are an array."""
    (output,) = document["outputs"]
    return output["name"], int(output["shape"][1]) if len(output["shape"]) > 1 else None
