"""Time MLServer's gRPC: `python -m benchmarks.serving.apps.mlserver_grpc PORT FILE SECONDS`, in MLServer's environment.

The file holds points, little-endian float32 [n, 2], which go as `raw_input_contents`, one request after the other over
one channel. Prints the median in milliseconds, and whether the probabilities came as bytes, [n] of them.
"""

import sys
import time
from importlib import import_module
from pathlib import Path
from statistics import median

from mlserver.grpc import dataplane_pb2 as messages
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub

from benchmarks.request_formats import MODEL

grpc = import_module("grpc")  # it is there, and has no types
UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def main() -> None:
    port, content, seconds = sys.argv[1], Path(sys.argv[2]).read_bytes(), float(sys.argv[3])
    n = len(content) // 8
    tensor = messages.ModelInferRequest.InferInputTensor(name="points", datatype="FP32", shape=[n, 2])
    request = messages.ModelInferRequest(model_name=MODEL, inputs=[tensor], raw_input_contents=[content])
    times: list[float] = []
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED) as channel:
        ask = GRPCInferenceServiceStub(channel).ModelInfer
        for _ in range(2):
            response = ask(request)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            start = time.perf_counter()
            response = ask(request)
            times.append(time.perf_counter() - start)
    given = len(response.raw_output_contents[0]) // 4 if response.raw_output_contents else 0
    given = given or len(response.outputs[0].contents.fp32_contents)
    print(1000 * median(times), given == n)


if __name__ == "__main__":
    main()
