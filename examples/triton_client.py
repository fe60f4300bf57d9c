"""NVIDIA's Triton client: metadata, and inference with points and probabilities as bytes instead of JSON."""

import os

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

URL = os.environ.get("BOUNDARY_URL", "http://127.0.0.1:8000")
MODEL = "tanh-10-10"


def main() -> None:
    points = np.array([[0.1, 0.2], [0.9, -0.4]], dtype=np.float32)
    scheme, _, address = URL.partition("://")
    with InferenceServerClient(address, ssl=scheme == "https") as client:
        server = client.get_server_metadata()
        print(f"{server['name']} has {', '.join(server['extensions'])}")

        metadata = client.get_model_metadata(MODEL)
        for kind in ("inputs", "outputs"):
            for tensor in metadata[kind]:
                print(f"{kind}: {tensor['name']} {tensor['datatype']} {tensor['shape']}")

        points_input = InferInput("points", list(points.shape), "FP32")
        points_input.set_data_from_numpy(points, binary_data=True)
        result = client.infer(MODEL, [points_input], outputs=[InferRequestedOutput("probabilities", binary_data=True)])
        print("probabilities:", result.as_numpy("probabilities").tolist())


if __name__ == "__main__":
    main()
