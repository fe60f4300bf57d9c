"""`BoundaryClient`: the service's endpoints as methods that take and give NumPy arrays."""

from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self, Unpack
from urllib.parse import quote

import numpy as np
from numpy.typing import ArrayLike

from client.answers import Boundary, Dataset, Document, Prediction
from client.comparison import Comparison
from client.question import BoundaryQuestion, boundary_query
from client.transport import Timeout, Transport

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_CACHE_BYTES = 64 * 2**20
"""Four grids of 2000 × 2000 nodes, or 180 of 300 × 300."""


class BoundaryClient:
    """A client of the boundary service; one session, so one instance a thread.

    Parameters
    ----------
    base_url : str
        Where the service runs, such as `https://example.org/boundaries`.
    api_key : str, optional
        Sent as `Authorization: Bearer`, where the service asks for a key.
    timeout : float or tuple of float
        Seconds to wait for a connection, and between bytes of an answer; one number for both.
    retries : int
        How often a request is sent again when the connection fails, no answer comes in time, or the service is
        unavailable (503), after the time that its Retry-After asks for or else a growing pause. Asking changes
        nothing in the service, so asking twice is safe.
    cache_bytes : int
        How many bytes of answers are kept in memory; 0 keeps none. An answer that is asked for again is asked about by
        its ETag and not sent again if it is still right; one of an explicit version never changes and is not asked
        about again at all. Points are never kept.

    Raises
    ------
    ValueError
        The API key holds something that cannot be sent.

    Notes
    -----
    Every method that asks raises `ConnectionFailedError` if no service answers, and a `ProblemError` if it answers
    with an error: `UnauthorizedError`, `ForbiddenError`, `NotFoundError`, `TooLargeError`, `InvalidError` and
    `UnavailableError` are the usual ones.

    Examples
    --------
    >>> with BoundaryClient() as client:
    ...     client.predict([[0.1, 0.2], [0.9, -0.4]]).labels
    array([0, 1])
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        api_key: str | None = None,
        timeout: Timeout = (3.05, 30),
        retries: int = 3,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        self._transport = Transport(base_url.rstrip("/"), api_key, timeout, retries, cache_bytes)
        self._arguments = (base_url, api_key, timeout, retries, cache_bytes)

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Travel to another process, as scikit-learn's `n_jobs` asks for, as a new client of the same service."""
        return type(self), self._arguments

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def predict(
        self,
        points: ArrayLike,
        model: str | None = None,
        version: int | None = None,
        threshold: float | None = None,
    ) -> Prediction:
        """Predict points with one model.

        Parameters
        ----------
        points : array-like of float, shape (n, d)
            One row a point, one column a feature of the model; finite, within float32.
        model : str, optional
            The model's name; the service's default model if left out.
        version : int, optional
            From 1; the model's latest if left out.
        threshold : float, optional
            The probability in [0, 1] from which on a point is given label 1; 0.5 if left out.

        Returns
        -------
        Prediction
            Which model and version answered, the probabilities P(y = 1), float32 (n,), and the labels, int (n,).

        Raises
        ------
        ValueError
            The points are not an array of numbers: ragged, or something else than numbers.
        InvalidError
            The service refuses the points, the version or the threshold.
        NotFoundError
            There is no such model or version.
        """
        asked = {"points": _rows(points), "model": model, "version": version, "threshold": threshold}
        return self._transport.post("/predict", asked, Prediction.from_document)

    def predict_many(
        self,
        points: ArrayLike,
        models: Sequence[str] | Literal["all"] = "all",
        threshold: float | None = None,
    ) -> dict[str, Prediction]:
        """Predict points with several models, each in its latest version.

        Parameters
        ----------
        points, threshold
            As in `predict`.
        models : sequence of str or "all"
            The models' names.

        Returns
        -------
        dict of str to Prediction
            By the model's name, in the order asked for.

        Raises
        ------
        ValueError, InvalidError, NotFoundError
            As in `predict`.
        """
        names = models if models == "all" else list(models)
        asked = {"points": _rows(points), "models": names, "threshold": threshold}
        return self._transport.post("/predict", asked, _by_model)

    def boundary(
        self, model: str | None = None, version: int | None = None, **question: Unpack[BoundaryQuestion]
    ) -> Boundary:
        """Evaluate a model with two features on a grid.

        Parameters
        ----------
        model, version
            As in `predict`.
        x_min, x_max, y_min, y_max : float, optional
            The grid's ends, min < max; the domain on the model's card where left out.
        resolution : int, optional
            Nodes along each axis, 2 to 2000; 300 if left out.
        replicate : int, optional
            Which training run; 0, the served one, if left out.
        epoch : int, optional
            After which recorded epoch, 0 before training; the last if left out.
        statistic : str, optional
            `probability` of one training run if left out; over all of them `mean`, `std` (standard deviation) or
            `agreement` (share of runs on the majority's side).
        minus : str, optional
            Another model, in its latest version, of the same replicate and epoch, or each after its last: answers with
            the signed difference P(model) - P(minus), of `probability` or `mean`.
        layer, unit : int, optional
            Both counted from 1: answers with the activation of this hidden unit.

        Returns
        -------
        Boundary
            The values, float32 (ny, nx) with a row for each y, the coordinates x (nx,) and y (ny,), and what they are
            of.

        Raises
        ------
        InvalidError
            Something asked for is not allowed or was not recorded, or the model does not have two features.
        NotFoundError
            There is no such model or version.
        TooLargeError
            More nodes than the service evaluates.

        Notes
        -----
        The values travel as a NumPy file, and what they are in a header of the same answer.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     spread = client.boundary("tanh-10", statistic="std", resolution=100)
        ...     spread.values.shape
        (100, 100)
        """
        return self._transport.get_grid("/boundary", boundary_query(model, version, question), Boundary.from_npy)

    def picture(
        self,
        model: str | None = None,
        version: int | None = None,
        *,
        width: int = 800,
        **question: Unpack[BoundaryQuestion],
    ) -> bytes:
        """Return the service's picture of a boundary, a PNG file of `width` (200 to 2000) pixels.

        The other parameters and the errors are those of `boundary`.
        """
        asked = {**boundary_query(model, version, question), "width": width}
        return self._transport.get_file("/boundary", asked, "image/png")

    def comparison(self, experiment: str | None = None) -> Comparison:
        """Return the comparison of an experiment's models; of the default model's experiment if left out.

        Returns
        -------
        Comparison
            A list of flat records, one a model; every pair of models, with paired tests, in its `pairs`.

        Raises
        ------
        NotFoundError
            There is no such experiment.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     comparison = client.comparison()
        >>> pandas.DataFrame(comparison).set_index("model")["accuracy_mean"]
        >>> pandas.DataFrame(comparison.pairs)
        """
        return self._transport.get("/comparison", {"experiment": experiment}, Comparison)

    def comparison_table(self, experiment: str | None = None, kind: Literal["csv", "markdown"] = "csv") -> str:
        """Return the comparison as a table, one row a model: CSV with the numbers in full, or Markdown to be read.

        The errors are those of `comparison`.
        """
        return self._transport.get_file("/comparison", {"experiment": experiment}, f"text/{kind}").decode()

    def comparison_picture(self, experiment: str | None = None, width: int = 900) -> bytes:
        """Return the service's picture of every run's accuracy, a PNG file of `width` (200 to 2000) pixels.

        Raises
        ------
        InvalidError
            The width is not allowed.
        NotFoundError
            There is no such experiment.
        """
        return self._transport.get_file("/comparison", {"experiment": experiment, "width": width}, "image/png")

    def models(self) -> Document:
        """Return what is served: `default_model`, and `models` with the state of each version, newest first."""
        return self._transport.get("/models", {}, _document)

    def model(self, name: str, version: int | None = None) -> Document:
        """Describe a model, or one of its versions.

        The key `card` holds its architecture, features, training protocol and metrics; None for a model without one.
        Without a version the card is that of the `latest`, and `versions` holds the state of each.

        Raises
        ------
        NotFoundError
            There is no such model or version.
        """
        path = f"/models/{quote(name, safe='')}" + ("" if version is None else f"/versions/{version}")
        return self._transport.get(path, {}, _document)

    def dataset(self, experiment: str | None = None) -> Dataset:
        """Return the data of an experiment's served replicate; of the default model's experiment if left out.

        Returns
        -------
        Dataset
            The points, float32 (n, d), their labels (n,), and for each the part that it was in.

        Raises
        ------
        NotFoundError
            There is no such experiment.
        """
        return self._transport.get("/dataset", {"experiment": experiment}, Dataset.from_document)


def _rows(points: ArrayLike) -> object:
    return np.asarray(points, dtype=np.float64).tolist()


def _by_model(document: Document) -> dict[str, Prediction]:
    return {found["model"]: Prediction.from_document(found) for found in document["predictions"]}


def _document(document: Document) -> Document:
    return document
