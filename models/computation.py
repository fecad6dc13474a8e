"""A phase without gradient steps: it computes arrays in one go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Computed:
    """What such a phase leaves, each under a name that no other phase of the model uses.

    Attributes:
        arrays: that later phases need.
        state: that the fitted model needs for its answers too.
        record: what the report tells of it, as JSON.
        clusters: their number, where this phase decides it.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    state: dict[str, np.ndarray] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    clusters: int | None = None


@dataclass(frozen=True)
class Computation:
    """The phase, ready to run; it is neither checkpointed nor resumed, but done again.

    Attributes:
        run: does it.
        work: how much it is for so many rows, in a unit of its own.
    """

    run: Callable[[], Computed]
    work: Callable[[int], float] = float


NOTHING = Computation(Computed)  # of a phase that the settings leave nothing to do in
