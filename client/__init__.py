"""The Python client of the boundary service: `BoundaryClient`, the values it returns and the errors it raises."""

from client.classifier import RemoteClassifier
from client.client import BoundaryClient
from client.comparison import Comparison
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
from client.params import BoundaryParams
from client.responses import Boundary, Dataset, Prediction, TrueBoundary

__all__ = [
    "Boundary",
    "BoundaryClient",
    "BoundaryDisplay",
    "BoundaryParams",
    "ClientError",
    "Comparison",
    "ConnectionFailedError",
    "Dataset",
    "ForbiddenError",
    "InvalidError",
    "NotFoundError",
    "Prediction",
    "ProblemError",
    "RemoteClassifier",
    "TooLargeError",
    "TrueBoundary",
    "UnauthorizedError",
    "UnavailableError",
]
