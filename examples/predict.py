"""The project's Python client: predictions of two models, a boundary, and the comparison as records."""

import os

from boundary_service.client import BoundaryClient

URL = os.environ.get("BOUNDARY_URL", "http://127.0.0.1:8000")
POINTS = [[0.1, 0.2], [0.9, -0.4]]


def main() -> None:
    with BoundaryClient(URL) as client:
        for name, prediction in client.predict_many(POINTS, ["linear", "tanh-10-10"]).items():
            print(f"{name}: P(y = 1) = {prediction.probabilities.tolist()}, so {prediction.labels.tolist()}")

        boundary = client.boundary("tanh-10-10", resolution=200)
        print(f"{boundary.model}: {(boundary.values < 0.5).sum()} of {boundary.values.size} nodes are class 0")

        for record in client.comparison():  # pandas.DataFrame takes these
            low, high = record["accuracy_ci95_low"], record["accuracy_ci95_high"]
            print(f"{record['model']}: accuracy {record['accuracy_mean']:.3f}, 95% from {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
