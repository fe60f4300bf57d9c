"""The messages of TensorFlow Serving over gRPC, as far as they are taken or given here.

https://github.com/tensorflow/serving/tree/master/tensorflow_serving/apis, and TensorFlow's own beneath them.
"""

from google.protobuf import wrappers_pb2

from service.rpc.messages import ANY, add_file, declare, file_of

PREDICTION_SERVICE, MODEL_SERVICE = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"

add_file(wrappers_pb2)

_DATA_TYPES = (
    *("INVALID", "FLOAT", "DOUBLE", "INT32", "UINT8", "INT16", "INT8", "STRING", "COMPLEX64", "INT64", "BOOL"),
    *("QINT8", "QUINT8", "QINT32", "BFLOAT16", "QINT16", "QUINT16", "UINT16", "COMPLEX128", "HALF", "RESOURCE"),
    *("VARIANT", "UINT32", "UINT64"),
)
TYPES = {f"DT_{name}": number for number, name in enumerate(_DATA_TYPES)}
_ERROR_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)

declare(
    "tensorflow",
    {
        "TensorShapeProto": ("repeated TensorShapeProto.Dim dim = 2", "bool unknown_rank = 3"),
        "TensorShapeProto.Dim": ("int64 size = 1", "string name = 2"),
        "TensorProto": (
            "enum DataType dtype = 1",
            "TensorShapeProto tensor_shape = 2",
            "int32 version_number = 3",
            "bytes tensor_content = 4",
            "repeated int32 half_val = 13",
            "repeated float float_val = 5",
            "repeated double double_val = 6",
            "repeated int32 int_val = 7",
            "repeated bytes string_val = 8",
            "repeated float scomplex_val = 9",
            "repeated int64 int64_val = 10",
            "repeated bool bool_val = 11",
            "repeated double dcomplex_val = 12",
            "repeated uint32 uint32_val = 16",
            "repeated uint64 uint64_val = 17",
        ),
        "TensorInfo": (
            "oneof encoding: string name = 1",
            "enum DataType dtype = 2",
            "TensorShapeProto tensor_shape = 3",
        ),
        "SignatureDef": (
            "map<string, TensorInfo> inputs = 1",
            "map<string, TensorInfo> outputs = 2",
            "string method_name = 3",
        ),
    },
    enums={"DataType": TYPES},
)
declare("tensorflow.error", {}, enums={"Code": {name: number for number, name in enumerate(_ERROR_CODES)}})
declare(
    "tensorflow.serving",
    {
        "ModelSpec": (
            "string name = 1",
            "oneof version_choice: .google.protobuf.Int64Value version = 2",
            "oneof version_choice: string version_label = 4",
            "string signature_name = 3",
        ),
        "PredictRequest": (
            "ModelSpec model_spec = 1",
            "map<string, .tensorflow.TensorProto> inputs = 2",
            "repeated string output_filter = 3",
        ),
        "PredictResponse": ("map<string, .tensorflow.TensorProto> outputs = 1", "ModelSpec model_spec = 2"),
        "GetModelMetadataRequest": ("ModelSpec model_spec = 1", "repeated string metadata_field = 2"),
        "GetModelMetadataResponse": (
            "ModelSpec model_spec = 1",
            "map<string, .google.protobuf.Any> metadata = 2",
        ),
        "SignatureDefMap": ("map<string, .tensorflow.SignatureDef> signature_def = 1",),
        "GetModelStatusRequest": ("ModelSpec model_spec = 1",),
        "GetModelStatusResponse": ("repeated ModelVersionStatus model_version_status = 1",),
        "ModelVersionStatus": (
            "int64 version = 1",
            "enum ModelVersionStatus.State state = 2",
            "StatusProto status = 3",
        ),
        "StatusProto": ("enum .tensorflow.error.Code error_code = 1", "string error_message = 2"),
    },
    enums={
        "ModelVersionStatus.State": {
            "UNKNOWN": 0,
            "START": 10,
            "LOADING": 20,
            "AVAILABLE": 30,
            "UNLOADING": 40,
            "END": 50,
        }
    },
    services={
        "PredictionService": {
            "Predict": ("PredictRequest", "PredictResponse"),
            "GetModelMetadata": ("GetModelMetadataRequest", "GetModelMetadataResponse"),
        },
        "ModelService": {"GetModelStatus": ("GetModelStatusRequest", "GetModelStatusResponse")},
    },
    imports=(ANY, wrappers_pb2.DESCRIPTOR.name, file_of("tensorflow"), file_of("tensorflow.error")),
)
