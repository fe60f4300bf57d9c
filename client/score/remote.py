"""Scoring by a service: points as bytes over the Open Inference Protocol, a version that is named in each request."""

import threading
from collections.abc import Callable
from urllib.parse import quote

import numpy as np

from client.errors import NotFoundError, ProblemError
from client.responses import Document
from client.score import ScoreError
from client.score.target import Feature, Numbers, Points, RefusedError, Target
from client.transport import Transport

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
            model = str(self._get("/models")["default_model"])
        if version is None:
            version = self._get(f"/models/{quote(model, safe='')}")["latest"]
            if version is None:
                raise ScoreError(f"the service has no version of model {model} that answers; GET /models says why")
        self._path = f"/models/{quote(model, safe='')}/versions/{version}"
        self.target = self._target()
        limit = int(self._get(f"/v2{self._path}/config")["max_batch_size"])
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
        found = self._get(self._path, history="false")
        if found["fingerprint"] is None:
            raise ScoreError(f"version {found['version']} of {found['model']} does not answer: {found['reason']}")
        (output,) = self._get(f"/v2{self._path}")["outputs"]
        features = [(each["name"], each.get("categories")) for each in found["features"]]
        return Target(
            found["model"],
            found["version"],
            found["fingerprint"],
            tuple(Feature(name, None if categories is None else tuple(categories)) for name, categories in features),
            found["task"],
            tuple(found["classes"]),
            output["name"] == "probabilities",
            output["shape"][1] if len(output["shape"]) > 1 else None,
            bool(found.get("imputes")),  # an older service does not say it
        )

    def _infer(self, points: Points) -> Numbers:
        content = points.astype("<f4", copy=False).tobytes()

        def ask() -> Numbers:
            answer = self._transport.infer(f"/v2{self._path}/infer", content)
            return np.frombuffer(answer, "<f4").astype(np.float32, copy=False).reshape(self.target.shape(len(points)))

        return self._refused(ask)

    def _predict(self, points: Points) -> Numbers:
        """Ask in JSON, which has null for what is missing."""
        rows = [[None if np.isnan(value) else value for value in row] for row in points.tolist()]
        body = {"points": rows, "model": self.target.model, "version": self.target.version}
        name = "probabilities" if self.target.gives_probabilities else "values"
        return self._refused(
            lambda: self._transport.post("/predict", body, lambda document: np.array(document[name], np.float32))
        )

    @staticmethod
    def _refused(ask: Callable[[], Numbers]) -> Numbers:
        try:
            return ask()
        except ProblemError as error:
            if error.status not in REFUSALS:
                raise
            raise RefusedError(error.detail) from error

    def _get(self, path: str, **query: str) -> Document:
        document: Document = self._transport.get(path, query, lambda document: document)
        return document

    @property
    def _transport(self) -> Transport:
        if not hasattr(self._of_thread, "transport"):
            self._of_thread.transport = self._connect()
            self._opened.append(self._of_thread.transport)
        transport: Transport = self._of_thread.transport
        return transport
