"""Protocol buffers without generated code: message classes, made from lines as they stand in .proto files.

They live in a pool of their own, so that nothing clashes with a client's stubs in the same process.
docs/decisions/0043-grpc.md says why no code is generated.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

POOL = DescriptorPool()

ANY = any_pb2.DESCRIPTOR.name
POOL.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)

Message = Any
MessageClass = Any
"""Their fields are known once the classes have been made."""

Fields = Sequence[str]
"""A message's fields: lines such as `repeated int64 shape = 3`, `map<string, InferParameter> parameters = 4`,
`oneof kind: bytes content = 1` or `enum DataType dtype = 1`. A type of another package has its full name, with a dot
before it.
"""

Methods = Mapping[str, tuple[str, str]]
"""The messages of a service's methods: request and response, the latter after `stream` where there may be many."""

_FIELD = re.compile(
    r"(?:oneof (?P<oneof>\w+): )?(?P<repeated>repeated )?(?P<enum>enum )?"
    r"(?:map<string, (?P<value>[\w.]+)>|(?P<type>[\w.]+)) (?P<name>\w+) = (?P<number>\d+)"
)
_MESSAGE, _ENUM = FieldDescriptorProto.TYPE_MESSAGE, FieldDescriptorProto.TYPE_ENUM
_SCALARS = {
    name.removeprefix("TYPE_").lower(): number
    for name, number in FieldDescriptorProto.Type.items()
    if number not in (_MESSAGE, _ENUM, FieldDescriptorProto.TYPE_GROUP)
}


def add_file(module: ModuleType) -> None:
    """Add what a module of generated code describes."""
    POOL.AddSerializedFile(module.DESCRIPTOR.serialized_pb)


def declare(
    package: str,
    messages: Mapping[str, Fields],
    *,
    enums: Mapping[str, Mapping[str, int]] | None = None,
    services: Mapping[str, Methods] | None = None,
    imports: Sequence[str] = (),
) -> None:
    """Add a package of messages, enums and services. A message or enum `Outer.Inner` stands in the message `Outer`,
    which is named before it; `imports` are the packages' files of which there are types.
    """
    file = FileDescriptorProto(name=file_of(package), package=package, syntax="proto3", dependency=imports)
    made: dict[str, DescriptorProto] = {}
    for name, fields in messages.items():
        outer, _, own = name.rpartition(".")
        made[name] = (made[outer].nested_type if outer else file.message_type).add(name=own)
        for line in fields:
            _add_field(made[name], line, package, name)
    for name, values in (enums or {}).items():
        outer, _, own = name.rpartition(".")
        enum = (made[outer] if outer else file).enum_type.add(name=own)
        for value, number in values.items():
            enum.value.add(name=value, number=number)
    for name, methods in (services or {}).items():
        service = file.service.add(name=name)
        for method, (request, response) in methods.items():
            kind = response.removeprefix("stream ")
            made_method = service.method.add(name=method, server_streaming=kind != response)
            made_method.input_type, made_method.output_type = f".{package}.{request}", f".{package}.{kind}"
    POOL.AddSerializedFile(file.SerializeToString())


def file_of(package: str) -> str:
    """Return the name of the file that `declare` makes of a package."""
    return f"{package.replace('.', '/')}.proto"


@lru_cache
def message_class(name: str) -> MessageClass:
    """Return the class of a message by its full name."""
    return GetMessageClass(POOL.FindMessageTypeByName(name))


def _add_field(message: DescriptorProto, line: str, package: str, message_name: str) -> None:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise ValueError(f"{message_name}: {line!r} is no field")
    field = message.field.add(name=found["name"], number=int(found["number"]), label=1)
    if found["repeated"] or found["value"]:
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if found["value"]:
        entry = message.nested_type.add(name=f"{_camel(found['name'])}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=1, type=_SCALARS["string"])
        _set_type(entry.field.add(name="value", number=2, label=1), found["value"], package)
        _set_type(field, f"{message_name}.{entry.name}", package)
    else:
        _set_type(field, found["type"], package, _ENUM if found["enum"] else _MESSAGE)
    if found["oneof"]:
        names = [oneof.name for oneof in message.oneof_decl]
        if found["oneof"] not in names:
            message.oneof_decl.add(name=found["oneof"])
        field.oneof_index = ([*names, found["oneof"]]).index(found["oneof"])


def _set_type(field: FieldDescriptorProto, name: str, package: str, kind: int = _MESSAGE) -> None:
    if name in _SCALARS:
        field.type = _SCALARS[name]
    else:
        field.type = kind
        field.type_name = name if name.startswith(".") else f".{package}.{name}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
