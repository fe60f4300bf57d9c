"""The client of the boundary service: `BoundaryClient`, its answers and its errors. It knows HTTP, nothing else."""

from client.answers import Boundary, Dataset, Prediction, TrueBoundary
from client.client import BoundaryClient, BoundaryQuestion
from client.comparison import Comparison
from client.errors import (
    ClientError,
    ConnectionFailedError,
    InvalidError,
    NotFoundError,
    ProblemError,
    UnavailableError,
)

__all__ = [
    "Boundary",
    "BoundaryClient",
    "BoundaryQuestion",
    "ClientError",
    "Comparison",
    "ConnectionFailedError",
    "Dataset",
    "InvalidError",
    "NotFoundError",
    "Prediction",
    "ProblemError",
    "TrueBoundary",
    "UnavailableError",
]
