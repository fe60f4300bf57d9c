"""The usual naive server: Flask, and Keras' `model.predict` on a network rebuilt with the SavedModel's weights.

A request is one batch. With Keras' default of 32 points, 90,000 points would take 2,813 steps.
"""

import numpy as np
import orjson
import tensorflow as tf
from flask import Flask, Response, request

from benchmarks.serving.apps.network import BUNDLE, parse_points, prediction_json
from bundle import layout
from training.architectures import build

_CARD = orjson.loads((BUNDLE / layout.CARD).read_bytes())

_LAYERS = _CARD["hidden_layers"]
model = build(len(_CARD["features"]), _LAYERS, [_CARD["activation"]] * len(_LAYERS))
model.set_weights([stack[0, -1].numpy() for stack in tf.saved_model.load(str(BUNDLE)).weights])
model.predict(np.zeros((1, 2), np.float32), verbose=0)  # traces before several threads call it

app = Flask(__name__, static_folder=None)


@app.post("/predict")
def predict() -> Response:
    points = parse_points(request.get_data())
    values = model.predict(points, batch_size=len(points), verbose=0)[:, 0]
    return Response(prediction_json(values), mimetype="application/json")
