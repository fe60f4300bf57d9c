#!/bin/sh
# The calls of TensorFlow Serving's own guide (https://www.tensorflow.org/tfx/serving/api_rest), with another host and
# another model; the models here take two numbers where the guide's takes one. Behind `docker compose up`:
#
#     BOUNDARY_URL=http://127.0.0.1:8080 sh examples/tensorflow_serving.sh
set -eu
host=${BOUNDARY_URL:-http://127.0.0.1:8000}

curl -sS "$host/v1/models/tanh-10-10"
echo
curl -sS "$host/v1/models/tanh-10-10/metadata" | grep -o '"serving_default":.*'
curl -sS -d '{"instances": [[0.1, 0.2], [0.9, -0.4]]}' -X POST "$host/v1/models/tanh-10-10:predict"
echo
curl -sS -d '{"instances": [[0.1, 0.2]]}' -X POST "$host/v1/models/half:predict" -w '\nstatus %{http_code}\n'
