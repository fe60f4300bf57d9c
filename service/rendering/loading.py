"""Loading Matplotlib with the first picture: as a whole or, where memory is short, not at all; none is drawn then."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import is_shortage
from service.memory import require_memory

LOADER_SHORTAGES = ("failed to map segment", "annot allocate memory", "Too many open files")
"""What glibc's loader says of a library for which something ran out."""

PICTURE_BYTES = 2**27
"""What there must be before a picture: the largest takes 110 MB, and loading what draws them 25 MB, once."""

_loading = threading.Lock()


@contextmanager
def loading() -> Iterator[None]:
    """Unload what the block loads only in part, which Python would take for loaded: the next try begins anew.

    Raises:
        MemoryError: there is too little memory for it now.
    """
    require_memory(PICTURE_BYTES)
    with _loading:
        before = set(sys.modules)
        try:
            yield
        except Exception as error:
            for name in set(sys.modules) - before:
                del sys.modules[name]
            if is_shortage(error) or any(words in str(error) for words in LOADER_SHORTAGES):
                raise MemoryError("what draws pictures cannot be loaded") from error
            raise
