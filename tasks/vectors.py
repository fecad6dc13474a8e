"""Accepted rows as vectors: the encoding is fitted on a sample of train rows and used on all."""

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
import pyarrow as pa

from models.encoding import Column, Columns, Encoding, Kind
from models.encoding_fit import fit_encoding
from models.settings import EncodingSettings, Imputation
from tasks import kinds
from tasks.columns import fixed_lists, to_arrays
from tasks.plan import Plan, PlannedColumn
from tasks.tally import Extent, Summary

SAMPLE_ROWS = 50_000
SAMPLE_NUMBERS = 4_000_000  # in the sample, so that wide rows fit in memory


def columns_of(plan: Plan, summary: Summary) -> list[Column]:
    """The columns that vary among the train rows, be it by their missing cells, as the encoding wants them.

    Pixels needn't vary: without the constant ones the others were no image.
    """
    extents = ((column, summary.extents[column.stored]) for column in plan.used)
    return [
        _column(column, extent, plan.types.field(column.name).type)
        for column, extent in extents
        if extent.train_low is not None and (extent.varies or column.is_pixel)
    ]


def fit(columns: list[Column], tables: Iterable[pa.Table], train_rows: int, settings: EncodingSettings) -> Encoding:
    """The encoding from the rows' tables; images need no pass over them."""
    names = [column.name for column in columns if column.kind is not Kind.IMAGE]
    if not names:
        return fit_encoding(columns, {}, settings)
    width = sum(column.width for column in columns if column.kind is not Kind.IMAGE)
    share = min(SAMPLE_ROWS, SAMPLE_NUMBERS // width + 1) / train_rows
    imputed = [column.name for column in columns if column.imputation is not Imputation.reject]
    parts = list(_sampled(tables, names, imputed, share))
    sample = {name: _joined([part[name] for part in parts]) for name in names}
    return fit_encoding(columns, sample, settings)


def encoded(tables: Iterable[pa.Table], encoding: Encoding) -> Iterator[pa.Table]:
    """Tables of rows -> tables of vectors."""
    names = [column.name for column in encoding.columns]
    for table in tables:
        vectors = encoding.encode(to_arrays(table, names))  # (rows, width)
        columns = [table["row_id"], table["split"], fixed_lists(vectors)]
        yield pa.table(columns, schema=kinds.vectors(encoding.width))


def _column(column: PlannedColumn, extent: Extent, type: pa.DataType) -> Column:
    numbers = type if column.kind is Kind.NUMBER else type.value_type
    # what is constant in the train rows is so for the encoding, whatever the other rows hold; but pixels have one range
    is_constant = extent.train_low == extent.train_high and not column.is_pixel
    low, high = (extent.train_low, extent.train_high) if is_constant else (extent.low, extent.high)
    return Column(
        name=column.stored,
        kind=column.kind or Kind.NUMBER,
        dtype=str(numbers),
        width=column.width,
        low=cast("float", low),  # a column without a number takes no part
        high=cast("float", high),
        image_shape=column.image_shape,
        imputation=column.imputation,
        has_indicator=extent.train_missing > 0,
    )


def _sampled(tables: Iterable[pa.Table], names: list[str], imputed: list[str], share: float) -> Iterator[Columns]:
    """Train rows drawn one by one, the same for the same rows in the same order.

    The first number of an imputed column is always drawn: it may have few.
    """
    random = np.random.default_rng(0)
    empty = set(imputed)
    for table in tables:
        drawn = random.random(table.num_rows) < share
        is_train = table["split"].to_numpy() == "train"
        for name in sorted(empty):
            places = np.flatnonzero(is_train & table[name].is_valid().to_numpy())
            if len(places):
                drawn[places[0]] = True
                empty.remove(name)
        yield to_arrays(table.select(names).filter(pa.array(drawn & is_train)), names)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Arrays one after the other, masked if one of them is."""
    join = np.ma.concatenate if any(map(np.ma.isMaskedArray, parts)) else np.concatenate
    return np.asanyarray(join(parts))
