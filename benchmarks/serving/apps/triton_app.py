"""Triton's server, as PyTriton runs it: `python -m benchmarks.serving.apps.triton_app PORT`."""

import os
import sys
from typing import Any

import numpy as np
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from benchmarks.request_formats import MODEL
from benchmarks.serving.apps.network import open_engine, probabilities


def main(http_port: int, grpc_port: int) -> None:
    engine = open_engine()

    def infer(requests: list[Any]) -> list[dict[str, np.ndarray]]:
        return [{"probabilities": probabilities(engine, request["points"])} for request in requests]

    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=http_port,
        grpc_address="127.0.0.1",
        grpc_port=grpc_port,
        allow_metrics=False,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name=MODEL,
            infer_func=infer,
            inputs=[Tensor(name="points", dtype=np.float32, shape=(-1, 2))],
            outputs=[Tensor(name="probabilities", dtype=np.float32, shape=(-1,))],
            config=ModelConfig(batching=False),
            strict=True,
        )
        triton.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(os.environ["TRITON_GRPC_PORT"]))
