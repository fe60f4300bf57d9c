"""`RemoteClassifier`: a served model with the interface of a scikit-learn classifier. scikit-learn is not required."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from client.estimator import RemoteEstimator
from client.points import PointsLike
from client.responses import Prediction

if TYPE_CHECKING:
    from sklearn.utils import Tags


class RemoteClassifier(RemoteEstimator):
    """A served model with the methods and attributes of a fitted classifier of scikit-learn (1.6 or later).

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
    classes_ : ndarray of int64 or str, shape (k,)
        0 and 1, or the classes' names in the order of the probabilities; as integers where all of them are such.
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

    @cached_property
    def classes_(self) -> NDArray[Any]:
        names = self._names
        if not names:
            raise AttributeError(f"{self.model_} gives values, not probabilities: it is no classifier")
        are_integers = all(name.lstrip("-").isdecimal() and str(int(name)) == name for name in names)
        return np.array(names, dtype=np.int64 if are_integers else np.str_)

    def predict(self, X: PointsLike) -> NDArray[Any]:  # noqa: N803
        """Predict the labels of points.

        Parameters
        ----------
        X : array-like or DataFrame, shape (n, d)
            One row per point. If a DataFrame's columns have names, they must be the card's feature names, in order. A
            text is the name of a category.

        Returns
        -------
        ndarray of the type of `classes_`, shape (n,)
            Of two classes the second where its probability is 0.5 or more, else the first; of more the most probable
            one.

        Raises
        ------
        ValueError
            If X is ragged, or its columns have other names.
        """
        return np.concatenate([self._labels(prediction) for prediction in self._classified(X)])

    def predict_proba(self, X: PointsLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the probabilities of all classes, shape (n, k), which add up to 1.

        X and the exceptions are those of `predict`.
        """
        batches = [prediction.probabilities for prediction in self._classified(X)]
        p = np.concatenate(batches).astype(np.float64)
        return np.stack([1 - p, p], axis=1) if p.ndim == 1 else p / p.sum(axis=1, keepdims=True)

    def score(self, X: PointsLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the accuracy on points X with labels y, shape (n,): the (weighted) share of correct labels."""
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return float(np.average(self.predict(X) == np.asarray(y), weights=weights))

    @cached_property
    def _names(self) -> list[str]:
        names: list[str] = self._description.get("classes", ["0", "1"])  # an older service has no other
        return names

    def _classified(self, X: PointsLike) -> Iterable[Prediction]:  # noqa: N803
        for prediction in self._predictions(X):
            if len(prediction.values):
                raise TypeError(f"{self.model_} gives values, not probabilities: it is no classifier")
            yield prediction

    def _labels(self, prediction: Prediction) -> NDArray[Any]:
        if not prediction.classes:
            return prediction.labels
        position = {name: i for i, name in enumerate(prediction.classes)}
        labels: NDArray[Any] = self.classes_[[position[label] for label in prediction.labels.tolist()]]
        return labels

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import ClassifierTags, Tags, TargetTags  # noqa: PLC0415 (only scikit-learn calls this)

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags(multi_class=len(self._names) > 2),
            requires_fit=False,
        )
