"""Numbers of a message as one block of bytes.

Protocol buffers write a repeated float or double as its numbers' bytes in a row. Given to a message as such, 90,000 of
them take 0.04 ms, one after the other 2 ms.
"""

from typing import Any

from numpy.typing import NDArray

from service.rpc.messages import Message

_LENGTH_DELIMITED = 2


def add_packed(message: Message, field: str, values: NDArray[Any]) -> None:
    """Append little-endian values to a repeated float or double of a message."""
    content = values.tobytes()
    number = message.DESCRIPTOR.fields_by_name[field].number
    message.MergeFromString(_varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content)


def _varint(number: int) -> bytes:
    """Return a whole number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])
