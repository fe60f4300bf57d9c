"""TensorFlow Serving's REST API v1: status, metadata and predict, with its texts where something is wrong.

https://www.tensorflow.org/tfx/serving/api_rest. A thin edge: all signatures of the SavedModel, evaluated by the same
data plane as everywhere. Other than there, version 0 is the latest (as OpenVINO's client has it), and what lies outside
a model's range is an error instead of NaN.
"""

from service.edges.tensorflow_serving import models, predict

__all__ = ["models", "predict"]
