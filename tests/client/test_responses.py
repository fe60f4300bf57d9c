"""What the client returns is printed in one line, whatever its size."""

import numpy as np

from client.display import BoundaryDisplay
from client.responses import Boundary, Dataset, Prediction, TrueBoundary

AXIS = np.linspace(-1, 1, 300)
GRID = np.zeros((300, 300), np.float32)


def test_a_prediction_is_printed_in_one_line() -> None:
    prediction = Prediction("tanh-3", 1, np.zeros(2000, np.float32), np.zeros(2000, np.int64))
    assert str(prediction) == (
        "Prediction(model='tanh-3', version=1, probabilities=<float32 (2000,)>, labels=<int64 (2000,)>)"
    )


def test_a_boundary_is_printed_in_one_line() -> None:
    boundary = Boundary("tanh-3", 1, 500, None, "mean", ("x1", "x2"), AXIS, AXIS, GRID, True, minus="linear")
    assert repr(boundary) == (
        "Boundary(model='tanh-3', version=1, epoch=500, statistic='mean', features=('x1', 'x2'), x=<float64 (300,)>, "
        "y=<float64 (300,)>, values=<float32 (300, 300)>, are_probabilities=True, minus='linear')"
    )
    assert str(BoundaryDisplay(AXIS, AXIS, GRID)) == ("BoundaryDisplay(quantity='probability', features=('x1', 'x2'))")


def test_a_dataset_is_printed_in_one_line() -> None:
    points, labels = np.zeros((2000, 2), np.float32), np.zeros(2000, np.int64)
    dataset = Dataset("e", ("x1", "x2"), points, labels, np.full(2000, "test"), TrueBoundary((0, 0), 1.2))
    assert str(dataset) == (
        "Dataset(experiment='e', features=('x1', 'x2'), points=<float32 (2000, 2)>, labels=<int64 (2000,)>, "
        "split=<str_ (2000,)>, true_boundary=TrueBoundary(center=(0, 0), radius=1.2))"
    )
