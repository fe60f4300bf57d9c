"""The Python client of the boundary service: `BoundaryClient`, the values it returns and the errors it raises."""

from client.classifier import RemoteClassifier
from client.client import BoundaryClient
from client.comparison import Comparison, ScoreComparison
from client.display import BoundaryDisplay
from client.errors import (
    ClientError,
    ConnectionFailedError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from client.explorer import Explorer
from client.params import BoundaryParams, VolumeParams
from client.regressor import RemoteRegressor
from client.responses import Boundary, Dataset, Prediction, TrueBoundary
from client.volume import Volume

__all__ = [
    "Boundary",
    "BoundaryClient",
    "BoundaryDisplay",
    "BoundaryParams",
    "ClientError",
    "Comparison",
    "ConnectionFailedError",
    "Dataset",
    "Explorer",
    "ForbiddenError",
    "InvalidError",
    "NotFoundError",
    "Prediction",
    "ProblemError",
    "RemoteClassifier",
    "RemoteRegressor",
    "ScoreComparison",
    "TooLargeError",
    "TrueBoundary",
    "UnauthorizedError",
    "UnavailableError",
    "Volume",
    "VolumeParams",
]
