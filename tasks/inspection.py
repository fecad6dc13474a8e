"""What a source has to offer, for logs, `genclust check` and the report."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from models.encoding import CONSTANT, Column, Encoding, Kind, is_one_image
from models.settings import Imputation
from tasks.plan import Plan
from tasks.schemas import some
from tasks.tally import Extent, Rejection, Summary

ROLES = ("id", "label", "split", "ignored")  # reasons that the user gave


class UsedColumn(BaseModel):
    """A part of the vectors.

    `type` is that of the column's numbers, `low` and `high` their range, `width` the column's coordinates in a vector,
    `image_shape` that of an image, where it is known.
    `missing` counts the accepted rows whose number is missing, and imputed.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    type: str
    width: int
    image_shape: tuple[int, ...] | None = None
    scaling: str
    low: float | int
    high: float | int
    imputation: Imputation = Imputation.reject
    missing: int = 0


class UnusedColumn(BaseModel):
    """A column that doesn't, and why."""

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str


class Inspection(BaseModel):
    """A source as a whole; the counts of `rejected` (by reason) and `splits` add up to `rows`."""

    model_config = ConfigDict(frozen=True)

    files: tuple[str, ...]
    rows: int
    used: tuple[UsedColumn, ...]
    unused: tuple[UnusedColumn, ...]
    rejected: dict[str, Rejection]
    splits: dict[str, int]

    @property
    def accepted(self) -> int:
        """Rows that can be used."""
        return sum(self.splits.values())

    @property
    def width(self) -> int:
        """Coordinates of a vector."""
        return sum(column.width for column in self.used)

    @property
    def is_image(self) -> bool:
        """Whether the whole vector is the pixels of one image."""
        return is_one_image([(column.kind, column.image_shape) for column in self.used])

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Shape of the image that a vector is, if it is one and its shape is known."""
        return self.used[0].image_shape if self.is_image else None


def inspection_of(files: Sequence[str], plan: Plan, summary: Summary, encoding: Encoding) -> Inspection:
    """Put together what was found out about a source."""
    own = {column.stored: column.name for column in plan.columns}
    used = [_used(column, own[column.name], summary.extents[column.name].missing) for column in encoding.columns]
    taken = {column.name for column in encoding.columns}
    unused = [
        UnusedColumn(name=column.name, reason=column.reason or _idle(summary.extents[column.stored]))
        for column in plan.columns
        if column.stored not in taken
    ]
    return Inspection(
        files=tuple(files),
        rows=summary.rows,
        used=tuple(used),
        unused=tuple(unused),
        rejected=summary.rejected,
        splits=summary.splits,
    )


def _used(column: Column, name: str, missing: int) -> UsedColumn:
    return UsedColumn(
        name=name,
        kind=column.kind,
        type=column.dtype,
        width=column.coordinates,
        image_shape=column.image_shape,
        scaling="pixels" if column.is_pixel else column.scaling,
        low=column.low,
        high=column.high,
        imputation=column.imputation,
        missing=missing,
    )


def _idle(extent: Extent) -> str:
    """Why the train rows say nothing of a column."""
    return f"{'all cells are missing or infinite' if extent.train_low is None else 'constant'} in the train rows"


def describe(inspection: Inspection) -> Iterator[tuple[int, str]]:
    """Log levels and lines: warnings for what the user may not expect."""
    splits = ", ".join(f"{count:,} {split}" for split, count in inspection.splits.items())
    yield logging.INFO, f"{inspection.rows:,} rows in {len(inspection.files)} file(s), accepted: {splits}"
    for reason, rejection in inspection.rejected.items():
        yield logging.WARNING, f"rejected {rejection.count:,} rows, {reason}; the first: {rejection.example}"
    yield from _by_scaling(inspection)
    yield from _by_imputation(inspection)
    for column in inspection.unused:
        level = logging.INFO if column.reason in ROLES else logging.WARNING
        yield level, f"column {column.name} is not used: {column.reason}"


def _by_scaling(inspection: Inspection) -> Iterator[tuple[int, str]]:
    names = defaultdict(list)
    for column in inspection.used:
        names[f"{column.kind} columns, {_how(column)}"].append(column.name)
    for how, columns in names.items():
        yield logging.INFO, f"{len(columns)} {how}: {some(columns)}"


def _how(column: UsedColumn) -> str:
    if column.kind == Kind.NUMBER and column.image_shape:
        return f"pixels of {' x '.join(map(str, column.image_shape))}"
    return "constant but for missing cells" if column.scaling == CONSTANT else f"scaled {column.scaling}"


def _by_imputation(inspection: Inspection) -> Iterator[tuple[int, str]]:
    columns = defaultdict(list)
    for column in inspection.used:
        if column.missing:
            value = "most frequent value" if column.imputation is Imputation.most_frequent else column.imputation
            columns[value].append(f"{column.name} ({column.missing:,})")
    for value, counts in columns.items():
        yield logging.INFO, f"missing cells replaced by their column's {value}, in so many rows: {some(counts)}"
