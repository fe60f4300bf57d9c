"""`RemoteClassifier`: a served model as scikit-learn's classifiers are used. It does not need scikit-learn itself."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from client.answers import Document, Prediction
from client.client import BoundaryClient

if TYPE_CHECKING:
    from sklearn.utils import Tags

POINTS_AT_ONCE = 20_000
"""Points of one request. The service takes 100,000 unless it is configured otherwise, and 16 MiB, which are 20,000
points of some 35 features. 200,000 take as long in parts of 20,000 as in parts of 100,000: 0.6 s."""


class RemoteClassifier:
    """A served model with the methods and attributes of a fitted binary classifier of scikit-learn (1.6 or later).

    What scores, draws or inspects fitted classifiers takes it: `sklearn.inspection.DecisionBoundaryDisplay`,
    `sklearn.metrics.RocCurveDisplay`, `sklearn.model_selection.cross_val_score`, scorers. As with
    `sklearn.frozen.FrozenEstimator`, `fit` does nothing and `sklearn.base.clone` gives back the same classifier.

    Parameters
    ----------
    client : BoundaryClient or str
        Whom to ask, or the service's address.
    model : str, optional
        The model's name; the service's default model if left out.
    version : int, optional
        From 1; if left out, the latest when something is first asked. All that follows is asked of the same version.

    Attributes
    ----------
    model_ : str
        The model that answers.
    version_ : int
        The version that answers.
    classes_ : ndarray of int64, shape (2,)
        0 and 1.
    n_features_in_ : int
        How many columns X has.
    feature_names_in_ : ndarray of object, shape (n_features_in_,)
        What the model's card calls them. There is neither of the two for a model without a card.

    Notes
    -----
    Points are sent 20,000 at a time, so X may have more rows than the service takes at once. Every method that asks
    raises what `BoundaryClient.predict` raises.

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
        """Label points.

        Parameters
        ----------
        X : array-like or DataFrame of float, shape (n, d)
            One row a point. A DataFrame has the columns that the card names, in that order, or none with names.

        Returns
        -------
        ndarray of int64, shape (n,)
            1 where P(y = 1) is 0.5 or more, else 0.

        Raises
        ------
        ValueError
            X is ragged, or holds something else than numbers, or its columns have other names.
        """
        return np.concatenate([found.labels for found in self._predictions(X)])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the probabilities of both classes, shape (n, 2): P(y = 0) and P(y = 1), which add up to 1.

        X and what is raised are those of `predict`.
        """
        ones = np.concatenate([found.probabilities for found in self._predictions(X)]).astype(np.float64)
        return np.stack([1 - ones, ones], axis=1)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the accuracy on points X with labels y, shape (n,): the (weighted) share of right labels."""
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return float(np.average(self.predict(X) == np.asarray(y), weights=weights))

    def _predictions(self, X: ArrayLike) -> Iterable[Prediction]:  # noqa: N803
        self._check_names(X)
        points = np.asarray(X, dtype=np.float64)
        for first in range(0, max(1, len(points)), POINTS_AT_ONCE):
            yield self.client.predict(points[first : first + POINTS_AT_ONCE], self.model_, self.version_)

    def _check_names(self, X: object) -> None:  # noqa: N803
        """Raise ValueError where a DataFrame's columns are named, but not as the features: they may be swapped."""
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
        from sklearn.utils import ClassifierTags, Tags, TargetTags  # noqa: PLC0415 (whoever asks has it)

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags(multi_class=False),
            requires_fit=False,
        )
