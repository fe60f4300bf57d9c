"""Our messages are those of the standards: each field has the number and the type that published stubs have."""

from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import error_codes_pb2, meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2, predict_pb2
from tritonclient.grpc import service_pb2

import service.edges.grpc
import service.rpc.health
import service.rpc.status  # noqa: F401 (these declare them)
from service.rpc.messages import POOL, declare, message_class

PUBLISHED: tuple[Any, ...] = (
    *(service_pb2, predict_pb2, get_model_metadata_pb2, get_model_status_pb2, model_pb2, meta_graph_pb2),
    *(tensor_pb2, health_pb2, status_pb2, error_details_pb2),
)
FILES = ("inference.proto", "tensorflow/serving.proto", "tensorflow.proto", "grpc/health/v1.proto", "google/rpc.proto")


def messages(descriptors: Any) -> dict[str, Descriptor]:
    """Return messages by their full names, those within others too."""
    found = {descriptor.full_name: descriptor for descriptor in descriptors}
    for descriptor in descriptors:
        found |= messages(descriptor.nested_types)
    return found


OURS = {
    name: descriptor
    for file in FILES
    for name, descriptor in messages(POOL.FindFileByName(file).message_types_by_name.values()).items()
}
THEIRS = {
    name: descriptor
    for module in (
        *PUBLISHED,
        *(__import__(f"tensorflow_serving.apis.{name}", fromlist=["x"]) for name in ("model_pb2",)),
    )
    for name, descriptor in messages(module.DESCRIPTOR.message_types_by_name.values()).items()
}


def shape(field: FieldDescriptor) -> tuple[object, ...]:
    kind = field.message_type or field.enum_type
    oneof = field.containing_oneof
    return field.name, field.type, field.is_repeated, kind and kind.full_name, oneof and oneof.name


def test_every_message_is_compared() -> None:
    elsewhere = {"tensorflow.TensorShapeProto", "tensorflow.TensorShapeProto.Dim", "tensorflow.serving.StatusProto"}
    elsewhere |= {"grpc.health.v1.HealthListRequest", "grpc.health.v1.HealthListResponse"}
    assert set(OURS) - set(THEIRS) <= elsewhere | {"grpc.health.v1.HealthListResponse.StatusesEntry"}


@pytest.mark.parametrize("name", sorted(set(OURS) & set(THEIRS)))
def test_every_field_is_the_published_one(name: str) -> None:
    published = {field.number: shape(field) for field in THEIRS[name].fields}
    for field in OURS[name].fields:
        assert shape(field) == published[field.number]


@pytest.mark.parametrize(("ours", "theirs"), [
    ("tensorflow.DataType", types_pb2.DataType.DESCRIPTOR),
    ("tensorflow.error.Code", error_codes_pb2.Code.DESCRIPTOR),
    ("tensorflow.serving.ModelVersionStatus.State", get_model_status_pb2.ModelVersionStatus.State.DESCRIPTOR),
    ("grpc.health.v1.HealthCheckResponse.ServingStatus", health_pb2.HealthCheckResponse.ServingStatus.DESCRIPTOR),
])  # fmt: skip
def test_every_value_of_an_enum_is_the_published_one(ours: str, theirs: EnumDescriptor) -> None:
    found = {value.name: value.number for value in POOL.FindEnumTypeByName(ours).values}
    published = {value.name: value.number for value in theirs.values}
    assert found.items() <= published.items()


def test_a_line_that_is_no_field_is_told() -> None:
    with pytest.raises(ValueError, match="M: 'string name' is no field"):
        declare("wrong", {"M": ("string name",)})


def test_lines_become_messages() -> None:
    declare("lines", {"M": ("oneof one: string a = 1", "oneof one: int64 b = 2", "map<string, M> c = 3")})
    made = message_class("lines.M")(b=2)
    made.c["x"].a = "y"
    assert message_class("lines.M").FromString(made.SerializeToString()) == made
    assert (made.WhichOneof("one"), made.c["x"].WhichOneof("one")) == ("b", "a")
