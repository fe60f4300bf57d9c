"""`RemoteClassifier` in the hands of scikit-learn and pandas."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibrationDisplay
from sklearn.inspection import DecisionBoundaryDisplay, permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, accuracy_score, get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.utils.validation import check_is_fitted

from bundle.layout import EXTRAS
from client import BoundaryClient, Dataset, InvalidError, NotFoundError, RemoteClassifier
from harness.app_server import serving_app
from harness.bundles import copy, publish
from tests.conftest import Server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[BoundaryClient]:
    with BoundaryClient(server.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def classifier(client: BoundaryClient) -> RemoteClassifier:
    return RemoteClassifier(client, "tanh-10")


@pytest.fixture(scope="module")
def test_data(client: BoundaryClient) -> Dataset:
    """The points that the comparison's served metrics are of."""
    data = client.dataset()
    held_out = data.split == "test"
    return Dataset(
        data.experiment, data.features, data.points[held_out], data.labels[held_out], data.split[held_out], None
    )


@pytest.fixture
def axes() -> Iterator[Axes]:
    with mpl.rc_context({"backend": "agg"}):
        yield plt.subplots()[1]


def test_it_predicts_what_the_service_predicts(classifier: RemoteClassifier, client: BoundaryClient) -> None:
    points = np.random.default_rng(3).uniform(-1.5, 1.5, (200, 2))
    served = client.predict(points, "tanh-10")
    probabilities = classifier.predict_proba(points)
    assert probabilities.shape == (200, 2)
    assert probabilities.dtype == np.float64
    assert np.array_equal(probabilities[:, 1], served.probabilities)
    assert np.array_equal(probabilities.sum(axis=1), np.ones(200))
    assert np.array_equal(classifier.predict(points), served.labels)
    assert classifier.classes_.tolist() == [0, 1]


def test_it_says_what_it_was_trained_on(classifier: RemoteClassifier, server: Server) -> None:
    assert (classifier.n_features_in_, classifier.feature_names_in_.tolist()) == (2, ["x1", "x2"])
    assert (classifier.model_, classifier.version_) == ("tanh-10", 1)
    default = RemoteClassifier(server.url)
    assert (default.model_, default.version_, default.n_features_in_) == ("tanh-10-10", 1, 2)
    default.client.close()


def test_scikit_learn_takes_it_for_a_fitted_classifier(classifier: RemoteClassifier) -> None:
    check_is_fitted(classifier)
    assert is_classifier(classifier)
    assert not is_regressor(classifier)
    assert clone(classifier) is classifier
    assert classifier.fit([[0, 0]], [0]) is classifier


def test_scikit_learns_metrics_are_the_comparisons(
    classifier: RemoteClassifier, client: BoundaryClient, test_data: Dataset
) -> None:
    X, y = test_data.points, test_data.labels  # noqa: N806
    served = next(record for record in client.comparison() if record["model"] == "tanh-10")
    probabilities = classifier.predict_proba(X)
    assert accuracy_score(y, classifier.predict(X)) == pytest.approx(served["served_accuracy"])
    assert roc_auc_score(y, probabilities[:, 1]) == pytest.approx(served["served_roc_auc"])
    assert log_loss(y, probabilities) == pytest.approx(served["served_log_loss"], rel=1e-4)
    assert classifier.score(X, y) == pytest.approx(served["served_accuracy"])
    assert get_scorer("roc_auc")(classifier, X, y) == pytest.approx(served["served_roc_auc"])
    assert get_scorer("neg_brier_score")(classifier, X, y) == pytest.approx(-served["served_brier"], rel=1e-4)


def test_score_is_the_share_of_right_labels_by_weight(classifier: RemoteClassifier) -> None:
    points, wrong_about_the_second = np.array([[0, 0], [1.4, 1.4]]), [0, 0]
    assert classifier.score(points, wrong_about_the_second) == 0.5
    assert classifier.score(points, wrong_about_the_second, sample_weight=[3, 1]) == 0.75


def test_cross_validation_scores_the_one_model_on_every_fold(classifier: RemoteClassifier, test_data: Dataset) -> None:
    scores = cross_val_score(classifier, test_data.points, test_data.labels, cv=5)
    assert len(scores) == 5
    assert scores.mean() == pytest.approx(classifier.score(test_data.points, test_data.labels), abs=0.01)
    importance = permutation_importance(classifier, test_data.points, test_data.labels, n_repeats=2, random_state=0)
    assert (importance.importances_mean > 0.1).all()


def test_it_travels_to_other_processes(classifier: RemoteClassifier) -> None:
    there = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(there.predict_proba([[0.3, 0.4]]), classifier.predict_proba([[0.3, 0.4]]))
    assert there.client.models() == there.client.models()  # with a cache of its own
    there.client.close()


def test_displays_of_scikit_learn_draw_it(classifier: RemoteClassifier, test_data: Dataset, axes: Axes) -> None:
    X, y = test_data.points, test_data.labels  # noqa: N806
    roc = RocCurveDisplay.from_estimator(classifier, X, y, ax=axes)
    assert roc.roc_auc == pytest.approx(roc_auc_score(y, classifier.predict_proba(X)[:, 1]))
    assert len(CalibrationDisplay.from_estimator(classifier, X, y, ax=axes).prob_true) > 1
    matrix = ConfusionMatrixDisplay.from_estimator(classifier, X, y, ax=axes).confusion_matrix
    assert np.trace(matrix) / matrix.sum() == pytest.approx(classifier.score(X, y))


@pytest.mark.parametrize("response_method", ["predict_proba", "predict", "auto"])
def test_a_decision_boundary_display_shows_the_services_boundary(
    classifier: RemoteClassifier, client: BoundaryClient, axes: Axes, response_method: str
) -> None:
    corners = [[-1.5, -1], [1.5, 1]]
    display = DecisionBoundaryDisplay.from_estimator(
        classifier, np.array(corners), eps=0, grid_resolution=50, response_method=response_method, ax=axes
    )
    grid = client.boundary("tanh-10", y_min=-1, y_max=1, resolution=50)
    if response_method == "predict":
        assert np.array_equal(display.response, grid.values >= 0.5)
    else:
        assert np.abs(display.response - grid.values).max() < 1e-6


def test_data_frames_are_points_with_the_features_names(classifier: RemoteClassifier, axes: Axes) -> None:
    frame = pd.DataFrame({"x1": [-1.0, 0, 1.4], "x2": [0.2, 0, 1.4]})
    assert np.array_equal(classifier.predict_proba(frame), classifier.predict_proba(frame.to_numpy()))
    display = DecisionBoundaryDisplay.from_estimator(classifier, frame, grid_resolution=9, ax=axes)
    assert (display.xlabel, display.response.shape) == ("x1", (9, 9))
    nameless = pd.DataFrame(frame.to_numpy())
    assert np.array_equal(classifier.predict(nameless), classifier.predict(frame))
    with pytest.raises(ValueError, match="the columns are x2, x1; tanh-10 was trained on x1, x2"):
        classifier.predict(frame[["x2", "x1"]])


def test_more_points_than_the_services_limit_are_sent_in_batches(
    classifier: RemoteClassifier, client: BoundaryClient
) -> None:
    grid = client.boundary("tanh-10", resolution=350)
    points = np.stack(np.meshgrid(grid.x, grid.y), axis=-1).reshape(-1, 2)
    assert len(points) > 100_000
    assert np.abs(classifier.predict_proba(points)[:, 1].reshape(350, 350) - grid.values).max() < 1e-6


def test_a_classifier_keeps_its_version_when_a_newer_one_appears(models_dir: Path, tmp_path: Path) -> None:
    models = copy(models_dir, tmp_path / "models", "tanh-3")
    with serving_app(models, default_model="tanh-3") as server, BoundaryClient(server.url) as client:
        before = RemoteClassifier(client)
        first = before.predict_proba([[0.3, 0.4]])
        publish(models_dir / "linear" / "1", models, "tanh-3", 2)
        server.refresh()
        assert client.model("tanh-3")["latest"] == 2
        assert client.predict([[0, 0]]).version == 2
        assert np.array_equal(before.predict_proba([[0.3, 0.4]]), first)
        after = RemoteClassifier(client)
        assert (before.version_, after.version_) == (1, 2)
        assert not np.array_equal(after.predict_proba([[0.3, 0.4]]), first)


def test_a_model_without_a_card_has_no_features_to_name(models_dir: Path, tmp_path: Path) -> None:
    """Within this process, which has TensorFlow already: it needs that, and a gunicorn would load it for seconds."""
    publish(models_dir / "linear" / "1", tmp_path / "models", "foreign", 1, lambda bundle: rmtree(bundle / EXTRAS))
    with serving_app(tmp_path / "models", default_model="foreign") as server, BoundaryClient(server.url) as client:
        classifier = RemoteClassifier(client)
        assert not hasattr(classifier, "feature_names_in_")
        assert not hasattr(classifier, "n_features_in_")
        assert classifier.predict(pd.DataFrame({"a": [0.0], "b": [0.0]})).shape == (1,)


def test_invalid_requests_raise_the_clients_exceptions(client: BoundaryClient, classifier: RemoteClassifier) -> None:
    for points in ([], [0.1, 0.2], [[0.1, 0.2, 0.3]], [[np.nan, 0]]):
        with pytest.raises(InvalidError):
            classifier.predict(points)
    with pytest.raises(InvalidError, match="x1 has no categories"):
        classifier.predict([["a", "b"]])
    with pytest.raises(NotFoundError, match="no model 'nope'"):
        RemoteClassifier(client, "nope").predict([[0, 0]])
    with pytest.raises(NotFoundError, match="no version 9"):
        RemoteClassifier(client, "linear", 9).predict([[0, 0]])
