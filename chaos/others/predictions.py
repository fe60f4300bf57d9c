"""Random predictions in a server's own request format, each with the check of its response."""

import numpy as np

from benchmarks.request_formats import MODEL, Message
from benchmarks.serving.contestants import Contestant
from chaos.soak.workload import CheckedRequest, Oracle

TOLERANCE = 1e-5

SINGLE = 0.8
"""The share of requests that ask for one point."""
MOST_POINTS = 50


class Predictions:
    """Makes requests from a sequence of random numbers. Not safe for several threads."""

    def __init__(self, contestant: Contestant, oracle: Oracle, seed: int) -> None:
        self._dialect = contestant.request_formats[0]
        self._oracle = oracle
        self._random = np.random.default_rng(seed)

    def next(self) -> CheckedRequest:
        n = 1 if self._random.random() < SINGLE else int(self._random.integers(2, MOST_POINTS))
        points = self._random.uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        oldest = self._oracle.rolled_out_version(MODEL)

        def check(content: bytes) -> str | None:
            try:
                values = self._dialect.decode(Message(content, {}))
            except (ValueError, LookupError, TypeError):
                return f"no probabilities: {content[:100]!r}"
            if values.shape != (n,):
                return f"{values.shape} values for {n} points"
            versions = self._oracle.valid_versions(MODEL, oldest)
            errors = [np.abs(values - self._oracle.expected(MODEL, version, points)).max() for version in versions]
            return None if min(errors) <= TOLERANCE else f"none of versions {versions}: {min(errors):.1e} off"

        return CheckedRequest(self._dialect.path, check, self._dialect.encode(points).content, predictions=n)
