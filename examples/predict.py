"""The project's Python client: predictions of two models, a boundary, and the comparison."""

import os

from client import BoundaryClient

URL = os.environ.get("BOUNDARY_URL", "http://127.0.0.1:8000")
POINTS = [[0.1, 0.2], [0.9, -0.4]]


def main() -> None:
    with BoundaryClient(URL) as client:
        for name, prediction in client.predict_many(POINTS, ["linear", "tanh-10-10"]).items():
            print(f"{name} says P(y = 1) = {prediction.probabilities.round(4)}, so {prediction.labels}")

        boundary = client.boundary("tanh-10-10", resolution=200)
        inside = (boundary.values < 0.5).mean()
        print(f"{boundary.model} calls {inside:.1%} of {boundary.values.shape} nodes class 0")

        print(client.comparison_table(kind="markdown"), end="")


if __name__ == "__main__":
    main()
