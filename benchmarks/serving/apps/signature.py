"""A better naive server: Flask, and the SavedModel's signature called through TensorFlow."""

import tensorflow as tf
from flask import Flask, Response, request

from benchmarks.serving.apps.network import BUNDLE, parse_points, prediction_json

module = tf.saved_model.load(str(BUNDLE))  # its variables live as long as it does
serve = module.signatures["serving_default"]

app = Flask(__name__, static_folder=None)


@app.post("/predict")
def predict() -> Response:
    values = serve(points=tf.constant(parse_points(request.get_data())))["probabilities"].numpy()
    return Response(prediction_json(values), mimetype="application/json")
