"""Scoring a file of any length: `python -m client score`. Rows come in blocks, a few of which are in memory.

`header` knows a table by its beginning, `source` reads blocks, `columns` makes points of them, a scorer (`remote` or
`local`) gives numbers for these, and `output` writes them as columns. `kept` keeps what was scored, so that an
interrupted run goes on. `run` connects them.
"""


class ScoreError(Exception):
    """A file that cannot be scored; the message is for the person who asked, and says what to do."""


class RowError(ScoreError):
    """What is wrong with one row of a block, counted from 0 there."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row
