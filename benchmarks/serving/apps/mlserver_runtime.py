"""MLServer: a custom runtime, in the server's own process (`parallel_workers` 0) and on its event loop, uvloop's.

A process of its own would get every request over a queue, which costs more than the network.
"""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.serving.apps.network import open_engine, probabilities


class Network(MLModel):  # type: ignore[misc]
    async def load(self) -> bool:
        self._engine = open_engine()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        points = NumpyCodec.decode_input(payload.inputs[0])
        output = NumpyCodec.encode_output("probabilities", probabilities(self._engine, points))
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[output])
