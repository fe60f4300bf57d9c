"""The request formats for predictions: how each writes points into a request and reads probabilities from a response.

All of them ask the same model. v1 is TensorFlow Serving's REST API and v2 the Open Inference Protocol, whose binary
extension sends tensors as bytes behind the JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

MODEL = "tanh-10-10"
JSON_LENGTH = "Inference-Header-Content-Length"
"""The header that says where the JSON ends and the tensors' bytes begin."""

Points = NDArray[np.float32] | NDArray[np.float64]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Message:
    """The body of a request or a response, and the headers that describe it; a response's names are in lower case."""

    content: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class RequestFormat:
    """`encode` writes points, [n, 2]; `decode` reads their probabilities, float32 [n], from a response.

    `decode` raises ValueError, LookupError or TypeError for any other response.
    """

    key: str
    title: str
    path: str
    encode: Callable[[Points], Message]
    decode: Callable[[Message], Values]


def json_message(document: object) -> Message:
    return Message(
        orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY),
        {"Content-Type": "application/json"},
    )


def points_tensor(points: Points, **fields: object) -> dict[str, object]:
    """Describe the input as v2 does, without its data."""
    return {"name": "points", "shape": points.shape, "datatype": "FP32", **fields}


def _encode_binary(points: Points) -> Message:
    content = points.astype("<f4").tobytes()
    head = json_message(
        {
            "inputs": [points_tensor(points, parameters={"binary_data_size": len(content)})],
            "parameters": {"binary_data_output": True},
        }
    ).content
    return Message(head + content, {"Content-Type": "application/octet-stream", JSON_LENGTH: str(len(head))})


def _decode_binary(response: Message) -> Values:
    return np.frombuffer(response.content[int(response.headers[JSON_LENGTH.lower()]) :], "<f4")


def _values(numbers: list[float]) -> Values:
    return np.array(numbers, np.float32)


_V2_PATH = f"/v2/models/{MODEL}/infer"

PREDICT = RequestFormat(
    "predict",
    "POST /predict",
    "/predict",
    lambda points: json_message({"points": points}),
    lambda response: _values(orjson.loads(response.content)["probabilities"]),
)
V1_ROWS = RequestFormat(
    "v1",
    "v1 rows",
    f"/v1/models/{MODEL}:predict",
    lambda points: json_message({"instances": points}),
    lambda response: _values(orjson.loads(response.content)["predictions"]),
)
V2_JSON = RequestFormat(
    "v2",
    "v2 JSON",
    _V2_PATH,
    lambda points: json_message({"inputs": [points_tensor(points, data=points.ravel())]}),
    lambda response: _values(orjson.loads(response.content)["outputs"][0]["data"]),
)
V2_BINARY = RequestFormat("v2-binary", "v2 binary", _V2_PATH, _encode_binary, _decode_binary)

V1_COLUMNS = RequestFormat(
    "v1-columns",
    "v1 columns",
    V1_ROWS.path,
    lambda points: json_message({"inputs": points}),
    lambda response: _values(orjson.loads(response.content)["outputs"]),
)

REQUEST_FORMATS = (PREDICT, V1_ROWS, V2_JSON, V2_BINARY)
ALL_REQUEST_FORMATS = (PREDICT, V1_ROWS, V1_COLUMNS, V2_JSON, V2_BINARY)
"""With v1's columns, which for one point are its rows."""
