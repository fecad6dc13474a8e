"""A source file as parts: Parquet, CSV and NPZ, never more of them in memory than a part.

The cells of a CSV file are text here: a column's type is decided when all of it was seen (see profile.py).
"""

import csv
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from tasks.columns import fixed_lists
from tasks.errors import BadInput
from tasks.sources import SourceFile

PART_ROWS = 65_536
PART_BYTES = 32 << 20
BLOCK_BYTES = 8 << 20  # of a CSV file
BUFFER_BYTES = 1 << 20  # of a column of a Parquet file
HEADER = 2  # Arrow numbers the lines of a CSV file from 1, and the header is the first
TEXT_BYTES = 64  # what a cell of unknown size is taken for
WHOLE = {
    "parquet": "a whole Parquet file",
    "csv": "a CSV file in UTF-8",
    "npz": "a whole NPZ file without objects",
}
DAMAGE = (pa.ArrowException, OSError, EOFError, ValueError, csv.Error, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Part:
    """Some rows of a file.

    `positions` are the numbers of the rows in the file, from 0; the header and blank lines don't count,
    ragged lines do. `ragged` are the lines with more or fewer cells than the header: position and text.
    """

    table: pa.Table
    positions: np.ndarray  # (rows,)
    ragged: list[tuple[int, str]] = field(default_factory=list)


def read_parts(file: SourceFile) -> Iterator[Part]:
    """All of a file; at least one part, so that an empty file has its columns.

    Raises:
        BadInput: the file is truncated, damaged, or not of the format that its name says.
    """
    readers = {"parquet": _parquet, "csv": _csv, "npz": _npz}
    try:
        yield from readers[file.format](file.path)
    except DAMAGE as error:
        remedy = "Write the file again, or leave it out."
        raise BadInput("ingest", WHOLE[file.format], f"{file.name}: {error}", remedy) from error


def part_rows(schema: pa.Schema, row_bytes: float = 0) -> int:
    """Rows that fit in a part, as columns or as float32; `row_bytes` is what the file itself says."""
    return int(np.clip(PART_BYTES // max(row_bytes, sum(map(_cell_bytes, schema.types)), 1), 1, PART_ROWS))


def _cell_bytes(type: pa.DataType) -> int:
    if pa.types.is_fixed_size_list(type):
        return type.list_size * max(4, _cell_bytes(type.value_type))
    return type.bit_width // 8 if pa.types.is_primitive(type) else TEXT_BYTES


def _parquet(path: str) -> Iterator[Part]:
    # without these two, Arrow holds all of the file that was read so far
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        row_bytes = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0)
        rows = part_rows(file.schema_arrow, row_bytes)
        yield from _parts(file.iter_batches(batch_size=rows), file.schema_arrow)


def _parts(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[Part]:
    start = 0
    for batch in batches:
        yield Part(_plain(pa.Table.from_batches([batch])), np.arange(start, start + len(batch)))
        start += len(batch)
    if start == 0:
        yield Part(_plain(schema.empty_table()), np.arange(0))


def _plain(table: pa.Table) -> pa.Table:
    """The table in types that later steps know: no dictionaries, decimals or half floats."""
    schema = pa.schema([field.with_type(_plain_type(field.type)) for field in table.schema])
    return table.replace_schema_metadata(None).cast(schema)


def _plain_type(type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(type):
        return type.value_type
    if pa.types.is_decimal(type):
        return pa.float64()
    if pa.types.is_float16(type):
        return pa.float32()
    if pa.types.is_fixed_size_list(type):
        return pa.list_(_plain_type(type.value_type), type.list_size)
    if pa.types.is_list(type) or pa.types.is_large_list(type):
        return pa.list_(_plain_type(type.value_type))
    return type


def _csv(path: str) -> Iterator[Part]:
    ragged: list[tuple[int, str]] = []

    def skip(row: pv.InvalidRow) -> str:
        ragged.append((row.number - HEADER, row.text))
        return "skip"

    names = _header(path)
    reading = pv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)  # only one thread numbers the rows
    parsing = pv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip)
    typing = pv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    start = 0
    with pv.open_csv(path, reading, parsing, typing) as batches:
        for batch in batches:
            for first in range(0, len(batch), PART_ROWS):
                slice = batch.slice(first, PART_ROWS)
                positions, passed = _number(start, len(slice), ragged)
                yield Part(pa.Table.from_batches([slice]), positions, passed)
                start = positions[-1] + 1
    schema = pa.schema([(name, pa.string()) for name in names])
    yield Part(schema.empty_table(), np.arange(0), ragged)


def _header(path: str) -> list[str]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return next(filter(None, csv.reader(file)), [])


def _number(start: int, rows: int, ragged: list[tuple[int, str]]) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Positions of the next rows, and the ragged lines before and between them, taken off the list."""
    passed = []
    positions = np.arange(start, start + rows)  # (rows,)
    while ragged and ragged[0][0] <= positions[-1]:
        passed.append(ragged.pop(0))
        positions[positions >= passed[-1][0]] += 1
    return positions, passed


def _npz(path: str) -> Iterator[Part]:
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        arrays = {name.removesuffix(".npy"): _Array(archive.open(name)) for name in members}
        _check_lengths({name: array.shape for name, array in arrays.items()})
        length = next(iter(arrays.values())).shape[0]
        rows = part_rows(pa.schema([(name, array.type) for name, array in arrays.items()]))
        for start in range(0, max(length, 1), rows):
            count = min(rows, length - start)
            fields, columns = zip(*(array.read(name, count) for name, array in arrays.items()), strict=True)
            yield Part(pa.table(list(columns), pa.schema(fields)), np.arange(start, start + count))


def _check_lengths(shapes: dict[str, tuple[int, ...]]) -> None:
    if not shapes or any(not shape for shape in shapes.values()) or len({shape[0] for shape in shapes.values()}) > 1:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no array"
        remedy = "Save one row for each entry of the first dimension, in every array."
        raise BadInput("ingest", "arrays with equal first dimension", found, remedy)


class _Array:
    """An array in an NPZ file, read from its start to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, fortran, self.dtype = read(stream)
        if self.dtype.hasobject:
            raise ValueError("arrays of Python objects are never loaded")
        self.stream = stream
        self.width = int(np.prod(self.shape[1:]))
        # such an array has its first rows all over the file
        self.whole = self._take(self.shape[0]).reshape(self.shape[::-1]).T if fortran and self.width > 1 else None
        self.done = 0

    @property
    def type(self) -> pa.DataType:
        """The type of its column, near enough to tell its size."""
        value = pa.from_numpy_dtype(self.dtype) if self.dtype.kind in "biuf" else pa.string()
        return pa.list_(value, self.width) if len(self.shape) > 1 else value

    def read(self, name: str, rows: int) -> tuple[pa.Field, pa.Array]:
        """The next rows as a column; an image's shape goes into the field's metadata."""
        values = self._take(rows) if self.whole is None else self.whole[self.done : self.done + rows]
        self.done += rows
        column = pa.array(values) if len(self.shape) == 1 else fixed_lists(values.reshape(rows, self.width))
        shape = {"shape": "x".join(map(str, self.shape[1:]))} if len(self.shape) > 2 else None
        return pa.field(name, column.type, metadata=shape), column

    def _take(self, rows: int) -> np.ndarray:
        size = rows * self.width * self.dtype.itemsize
        content = self.stream.read(size)
        if len(content) < size:
            raise EOFError("an array ends before its time")
        return np.frombuffer(content, self.dtype).astype(self.dtype.newbyteorder("="))
