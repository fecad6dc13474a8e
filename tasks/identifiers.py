"""Columns of integers that tell rows apart and say nothing of what a row is like: customer numbers, row numbers."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

IMPROBABLE = 10.0  # repeats that chance would make: that it makes none has a probability of at most exp(-10)


class Distinct:
    """The integers of a column so far, as long as no two of a part are the same.

    8 bytes each, but measurements have a repeat soon, and nothing is kept of them from there on.
    """

    def __init__(self) -> None:
        self.parts: list[np.ndarray] | None = []

    def add(self, cells: pa.Array) -> None:
        """Take in a part of the column."""
        if not pa.types.is_integer(cells.type):
            self.parts = None
        elif self.parts is not None:
            values = cells.drop_null().to_numpy()
            if len(np.unique(values)) == len(values):
                self.parts.append(values)
            else:
                self.parts = None

    @property
    def count(self) -> int:
        """How many integers there are, if no two are the same; else 0."""
        if not self.parts:
            return 0
        values = np.concatenate(self.parts)
        return len(values) if len(np.unique(values)) == len(values) else 0


def tells_rows_apart(files: Sequence[tuple[int, float, float]]) -> bool:
    """Whether the integers of a column are ids, by how many distinct ones each file has, the lowest and the highest.

    They are if no file repeats one although chance would repeat some: of n numbers among m, n (n - 1) / 2m on average
    if all are as likely, and more if they aren't.
    """
    if not all(count for count, _, _ in files):
        return False
    return sum(count * (count - 1) / 2 / (high - low + 1) for count, low, high in files) >= IMPROBABLE
