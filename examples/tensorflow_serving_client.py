"""A client written for TensorFlow Serving: requests and JSON, and nothing specific to this service."""

import json
import os

import requests

URL = os.environ.get("BOUNDARY_URL", "http://127.0.0.1:8000") + "/v1/models/tanh-10-10"
SIGNATURE = "serving_default"


def main() -> None:
    states = requests.get(URL, timeout=10).json()["model_version_status"]
    print("versions:", ", ".join(f"{state['version']} {state['state']}" for state in states))

    signatures = requests.get(f"{URL}/metadata", timeout=10).json()["metadata"]["signature_def"]["signature_def"]
    for name, tensor in signatures[SIGNATURE]["inputs"].items():
        sizes = [int(dim["size"]) for dim in tensor["tensor_shape"]["dim"]]
        print(f"input: {name} {tensor['dtype']} {sizes}")

    body = json.dumps({"signature_name": SIGNATURE, "instances": [[0.1, 0.2], [0.9, -0.4]]})
    answer = requests.post(f"{URL}:predict", data=body, headers={"content-type": "application/json"}, timeout=10)
    answer.raise_for_status()
    print("predictions:", json.loads(answer.text)["predictions"])


if __name__ == "__main__":
    main()
