"""The interfaces over HTTP: the service's own, TensorFlow Serving's REST v1, and the Open Inference Protocol v2.

An edge decodes a request and encodes its response; what lies between is the data plane's.
"""

from service.edges import open_inference, tensorflow_serving
from service.edges.own import (
    boundary,
    comparison,
    documents,
    experiments,
    health,
    metrics,
    models,
    pages,
    predict,
    studies,
    volume,
    weights,
)

ENDPOINTS = tuple(
    endpoint
    for module in (
        *(
            predict,
            boundary,
            volume,
            comparison,
            experiments,
            studies,
            models,
            weights,
            health,
            documents,
            pages,
            metrics,
        ),
        *(tensorflow_serving.models, tensorflow_serving.predict),
        *(open_inference.models, open_inference.infer, open_inference.repository, open_inference.statistics),
    )
    for endpoint in module.endpoints
)
