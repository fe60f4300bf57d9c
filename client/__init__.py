"""The client of the boundary service: `BoundaryClient`, its answers and its errors. It knows HTTP, nothing else."""

from client.answers import Boundary, Dataset, Prediction, TrueBoundary
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
from client.question import BoundaryQuestion

__all__ = [
    "Boundary",
    "BoundaryClient",
    "BoundaryDisplay",
    "BoundaryQuestion",
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
