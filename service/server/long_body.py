"""The body of a long request, received where it is read later: it is neither put together from pieces nor copied."""

MAX_ALLOCATION_RATIO = 8
"""A body's place is laid out once an eighth of it is there, so that no client holds much more than it has sent."""


class LongBody:
    """A body of declared length as it comes in.

    Attributes:
        n_received: how many bytes came in, those of what follows the body included.
    """

    def __init__(self, first: bytes | bytearray, length: int) -> None:
        self.n_received = len(first)
        self._buffer = bytearray(first)
        self._length = length

    @property
    def n_held(self) -> int:
        """How many bytes this holds."""
        return len(self._buffer)

    @property
    def content(self) -> bytearray:
        """What came in: the body, where that is all."""
        return self._buffer if self.n_received == len(self._buffer) else self._buffer[: self.n_received]

    def room(self) -> memoryview | None:
        """Return the place for what is missing, once it is laid out; `add` is then told how much of it was filled."""
        return memoryview(self._buffer)[self.n_received :] if self.n_received < len(self._buffer) else None

    def add(self, data: bytes | memoryview) -> None:
        """Go on with what came in; a view is of `room`, so it is there."""
        if not isinstance(data, memoryview):
            self._buffer[self.n_received : self.n_received + len(data)] = data
        self.n_received += len(data)
        if len(self._buffer) < self._length <= MAX_ALLOCATION_RATIO * self.n_received:
            laid_out = bytearray(self._length)
            laid_out[: self.n_received] = self._buffer
            self._buffer = laid_out
