"""Schemas that load into frozen dataclasses, so that what was validated is also typed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import orjson
from marshmallow import EXCLUDE, Schema, ValidationError, post_load

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
        try:
            record: Record = self.load(orjson.loads(path.read_bytes()))
        except (orjson.JSONDecodeError, ValidationError) as error:
            raise ValueError(f"{path.name}: {error}") from error
        return record

    def write(self, record: Record, path: Path) -> None:
        path.write_bytes(orjson.dumps(self.dump(record), option=orjson.OPT_INDENT_2) + b"\n")
