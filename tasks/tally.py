"""What became of the rows of a source: counts by reason and split, and the ranges of the columns."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from models.imputation import missing_cells, present
from tasks import kinds
from tasks.columns import to_arrays
from tasks.errors import BadInput
from tasks.numbers import percent

EXAMPLE = 200  # characters of a rejected row that are shown


class Rejection(BaseModel):
    """How many rows were rejected for a reason, and the beginning of the first one."""

    model_config = ConfigDict(frozen=True)

    count: int
    example: str


class Extent(BaseModel):
    """The smallest and largest number of a column, in all accepted rows and in the train rows among them.

    None where there is no number; `missing` and `train_missing` count the rows without one.
    """

    model_config = ConfigDict(frozen=True)

    low: float | int | None
    high: float | int | None
    train_low: float | int | None
    train_high: float | int | None
    missing: int = 0
    train_missing: int = 0

    @property
    def varies(self) -> bool:
        """Whether a column isn't the same in all train rows, be it by its missing cells."""
        return self.train_low != self.train_high or self.train_missing > 0


class Summary(BaseModel):
    """What became of one or more files; extents by the column's stored name."""

    model_config = ConfigDict(frozen=True)

    rejected: dict[str, Rejection]
    splits: dict[str, int]
    extents: dict[str, Extent]

    @property
    def rows(self) -> int:
        """Accepted and rejected rows."""
        return sum(self.splits.values()) + sum(rejection.count for rejection in self.rejected.values())


def summarize(rows: pa.Table, rejected_rows: pa.Table, used: list[str]) -> Summary:
    """What became of a part, with the extents of the used columns."""
    rejected = rejections(rejected_rows)
    split = rows["split"].to_numpy(zero_copy_only=False)
    splits = {name: int((split == name).sum()) for name in kinds.SPLITS}
    values = to_arrays(rows, used)
    extents = {name: _extent(array, split == "train") for name, array in values.items() if len(array)}
    return Summary(rejected=rejected, splits=splits, extents=extents)


def rejections(rejected_rows: pa.Table) -> dict[str, Rejection]:
    """How many rows were rejected, by reason."""
    rejected: dict[str, Rejection] = {}
    for reason, content in zip(*(rejected_rows[name].to_pylist() for name in ("reason", "content")), strict=True):
        known = rejected.get(reason, Rejection(count=0, example=content[:EXAMPLE]))
        rejected[reason] = known.model_copy(update={"count": known.count + 1})
    return rejected


def merged_rejections(parts: Iterable[dict[str, Rejection]]) -> dict[str, Rejection]:
    """The same of several parts together."""
    rejected: dict[str, Rejection] = {}
    for part in parts:
        for reason, further in part.items():
            known = rejected.get(reason, further.model_copy(update={"count": 0}))
            rejected[reason] = known.model_copy(update={"count": known.count + further.count})
    return rejected


def check_rejected(rejected: dict[str, Rejection], rows: int, most: float, stage: str, remedy: str) -> None:
    """Refuse a source of which too many rows can't be used.

    Raises:
        BadInput: with the reasons.
    """
    count = sum(rejection.count for rejection in rejected.values())
    if count and (count == rows or count > most * rows):
        reasons = "; ".join(f"{reason}: {rejection.count:,}" for reason, rejection in rejected.items())
        expected = f"at most {percent(most)} of {rows:,} rows to be rejected, and not all of them"
        raise BadInput(stage, expected, f"{count:,} ({reasons})", remedy)


def merged(summaries: Iterable[Summary]) -> Summary:
    """What became of all of it."""
    summaries = list(summaries)
    rejected = merged_rejections(summary.rejected for summary in summaries)
    splits = dict.fromkeys(kinds.SPLITS, 0)
    extents: dict[str, Extent] = {}
    for summary in summaries:
        splits = {name: count + summary.splits[name] for name, count in splits.items()}
        for name, extent in summary.extents.items():
            extents[name] = _wider(extents[name], extent) if name in extents else extent
    return Summary(rejected=rejected, splits=splits, extents=extents)


def _extent(values: np.ndarray, is_train: np.ndarray) -> Extent:
    low, high, missing = _ends(values)
    train_low, train_high, train_missing = _ends(values[is_train])
    return Extent(
        low=low,
        high=high,
        train_low=train_low,
        train_high=train_high,
        missing=missing,
        train_missing=train_missing,
    )


def _ends(values: np.ndarray) -> tuple[float | None, float | None, int]:
    """The smallest and largest number, and how many are missing."""
    if values.ndim > 1:  # lists have no gaps
        there, missing = values, 0
    else:
        there, missing = present(values), int(missing_cells(values).sum())
    return (there.min().item(), there.max().item(), missing) if there.size else (None, None, missing)


def _wider(one: Extent, other: Extent) -> Extent:
    return Extent(
        low=_first(min, one.low, other.low),
        high=_first(max, one.high, other.high),
        train_low=_first(min, one.train_low, other.train_low),
        train_high=_first(max, one.train_high, other.train_high),
        missing=one.missing + other.missing,
        train_missing=one.train_missing + other.train_missing,
    )


def _first(order: Callable[..., Any], *values: float | None) -> float | None:
    """The smallest or the largest of the numbers that are known."""
    return cast("float | None", order((value for value in values if value is not None), default=None))
