"""The usual way: Keras' `model.predict` behind Flask. The network is rebuilt, and takes the SavedModel's weights.

It gets one batch a request; Keras' own 32 would make 2,813 steps of 90,000 points.
"""

import numpy as np
import orjson
import tensorflow as tf
from flask import Flask, Response, request

from benchmarks.serving.apps.network import BUNDLE, answer, points_of
from bundle import layout
from training.architectures import build

_CARD = orjson.loads((BUNDLE / layout.CARD).read_bytes())

model = build(len(_CARD["features"]), _CARD["hidden_layers"], _CARD["activation"])
model.set_weights([stack[0, -1].numpy() for stack in tf.saved_model.load(str(BUNDLE)).weights])
model.predict(np.zeros((1, 2), np.float32), verbose=0)  # traced before requests come in several threads

app = Flask(__name__, static_folder=None)


@app.post("/predict")
def predict() -> Response:
    points = points_of(request.get_data())
    values = model.predict(points, batch_size=len(points), verbose=0)[:, 0]
    return Response(answer(values), mimetype="application/json")
