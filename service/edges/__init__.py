"""The interfaces over HTTP: the service's own, TensorFlow Serving's REST v1, and the Open Inference Protocol v2."""
