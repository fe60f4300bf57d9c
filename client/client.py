"""`BoundaryClient`: the service's endpoints as methods that take and return NumPy arrays."""

import io
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from client.comparison import Comparison, ScoreComparison, Scores, records_of
from client.explorer import HEIGHT, Explorer, address_of, obstacle_of
from client.params import BoundaryParams, VolumeParams, boundary_query, volume_query
from client.points import PointsLike, to_rows
from client.responses import Boundary, Dataset, Document, Prediction
from client.studies import Names, Where, frame_of, load_pandas, rows_query
from client.transport import Timeout, Transport
from client.volume import Volume

if TYPE_CHECKING:
    from pandas import DataFrame

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_CACHE_BYTES = 64 * 2**20
"""Four grids of 2000 × 2000 nodes, or 180 of 300 × 300."""


class BoundaryClient:
    """A client of the boundary service. It holds one HTTP session, so use one instance per thread.

    Parameters
    ----------
    base_url : str
        The service's address, such as `https://example.org/boundaries`; without a scheme, `http://`.
    api_key : str, optional
        Sent as `Authorization: Bearer`, for a service that requires a key.
    timeout : float or tuple of float
        Seconds to wait for a connection, and between two bytes of a response. One number sets both.
    retries : int
        How often a request is sent again after a failed connection, a timeout or a 503. The client waits for the
        response's Retry-After, or else for exponentially longer pauses. No request changes anything in the service,
        so a repeated one is safe.
    cache_bytes : int
        Size of the response cache in memory; 0 disables it. A cached response is revalidated by its ETag, and the
        service sends it again only if it has changed. The response for an explicit version never changes and is not
        revalidated. Predictions are not cached.

    Raises
    ------
    ValueError
        If the API key contains characters that a header cannot.

    Notes
    -----
    Every method that sends a request raises `ConnectionFailedError` if no service answers, and a `ProblemError` if it
    responds with an error: usually an `UnauthorizedError`, `ForbiddenError`, `NotFoundError`, `TooLargeError`,
    `InvalidError` or `UnavailableError`.

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
        """Pickle as a new client of the same service: scikit-learn's `n_jobs` sends clients to other processes."""
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
        points: PointsLike,
        model: str | None = None,
        version: int | None = None,
        threshold: float | None = None,
    ) -> Prediction:
        """Predict the labels of points with one model.

        Parameters
        ----------
        points : array-like of float, shape (n, d)
            One row per point, one column per feature of the model. Finite, and within float32's range. For a feature
            with categories the name of one may stand in place of its position, as in a DataFrame; NaN or None for a
            missing value, where the model fills it in.
        model : str, optional
            The model's name. Default: the service's default model.
        version : int, optional
            From 1. Default: the model's latest version.
        threshold : float, optional
            In [0, 1]. A point gets label 1 if P(y = 1) is at least this. For two classes only. Default: 0.5.

        Returns
        -------
        Prediction
            The model and version that answered, the probabilities P(y = 1), float32 (n,), and the labels, int (n,), or
            the classes' names where they have some; of k > 2 classes each one's probability, (n, k). In their place the
            values, float32 (n,), of a model that gives no probabilities.

        Raises
        ------
        ValueError
            If the points are ragged.
        InvalidError
            If the service rejects the points, the version or the threshold.
        NotFoundError
            If there is no such model or version.
        """
        body = {"points": to_rows(points), "model": model, "version": version, "threshold": threshold}
        return self._transport.post("/predict", body, Prediction.from_document)

    def predict_many(
        self,
        points: PointsLike,
        models: Sequence[str] | Literal["all"] = "all",
        threshold: float | None = None,
    ) -> dict[str, Prediction]:
        """Predict the labels of points with the latest versions of several models.

        Parameters
        ----------
        points, threshold
            As in `predict`.
        models : sequence of str or "all"
            The models' names.

        Returns
        -------
        dict of str to Prediction
            The predictions by the model's name, in the order of `models`.

        Raises
        ------
        ValueError, InvalidError, NotFoundError
            As in `predict`.
        """
        names = models if models == "all" else list(models)
        body = {"points": to_rows(points), "models": names, "threshold": threshold}
        return self._transport.post("/predict", body, _by_model)

    def boundary(
        self, model: str | None = None, version: int | None = None, **params: Unpack[BoundaryParams]
    ) -> Boundary:
        """Evaluate a model on a grid over two of its features.

        Parameters
        ----------
        model, version
            As in `predict`.
        x, y : str, optional
            The names of the two features. Default: the first two.
        hold : mapping or str, optional
            Values of the other features by name, or `row:<i>`, a point of `dataset()`. Default: each one's median.
        average : str, optional
            `data`: the other features are not held but averaged over the data (partial dependence).
        class_ : str, optional
            The class whose probability is shown. Default: of two classes the second; of more the most probable one at
            each node, whose position is in `labels`.
        x_min, x_max, y_min, y_max : float, optional
            The grid's ends, min < max. Default: the domain on the model's card.
        resolution : int, optional
            Nodes along each axis, 2 to 2000. Default: 300.
        replicate : int, optional
            The training run. Default: 0, the served run.
        epoch : int, optional
            A recorded epoch; 0 is before training. Default: the last one.
        statistic : str, optional
            `probability` of one training run, of a regression its value; over all runs `mean`, `std` (standard
            deviation) or `agreement` (share of runs that give the majority's label). Default: `probability`.
        minus : str, optional
            Another model. The values are then the signed differences P(model) - P(minus), of `probability` or `mean`.
            The latest version of `minus` is used, for the same replicate and epoch; by default each model's last epoch.
        layer, unit : int, optional
            A hidden unit, both numbers counted from 1. The values are then its activations.

        Returns
        -------
        Boundary
            The values, float32 (ny, nx) with one row for each y, the coordinates x (nx,) and y (ny,), and what the
            values measure.

        Raises
        ------
        InvalidError
            If a parameter is invalid or was not recorded.
        NotFoundError
            If there is no such model or version.
        TooLargeError
            If the grid has more nodes than the service evaluates.

        Notes
        -----
        The service sends the values as a NumPy file, and their description in a header of the same response.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     spread = client.boundary("tanh-10", statistic="std", resolution=100)
        ...     spread.values.shape
        (100, 100)
        """
        return self._transport.get_grid("/boundary", boundary_query(model, version, params), Boundary.from_npy)

    def picture(
        self,
        model: str | None = None,
        version: int | None = None,
        *,
        width: int = 800,
        **params: Unpack[BoundaryParams],
    ) -> bytes:
        """Return the service's picture of a boundary, a PNG file of `width` (200 to 2000) pixels.

        The other parameters and the exceptions are those of `boundary`.
        """
        query = {**boundary_query(model, version, params), "width": width}
        return self._transport.get_file("/boundary", query, "image/png")

    def volume(self, model: str | None = None, version: int | None = None, **params: Unpack[VolumeParams]) -> Volume:
        """Evaluate a model on a block over three of its features.

        Parameters
        ----------
        model, version
            As in `predict`.
        x, y, z : str, optional
            The names of the three features. Default: the first that are left.
        hold, class_, replicate, epoch
            As in `boundary`; a model with more than two classes needs a class.
        resolution : int, optional
            Nodes along each axis, 2 to 128. Default: 32.

        Returns
        -------
        Volume
            The values, float32 (nz, ny, nx), and the coordinates.

        Raises
        ------
        InvalidError, NotFoundError, TooLargeError
            As in `boundary`.
        """
        return self._transport.get_grid("/volume", volume_query(model, version, params), Volume.from_npy)

    def surface(
        self,
        model: str | None = None,
        version: int | None = None,
        *,
        level: float | None = None,
        **params: Unpack[VolumeParams],
    ) -> bytes:
        """Return the surface on which a model's probability is `level`, 0.5 by default, as a glTF file (`.glb`).

        A regression needs a level. The other parameters and the exceptions are those of `volume`.
        """
        query = {**volume_query(model, version, params), "level": level}
        return self._transport.get_file("/volume", query, "model/gltf-binary")

    def explore(
        self,
        model: str | None = None,
        *,
        replicate: int | None = None,
        epoch: int | None = None,
        statistic: str | None = None,
        height: int = HEIGHT,
        page: str | None = None,
    ) -> Explorer:
        """Show the explorer in a notebook: every model's map at every epoch, for any training run.

        Parameters
        ----------
        model : str, optional
            A model to look inside: its network with each unit's map is shown below the maps.
        replicate, epoch, statistic : optional
            What is shown first, as in `boundary`.
        height : int
            Of the frame, in pixels.
        page : str, optional
            Where the notebook's browser finds the pages, if not at the client's address: behind a proxy, such as
            `/proxy/8000/` of the notebook's server, or saved by `python -m service.site` on any web server.

        Returns
        -------
        Explorer
            What a notebook shows as the last value of a cell. It has the `address` of the view.

        Raises
        ------
        NotFoundError
            If the service has no such model. With a `page` it is not asked.

        Notes
        -----
        The service has to let the notebook's page show it in a frame, by SERVICE_FRAME_ANCESTORS. If it does not, a
        link is shown. Saved pages need no such thing.

        Examples
        --------
        >>> client.explore("tanh-10-10", epoch=66)
        """
        if model is not None and page is None:
            self.model(model)
        sections = "boundaries" if model is None else "boundaries,inside"
        view = {"only": sections, "inside": model, "run": replicate, "epoch": epoch, "statistic": statistic}
        obstacle = "" if page is not None else obstacle_of(self._transport.page_policy("/"))
        return Explorer(address_of(page or self._arguments[0], view), height, obstacle)

    def comparison(
        self, experiment: str | None = None, rope: float | None = None, score: str | None = None
    ) -> Comparison:
        """Return the comparison of an experiment's models. Default: the default model's experiment.

        Parameters
        ----------
        experiment : str, optional
            Its name.
        rope : float, optional
            The region of practical equivalence: a difference of at most this much is none. Default: 0.005.
        score : str, optional
            What pairs are compared by: `accuracy`, `own_accuracy`, `population_accuracy` or the name of a metric.
            Default: the accuracy; in a regression R².

        Returns
        -------
        Comparison
            A list of flat records, one per model. Its `pairs` has one record per pair of models, with paired tests.

        Raises
        ------
        NotFoundError
            If there is no such experiment.
        InvalidError
            If not all models have the score.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     comparison = client.comparison()
        >>> pandas.DataFrame(comparison).set_index("model")["accuracy_mean"]
        >>> pandas.DataFrame(comparison.pairs)
        """
        return self._transport.get("/comparison", {"experiment": experiment, "rope": rope, "score": score}, Comparison)

    def comparison_table(
        self,
        experiment: str | None = None,
        kind: Literal["csv", "markdown"] = "csv",
        table: str | None = None,
        rope: float | None = None,
        score: str | None = None,
    ) -> str:
        """Return the comparison as a table: CSV in full precision, or rounded Markdown.

        `table` says what a row is of: `models` (the default), `pairs`, `sensitivity` or `variance`. The other
        parameters and the exceptions are those of `comparison`.
        """
        query = {"experiment": experiment, "table": table, "rope": rope, "score": score}
        return self._transport.get_file("/comparison", query, f"text/{kind}").decode()

    def comparison_picture(
        self,
        experiment: str | None = None,
        width: int = 900,
        picture: str | None = None,
        rope: float | None = None,
        score: str | None = None,
    ) -> bytes:
        """Return a picture of the comparison, a PNG file of `width` (200 to 2000) pixels.

        `picture` is `runs` (every run, the default), `forest` (every pair), `map` (the score over the models' size),
        `sensitivity`, `variance` or `reliability`. The other parameters are those of `comparison`.

        Raises
        ------
        InvalidError
            If the width is out of range, or the experiment has nothing for this picture.
        NotFoundError
            If there is no such experiment.
        """
        query = {"experiment": experiment, "width": width, "picture": picture, "rope": rope, "score": score}
        return self._transport.get_file("/comparison", query, "image/png")

    def compare(
        self, scores: Scores, rope: float | None = None, higher_is_better: bool | None = None, **columns: str | None
    ) -> ScoreComparison:
        """Compare models by scores of their runs, wherever these were measured.

        Parameters
        ----------
        scores : iterable of mappings, DataFrame or path
            Records with `model`, `score` (None or NaN of a run that came to nothing), and `run` and `dataset` where
            known; or the path of a CSV file, as MLflow, W&B or TensorBoard export it, with a row for each run or a
            column for each model. Runs with common names are paired.
        rope : float, optional
            A difference of at most this much, in units of the score, is none. Default: 0.005.
        higher_is_better : bool, optional
            Default: by the score's name.
        **columns : str
            Of a file: the columns `score`, `model`, `run` and `dataset`, where they are not recognized.

        Returns
        -------
        ScoreComparison
            A list of flat records, one per model. Its `pairs` has the verdicts, its `notes` what was taken.

        Raises
        ------
        InvalidError
            If the scores cannot be compared.
        TooLargeError
            If they are too many.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     for pair in client.compare("runs.csv").pairs:
        ...         print(pair["words"])
        """
        query = {"rope": rope, "higher_is_better": higher_is_better, **columns}
        if isinstance(scores, str | Path):
            content = Path(scores).read_bytes()
            return self._transport.post_file("/comparison", content, "text/csv", query, ScoreComparison)
        return self._transport.post("/comparison", {"scores": records_of(scores)}, ScoreComparison, query)

    def models(self) -> Document:
        """Return the name of the `default_model`, and all `models` with the state of each version, newest first."""
        return self._transport.get("/models", {}, _document)

    def model(self, name: str, version: int | None = None) -> Document:
        """Return the description of a model, or of one of its versions.

        `card` has the architecture, features, training protocol and metrics; None for a model without a card. Without
        a `version`, `card` is that of the `latest` version, and `versions` has the state of each.

        Raises
        ------
        NotFoundError
            If there is no such model or version.
        """
        path = f"/models/{quote(name, safe='')}" + ("" if version is None else f"/versions/{version}")
        return self._transport.get(path, {}, _document)

    def studies(self) -> list[Document]:
        """Return the studies: name, title, how many cells are finished and failed, and what came of the claims."""
        found: list[Document] = self._transport.get("/studies", {}, lambda document: document["studies"])
        return found

    def study(self, name: str) -> Document:
        """Return a study: its factors, cells, failures, and claims with their outcomes and sentences.

        Its `rows`, below `columns`, are what each cell's runs sum up to at their last epoch.

        Raises
        ------
        NotFoundError
            If there is no such study.
        """
        return self._transport.get(_study(name), {"group": "cell"}, lambda document: document)

    def study_rows(
        self, name: str, where: Where | None = None, group: Names | None = None, metric: Names | None = None
    ) -> "DataFrame":
        """Return rows of a study as a `pandas.DataFrame`: a row for each run and recorded epoch, or for each group.

        Parameters
        ----------
        name : str
            The study's.
        where : mapping or str, optional
            Conditions by column, such as `{"activation": ["tanh", "relu"], "n_samples": ">=100", "epoch": "last"}`;
            None is for cells that have no such level. Default: all rows.
        group : str or sequence of str, optional
            Columns: the rows are then `count`, `mean`, `sd`, `ci95_low`, `ci95_high`, `min`, `median` and `max` of the
            metric by their levels, at the last epoch unless `epoch` is among the columns or in `where`.
        metric : str or sequence of str, optional
            What groups are summed up by, by default the study's own; of rows the metrics they have, by default all.

        Raises
        ------
        ImportError
            If pandas is not installed.
        InvalidError
            If there is no such column, or rows cannot be grouped by it.
        NotFoundError
            If there is no such study.
        TooLargeError
            If these are more rows than the service sends at once.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     frame = client.study_rows("units", where={"epoch": "last"})
        >>> frame.groupby("width")["test_accuracy"].mean()
        """
        load_pandas()
        return frame_of(self._transport.get_file(_study(name), rows_query(where, group, metric), "text/csv"))

    def study_boundaries(self, name: str) -> NDArray[np.uint8]:
        """Return what the runs of each cell make of a plane, uint8 (cells, 2, n, n), in the order of the study's cells.

        First the mean of P(y = 1) from 0 to 255, of several classes the position of the most frequent one, in a
        regression the mean on the map's scale; then the share of runs that agree, of 254, or 255 where runs have no
        labels. All of a cell without a map is 0. `study(name)["maps"]` says which plane it is.
        """
        content = self._transport.get_file(f"{_study(name)}/boundaries", {}, "application/x-npy")
        return np.asarray(np.load(io.BytesIO(content)), np.uint8)

    def study_picture(
        self,
        name: str,
        picture: Literal["map", "curves", "gradients"] = "map",
        x: str | None = None,
        y: str | None = None,
        where: Where | None = None,
        metric: str | None = None,
        width: int = 900,
    ) -> bytes:
        """Return a picture of a study, a PNG file of `width` (200 to 2000) pixels.

        `picture` is `map` (boundaries over the factors x and y), `curves` (the metric along x, a factor or `epoch`,
        with a line for each level of y) or `gradients` (norms by layer, with a line for each level of x and a panel for
        each of y). Factors that are left out are chosen by the study. The rest is as in `study_rows`.
        """
        query = {**rows_query(where, None, metric), "picture": picture, "x": x, "y": y, "width": width}
        return self._transport.get_file(_study(name), query, "image/png")

    def dataset(self, experiment: str | None = None) -> Dataset:
        """Return the data set of an experiment's served replicate. Default: the default model's experiment.

        Returns
        -------
        Dataset
            The points, float32 (n, d), with the label (n,) and the split (n,) of each.

        Raises
        ------
        NotFoundError
            If there is no such experiment.
        """
        return self._transport.get("/dataset", {"experiment": experiment}, Dataset.from_document)


def _by_model(document: Document) -> dict[str, Prediction]:
    predictions = map(Prediction.from_document, document["predictions"])
    return {prediction.model: prediction for prediction in predictions}


def _document(document: Document) -> Document:
    return document


def _study(name: str) -> str:
    return f"/studies/{quote(name, safe='')}"
