"""Answers in blocks of one shape: a row's answer never depends on its batch."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np

PREDICTION_ROWS = 256
GROUP = 64  # blocks in one call of a graph: for a small network the call itself costs as much as the work


@runtime_checkable
class InGroups(Protocol):
    """A function of a block that takes GROUP of them in one call too, for the same bits."""

    def __call__(self, block: np.ndarray) -> Any:
        """The answers for one block."""

    def answer_groups(self, groups: list[np.ndarray]) -> list[np.ndarray]:
        """The answers for groups of rows (GROUP * PREDICTION_ROWS, columns)."""


def predict_in_blocks(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Apply a function to zero-padded blocks of one shape, those that fill a group by groups if it can."""
    answers: list[np.ndarray] = []
    done, step = 0, GROUP * PREDICTION_ROWS
    if isinstance(function, InGroups):
        done = len(x) // step * step
        answers += function.answer_groups([x[start : start + step] for start in range(0, done, step)])
    rest = range(done, max(len(x), 1), PREDICTION_ROWS)
    return np.concatenate([*answers, *(_predict_block(function, x[i : i + PREDICTION_ROWS]) for i in rest)])


def _predict_block(function: Callable[[np.ndarray], Any], rows: np.ndarray) -> np.ndarray:
    block = np.zeros((PREDICTION_ROWS, rows.shape[1]), np.float32)
    block[: len(rows)] = rows
    return np.asarray(function(block))[: len(rows)]
