"""Open Inference Protocol v2 over HTTP, with the binary tensor data, model repository and statistics extensions.

https://github.com/kserve/open-inference-protocol; the extensions are Triton's. A thin edge: one input `points`
FP32 [-1, d], or another datatype of numbers, which are rounded; one output `probabilities` FP32 [-1] or
[-1, k], or `values`, from the same `service.dataplane.inference` as everywhere.
"""

from service.edges.open_inference import infer, models, repository, statistics

__all__ = ["infer", "models", "repository", "statistics"]
