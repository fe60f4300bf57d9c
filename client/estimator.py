"""What a served model has in common with every fitted estimator of scikit-learn. scikit-learn is not required."""

from collections.abc import Iterable
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from client.client import BoundaryClient
from client.points import PointsLike, as_points
from client.responses import Document, Prediction

MAX_POINTS_PER_REQUEST = 20_000
"""The service's default limits are 100,000 points and 16 MiB, which is 20,000 points of about 35 features. Batches of
20,000 are no slower than batches of 100,000: both take 0.6 s for 200,000 points."""


class RemoteEstimator:
    """A served model, asked by the methods that scikit-learn calls. `RemoteClassifier` and `RemoteRegressor` are it."""

    def __init__(self, client: BoundaryClient | str, model: str | None = None, version: int | None = None) -> None:
        self.client = BoundaryClient(client) if isinstance(client, str) else client
        self.model = model
        self.version = version

    @property
    def model_(self) -> str:
        return self._served[0]

    @property
    def version_(self) -> int:
        return self._served[1]

    @property
    def n_features_in_(self) -> int:
        return len(self.feature_names_in_)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        if self._card is None:
            raise AttributeError(f"{self.model_} has no card that names its features")
        return np.array([feature["name"] for feature in self._card["features"]], dtype=object)

    def fit(self, X: object, y: object = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Do nothing: the model was trained before it was served."""
        return self

    def _predictions(self, X: PointsLike) -> Iterable[Prediction]:  # noqa: N803
        self._check_names(X)
        points = as_points(X)
        for first in range(0, max(1, len(points)), MAX_POINTS_PER_REQUEST):
            yield self.client.predict(points[first : first + MAX_POINTS_PER_REQUEST], self.model_, self.version_)

    def _check_names(self, X: object) -> None:  # noqa: N803
        """Raise ValueError if a DataFrame's columns do not have the features' names: they may be swapped."""
        names = list(getattr(X, "columns", []))
        if not names or not all(isinstance(name, str) for name in names) or self._card is None:
            return
        if names != self.feature_names_in_.tolist():
            expected = ", ".join(self.feature_names_in_)
            raise ValueError(f"the columns are {', '.join(names)}; {self.model_} was trained on {expected}")

    @cached_property
    def _served(self) -> tuple[str, int]:
        name = self.client.models()["default_model"] if self.model is None else self.model
        return name, self.client.model(name)["latest"] if self.version is None else self.version

    @cached_property
    def _description(self) -> Document:
        return self.client.model(self.model_, self.version_)

    @property
    def _card(self) -> Document | None:
        card: Document | None = self._description["card"]
        return card

    def __sklearn_clone__(self) -> Self:
        return self
