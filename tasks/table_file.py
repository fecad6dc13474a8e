"""A table as one Parquet or CSV file on this machine, part by part."""

import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from tasks.errors import BadInput


def check_out(out: str, stage: str) -> None:
    """Refuse a file that can't be written, before anything is read; `stage` is who asks, for the error.

    Raises:
        BadInput: another kind of file, or no such folder.
    """
    if Path(out).suffix not in (".parquet", ".csv"):
        raise BadInput(stage, "a file that ends in .parquet or .csv", out, "Name one of these.")
    if not Path(out).resolve().parent.is_dir():
        raise BadInput(stage, f"a folder {Path(out).resolve().parent}", "none", "Make it first.")


def save_table(out: str, parts: Iterator[pa.Table]) -> int:
    """Write the parts, at least one, to a file that is there as a whole or not at all; gives the number of rows.

    The file is one that `check_out` lets pass. Lists become JSON in a CSV, and bytes hexadecimal. One part is in memory
    at a time.
    """
    write = _write_csv if Path(out).suffix == ".csv" else _write_parquet
    partial = Path(f"{out}.part")
    try:
        n_rows = write(partial, parts)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return n_rows


def _write_parquet(out: Path, parts: Iterator[pa.Table]) -> int:
    first = next(parts)
    with pq.ParquetWriter(out, first.schema, compression="zstd") as writer:
        return sum(_write(writer.write_table, table) for table in chain([first], parts))


def _write_csv(out: Path, parts: Iterator[pa.Table]) -> int:
    first = _flat(next(parts))
    with pcsv.CSVWriter(out, first.schema) as writer:
        return sum(_write(writer.write_table, table) for table in chain([first], map(_flat, parts)))


def _write(write: object, table: pa.Table) -> int:
    write(table)  # type: ignore[operator]
    return len(table)


def _flat(table: pa.Table) -> pa.Table:
    """Lists and records as JSON, and bytes in hexadecimal, as a CSV holds text alone."""
    for i, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            table = table.set_column(i, field.name, _texts(table[field.name], _json))
        elif pa.types.is_binary(field.type) or pa.types.is_fixed_size_binary(field.type):
            table = table.set_column(i, field.name, _texts(table[field.name], bytes.hex))
    return table


def _texts(column: pa.ChunkedArray, write: Callable[[Any], str]) -> pa.Array:
    return pa.array([None if value is None else write(value) for value in column.to_pylist()], pa.string())


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
