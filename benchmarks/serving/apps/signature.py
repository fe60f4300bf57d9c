"""The next better way: the SavedModel's own signature, called through TensorFlow behind Flask."""

import tensorflow as tf
from flask import Flask, Response, request

from benchmarks.serving.apps.network import BUNDLE, answer, points_of

module = tf.saved_model.load(str(BUNDLE))  # its variables live as long as it does
serve = module.signatures["serving_default"]

app = Flask(__name__, static_folder=None)


@app.post("/predict")
def predict() -> Response:
    values = serve(points=tf.constant(points_of(request.get_data())))["probabilities"].numpy()
    return Response(answer(values), mimetype="application/json")
