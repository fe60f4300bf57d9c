"""The two standards over gRPC: the Open Inference Protocol v2, and TensorFlow Serving's services.

Edges like those over HTTP, of which they share the checks and the words; imported where GRPC_PORT is set.
"""

from service.edges.grpc import open_inference, tensorflow_serving

SERVICES = (open_inference.procedures, tensorflow_serving.prediction, tensorflow_serving.models)
