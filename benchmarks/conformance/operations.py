"""The operations of the two standards, in the order of the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A part of a standard. What is `optional` may be left out by a server."""

    title: str
    operations: tuple[str, ...]
    optional: bool = False


LIVE, READY, SERVER = "server live", "server ready", "server metadata"
MODEL_READY, MODEL = "model ready", "model metadata"
JSON, BINARY = "infer, numbers one by one", "infer, numbers as bytes"
ID, PARAMETERS, OUTPUTS = "the request's id comes back", "infer with parameters", "infer, outputs named"
VERSION, VERSION_METADATA = "infer of a version", "metadata of a version"
NO_MODEL, NO_MODEL_METADATA = "unknown model, infer", "unknown model, metadata"
NO_READY = "unknown model, ready"
NO_MODEL_VERSION = "unknown version"
WRONG_SHAPE, WRONG_TYPE = "wrong shape", "wrong datatype"
NO_INPUT, NO_OUTPUT = "unknown input", "unknown output"
INDEX, LOAD, UNLOAD = "repository index", "load a model", "unload a model, and load it again"
STATISTICS, CONFIGURATION = "statistics", "model configuration"

STATUS, STATUS_VERSION, STATUS_LABEL = "status", "status of a version", "status by a label"
METADATA, METADATA_VERSION = "signatures", "signatures of a version"
ROWS, NAMED_ROWS = "predict, rows", "predict, rows of named inputs"
COLUMNS, NAMED_COLUMNS = "predict, columns", "predict, columns of named inputs"
FLOATS, CONTENT = "predict, numbers one by one", "predict, numbers as bytes"
SIGNATURE, FILTER = "predict, signature named", "predict, outputs named"
PREDICT_VERSION, PREDICT_LABEL = "predict of a version", "predict by a label"
CLASSIFY, REGRESS, MULTI = "classify", "regress", "multi-inference"
NO_STATUS, NO_SERVABLE = "unknown model, status", "unknown model, predict"
NO_SERVABLE_VERSION, NO_SIGNATURE = "unknown version, predict", "unknown signature"
WRONG_WIDTH, WRONG_VALUE = "points of a wrong width", "text in place of numbers"
NO_NAMED_INPUT, NO_INPUTS, BOTH = "unknown input, predict", "no inputs at all", "rows and columns at once"
NO_JSON = "no JSON"

OPEN_INFERENCE, TENSORFLOW_SERVING = "Open Inference Protocol v2", "TensorFlow Serving"

STANDARDS = {
    OPEN_INFERENCE: (
        Section("Answered", (LIVE, READY, SERVER, MODEL_READY, MODEL, JSON, ID, PARAMETERS, OUTPUTS)),
        Section("Refused", (NO_MODEL, NO_MODEL_METADATA, NO_READY, NO_MODEL_VERSION, WRONG_SHAPE, WRONG_TYPE,
                            NO_INPUT, NO_OUTPUT)),
        Section("Left to the server", (BINARY, VERSION, VERSION_METADATA, INDEX, LOAD, UNLOAD, STATISTICS,
                                       CONFIGURATION), optional=True),
    ),
    TENSORFLOW_SERVING: (
        Section("Answered", (STATUS, STATUS_VERSION, METADATA, METADATA_VERSION, ROWS, NAMED_ROWS, COLUMNS,
                             NAMED_COLUMNS, FLOATS, CONTENT, SIGNATURE, FILTER, PREDICT_VERSION)),
        Section("Refused", (NO_STATUS, NO_SERVABLE, NO_SERVABLE_VERSION, NO_SIGNATURE, WRONG_WIDTH, WRONG_VALUE,
                            NO_NAMED_INPUT, NO_INPUTS, BOTH, NO_JSON)),
        Section("Left to the model and the server", (STATUS_LABEL, PREDICT_LABEL, CLASSIFY, REGRESS, MULTI),
                optional=True),
    ),
}  # fmt: skip
"""Names are unique, so that a result says where it belongs."""
