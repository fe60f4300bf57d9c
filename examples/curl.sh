#!/bin/sh
# The same two points, sent to the service's three interfaces with curl.
set -eu
url=${BOUNDARY_URL:-http://127.0.0.1:8000}

ask() {
    curl -fsS "$@"
    echo
}

echo "Its own interface: a prediction, and a boundary on 3 × 3 nodes"
ask "$url/predict" -H 'Content-Type: application/json' \
    -d '{"points": [[0.1, 0.2], [0.9, -0.4]], "model": "tanh-10-10"}'
ask "$url/boundary?model=tanh-10-10&resolution=3"

echo "TensorFlow Serving's REST API v1: in rows, in columns, and the state of the model's versions"
ask "$url/v1/models/tanh-10-10:predict" -d '{"instances": [[0.1, 0.2], [0.9, -0.4]]}'
ask "$url/v1/models/tanh-10-10:predict" -d '{"inputs": {"points": [[0.1, 0.2], [0.9, -0.4]]}}'
ask "$url/v1/models/tanh-10-10"

echo "Open Inference Protocol v2: a prediction, and the model's inputs and outputs"
ask "$url/v2/models/tanh-10-10/infer" -H 'Content-Type: application/json' \
    -d '{"inputs": [{"name": "points", "shape": [2, 2], "datatype": "FP32", "data": [0.1, 0.2, 0.9, -0.4]}]}'
ask "$url/v2/models/tanh-10-10"
