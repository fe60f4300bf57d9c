"""`RemoteRegressor`: a served model with the interface of a scikit-learn regressor. scikit-learn is not required."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from client.estimator import RemoteEstimator
from client.points import PointsLike

if TYPE_CHECKING:
    from sklearn.utils import Tags


class RemoteRegressor(RemoteEstimator):
    """A served model with the methods and attributes of a fitted regressor of scikit-learn (1.6 or later).

    It works wherever scikit-learn scores or inspects a fitted regressor: `sklearn.inspection.PartialDependenceDisplay`,
    `sklearn.metrics.PredictionErrorDisplay`, `sklearn.model_selection.cross_val_score`, scorers. `fit` does nothing and
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
    n_features_in_ : int
        The number of features. Undefined, like `feature_names_in_`, for a model without a card.
    feature_names_in_ : ndarray of object, shape (n_features_in_,)
        The features' names on the model's card.

    Examples
    --------
    >>> with BoundaryClient() as client:
    ...     data = client.dataset("diabetes")
    ...     RemoteRegressor(client, "diabetes-tanh-10").score(data.points, data.labels)
    """

    def predict(self, X: PointsLike) -> NDArray[np.float64]:  # noqa: N803
        """Predict the values of points.

        Parameters
        ----------
        X : array-like or DataFrame, shape (n, d)
            One row per point. If a DataFrame's columns have names, they must be the card's feature names, in order. A
            text is the name of a category.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If X is ragged, or its columns have other names.
        TypeError
            If the model gives probabilities.
        """
        values = []
        for prediction in self._predictions(X):
            if not len(prediction.values):
                raise TypeError(f"{self.model_} gives probabilities, not values: it is no regressor")
            values.append(prediction.values)
        return np.concatenate(values).astype(np.float64)

    def score(self, X: PointsLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return R² on points X with targets y, shape (n,): 1 is exact, 0 no better than the (weighted) mean of y.

        Where all of y are equal it is 1 if they are met exactly, else 0, as in scikit-learn.
        """
        targets = np.asarray(y, dtype=np.float64)
        weights = np.ones_like(targets) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        unexplained = float((weights * (targets - self.predict(X)) ** 2).sum())
        spread = float((weights * (targets - np.average(targets, weights=weights)) ** 2).sum())
        if spread == 0:
            return float(unexplained == 0)
        return 1 - unexplained / spread

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import RegressorTags, Tags, TargetTags  # noqa: PLC0415 (only scikit-learn calls this)

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=False),
            regressor_tags=RegressorTags(),
            requires_fit=False,
        )
