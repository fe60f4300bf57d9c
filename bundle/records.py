"""Records: frozen dataclasses, and the marshmallow schemas that check what is loaded into them.

A file's records have their schema derived (`schema_of`); what a request may be is written out in the service.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from dataclasses import fields as fields_of
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from bundle import layout

Record = TypeVar("Record")


class RecordSchema(Schema, Generic[Record]):
    """A schema of one dataclass. Fields that a later writer added are left out rather than refused."""

    record: ClassVar[type]

    class Meta:
        unknown = EXCLUDE

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> Record:
        made: Record = self.record(**data)
        return made


class StrictRecordSchema(RecordSchema[Record]):
    """A record that somebody writes by hand: a field that is not known is an error, and says which ones are."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        names = ", ".join(field.data_key or name for name, field in self.fields.items())
        self.error_messages["unknown"] = f"unknown field; valid fields: {names}."
        self.error_messages["type"] = f"must be an object with the fields {names}."


class FileSchema(RecordSchema[Record]):
    """A record that is kept as a JSON file, or is a part of one; `schema_of` makes these.

    Every field is written. One with a default was added after the first release: older files are read with it.
    """

    @pre_load
    def fill_in(self, data: Any, **_: object) -> Any:
        return {**_defaults(self.record), **data} if isinstance(data, dict) else data

    def read(self, path: Path) -> Record:
        """Return the record in a JSON file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is no regular file, too long, no JSON, or not what the schema says; names file and fields.
        """
        return self.parse(layout.read_regular(path), path.name)

    def parse(self, content: bytes, name: str) -> Record:
        """Return the record that a JSON file holds.

        Raises:
            ValueError: it is not JSON, or not what the schema says; the message names the file and the fields.
        """
        return self.from_document(parse_file(content, name), name)

    def from_document(self, document: Any, name: str) -> Record:
        """Return the record that a JSON file's document is.

        Raises:
            ValueError: it is not what the schema says; the message names the file and the fields.
        """
        try:
            record: Record = self.load(document)
        except ValidationError as error:
            raise ValueError(f"{name}: {error}") from error
        return record

    def write(self, record: Record, path: Path) -> None:
        path.write_bytes(orjson.dumps(self.dump(record), option=orjson.OPT_INDENT_2) + b"\n")


def parse_file(content: bytes, name: str) -> Any:
    """Return what a JSON file says.

    Raises:
        ValueError: it is not JSON; the message names the file.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{name}: {error}") from error


def schema_of(record: type[Record]) -> type[FileSchema[Record]]:
    """Derive the schema of a dataclass from the types of its fields; a dataclass has one schema, made once.

    `X | None` may be null, a `Literal` is one of its strings, another dataclass is nested, and of `X | Y`, two
    dataclasses, it is the one whose fields are there; `Any` is any JSON. In `Annotated[X, …]` a
    string describes the field in the OpenAPI document, and one of marshmallow's validators checks it.
    """
    if record not in _DERIVED:
        types = get_type_hints(record, include_extras=True)
        members = {name: _field(kind, required=True) for name, kind in types.items()}
        _DERIVED[record] = type(f"{record.__name__}Schema", (FileSchema,), {"record": record, **members})
    return _DERIVED[record]


_DERIVED: dict[object, type[FileSchema[Any]]] = {}

_SCALARS: dict[object, type[fields.Field[Any]]] = {
    str: fields.String,
    bool: fields.Boolean,
    int: fields.Integer,
    float: fields.Float,
    datetime: fields.AwareDateTime,
}


def _field(kind: Any, **options: Any) -> fields.Field[Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return fields.Raw(allow_none=True, **options)
    if origin is Annotated:
        inner, *notes = arguments
        noted = dict(("metadata", {"description": x}) if isinstance(x, str) else ("validate", x) for x in notes)
        return _field(inner, **options, **noted)
    if origin in (Union, UnionType):
        inner, *others = [argument for argument in arguments if argument is not NoneType]
        allow_none = NoneType in arguments
        return (
            _OneOf([inner, *others], allow_none=allow_none, **options)
            if others
            else _field(inner, allow_none=allow_none, **options)
        )
    if origin is Literal:
        return fields.String(validate=validate.OneOf(arguments), **options)
    if origin is list:
        return fields.List(_field(*arguments), **options)
    if origin is dict:
        keys, values = map(_field, arguments)
        return fields.Dict(keys, values, **options)
    return _SCALARS[kind](**options) if kind in _SCALARS else fields.Nested(schema_of(kind), **options)


class _OneOf(fields.Field[Any]):
    """One of several records, told apart by the names of their fields."""

    def __init__(self, records: list[type], **options: Any) -> None:
        super().__init__(**options)
        self.records = records

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        return None if value is None else schema_of(type(value))().dump(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        names = set(value) if isinstance(value, dict) else set()
        best = max(self.records, key=lambda record: len(names & {field.name for field in fields_of(record)}))
        return schema_of(best)().load(value)


def _defaults(record: type) -> dict[str, Any]:
    """Return the fields that have a default, with it, as it stands in JSON."""
    constants = {field.name: field.default for field in fields_of(record) if field.default is not MISSING}
    made = {field.name: field.default_factory() for field in fields_of(record) if field.default_factory is not MISSING}
    return {**constants, **made}


def by_path(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], list[str]]]:
    """Yield marshmallow's nested messages, a list for each field, with the names and positions that lead there."""
    if isinstance(messages, dict):
        for step, inner in messages.items():
            yield from by_path(inner, path if step == "_schema" else (*path, step))
    else:
        yield path, [str(message) for message in (messages if isinstance(messages, list) else [messages])]
