"""Schemas that load into frozen dataclasses, so that what was validated is also typed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import orjson
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, post_load

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

    def read(self, path: Path) -> Record:
        """Return the record in a JSON file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not JSON, or not what the schema says; the message names the file and the fields.
        """
        return self.parse(path.read_bytes(), path.name)

    def parse(self, content: bytes, name: str) -> Record:
        """Return the record that a JSON file holds.

        Raises:
            ValueError: it is not JSON, or not what the schema says; the message names the file and the fields.
        """
        try:
            record: Record = self.load(orjson.loads(content))
        except (orjson.JSONDecodeError, ValidationError) as error:
            raise ValueError(f"{name}: {error}") from error
        return record

    def write(self, record: Record, path: Path) -> None:
        path.write_bytes(orjson.dumps(self.dump(record), option=orjson.OPT_INDENT_2) + b"\n")


class StrictRecordSchema(RecordSchema[Record]):
    """A record that somebody writes by hand: a field that is not known is an error, and says which ones are."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages["unknown"] = f"is an unknown field; valid fields: {', '.join(self.fields)}."
        self.error_messages["type"] = f"must be an object with the fields {', '.join(self.fields)}."


def by_path(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], list[str]]]:
    """Yield marshmallow's nested messages, a list for each field, with the names and positions that lead there."""
    if isinstance(messages, dict):
        for step, inner in messages.items():
            yield from by_path(inner, path if step == "_schema" else (*path, step))
    else:
        yield path, [str(message) for message in (messages if isinstance(messages, list) else [messages])]
