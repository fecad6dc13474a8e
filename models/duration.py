"""How long a phase trains, by the rows that it trains on."""

import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Duration:
    """So many passes over the rows, within limits of the steps."""

    passes: int
    least: int
    most: int = sys.maxsize

    def counter(self, told: int | None, batch_size: int) -> Callable[[int], int]:
        """Steps for so many rows: those that were told, else by the rows, of which a step sees a batch."""
        return lambda n_rows: told or min(max(self.passes * n_rows // batch_size, self.least), self.most)
