"""`RemoteClassifier`: a served model with the interface of a scikit-learn classifier. scikit-learn is not required."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from client.client import BoundaryClient
from client.responses import Document, Prediction

if TYPE_CHECKING:
    from sklearn.utils import Tags

MAX_POINTS_PER_REQUEST = 20_000
"""The service's default limits are 100,000 points and 16 MiB, which is 20,000 points of about 35 features. Batches of
20,000 are no slower than batches of 100,000: both take 0.6 s for 200,000 points."""


class RemoteClassifier:
    """A served model with the methods and attributes of a fitted binary classifier of scikit-learn (1.6 or later).

    It works wherever scikit-learn scores, draws or inspects a fitted classifier:
    `sklearn.inspection.DecisionBoundaryDisplay`, `sklearn.metrics.RocCurveDisplay`,
    `sklearn.model_selection.cross_val_score`, scorers. As with `sklearn.frozen.FrozenEstimator`, `fit` does nothing and
    `sklearn.base.clone` returns the same object.

    Parameters
    ----------
    client : BoundaryClient or str
        The client to use, or the service's address.
    model : str, optional
        The model's name. Default: the service's default model.
    version : int, optional
        From 1. Default: the latest version at the first request; later requests then use the same version.

    Attributes
    ----------
    model_ : str
        The name of the model in use.
    version_ : int
        The version in use.
    classes_ : ndarray of int64, shape (2,)
        0 and 1.
    n_features_in_ : int
        The number of features. Undefined, like `feature_names_in_`, for a model without a card.
    feature_names_in_ : ndarray of object, shape (n_features_in_,)
        The features' names on the model's card.

    Notes
    -----
    Points are sent in batches of 20,000, so X may have more rows than the service accepts in one request. Every method
    that sends a request raises the exceptions of `BoundaryClient.predict`.

    Examples
    --------
    >>> from sklearn.inspection import DecisionBoundaryDisplay
    >>> with BoundaryClient() as client:
    ...     data = client.dataset()
    ...     classifier = RemoteClassifier(client, "tanh-3")
    ...     DecisionBoundaryDisplay.from_estimator(classifier, data.points, response_method="predict_proba")
    """

    def __init__(self, client: BoundaryClient | str, model: str | None = None, version: int | None = None) -> None:
        self.client = BoundaryClient(client) if isinstance(client, str) else client
        self.model = model
        self.version = version
        self.classes_ = np.array([0, 1])

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

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803
        """Predict the labels of points.

        Parameters
        ----------
        X : array-like or DataFrame of float, shape (n, d)
            One row per point. If a DataFrame's columns have names, they must be the card's feature names, in order.

        Returns
        -------
        ndarray of int64, shape (n,)
            1 where P(y = 1) is 0.5 or more, else 0.

        Raises
        ------
        ValueError
            If X is ragged or not numbers, or its columns have other names.
        """
        return np.concatenate([prediction.labels for prediction in self._predictions(X)])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the probabilities of both classes, shape (n, 2): P(y = 0) and P(y = 1), which add up to 1.

        X and the exceptions are those of `predict`.
        """
        batches = [prediction.probabilities for prediction in self._predictions(X)]
        p1 = np.concatenate(batches).astype(np.float64)
        return np.stack([1 - p1, p1], axis=1)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the accuracy on points X with labels y, shape (n,): the (weighted) share of correct labels."""
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return float(np.average(self.predict(X) == np.asarray(y), weights=weights))

    def _predictions(self, X: ArrayLike) -> Iterable[Prediction]:  # noqa: N803
        self._check_names(X)
        points = np.asarray(X, dtype=np.float64)
        for first in range(0, max(1, len(points)), MAX_POINTS_PER_REQUEST):
            prediction = self.client.predict(points[first : first + MAX_POINTS_PER_REQUEST], self.model_, self.version_)
            if len(prediction.values):
                raise TypeError(f"{self.model_} gives values, not probabilities: it is no classifier")
            yield prediction

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
    def _card(self) -> Document | None:
        card: Document | None = self.client.model(self.model_, self.version_)["card"]
        return card

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import ClassifierTags, Tags, TargetTags  # noqa: PLC0415 (only scikit-learn calls this)

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags(multi_class=False),
            requires_fit=False,
        )
