"""A part of a source file: what of it is in memory at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tasks.plain_types import plain

PART_ROWS = 65_536
PART_BYTES = 32 << 20
TEXT_BYTES = 64  # what a cell of unknown size is taken for


@dataclass(frozen=True)
class Part:
    """Some rows of a file.

    `positions` are the numbers of the rows in the file, from 0; the header and blank lines don't count,
    ragged lines do. `ragged` are the lines that are no row (more or fewer cells than the header, no JSON
    object): position and text.
    """

    table: pa.Table
    positions: np.ndarray  # (rows,)
    ragged: list[tuple[int, str]] = field(default_factory=list)


def part_rows(schema: pa.Schema, row_bytes: float = 0) -> int:
    """Rows that fit in a part, as columns or as float32; `row_bytes` is what the file itself says."""
    return int(np.clip(PART_BYTES // max(row_bytes, sum(map(_cell_bytes, schema.types)), 1), 1, PART_ROWS))


def parts_of(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[Part]:
    """Batches as parts in plain types; at least one."""
    start = 0
    for batch in batches:
        yield Part(plain(pa.Table.from_batches([batch])), np.arange(start, start + len(batch)))
        start += len(batch)
    if start == 0:
        yield Part(plain(schema.empty_table()), np.arange(0))


def _cell_bytes(type: pa.DataType) -> int:
    if pa.types.is_fixed_size_list(type):
        return type.list_size * max(4, _cell_bytes(type.value_type))
    return type.bit_width // 8 if pa.types.is_primitive(type) else TEXT_BYTES
