"""A source file as parts, never more of it in memory than a part."""

import csv
import zipfile
import zlib
from collections import Counter
from collections.abc import Generator

import pyarrow as pa

from tasks.arrow_files import arrow_parts, parquet_parts
from tasks.csv_files import csv_parts
from tasks.errors import BadInput
from tasks.json_lines import json_parts
from tasks.npz_files import npz_parts
from tasks.parts import Part
from tasks.sources import SourceFile

READERS = {
    "parquet": parquet_parts,
    "csv": csv_parts,
    "npz": npz_parts,
    "jsonl": json_parts,
    "arrow": arrow_parts,
}
WHOLE = {
    "parquet": "a whole Parquet file",
    "csv": "a CSV file in UTF-8",
    "npz": "a whole NPZ file without objects",
    "jsonl": "a file of JSON objects, one a line, in UTF-8",
    "arrow": "a whole Arrow file or stream",
}
DAMAGE = (pa.ArrowException, OSError, EOFError, ValueError, csv.Error, zipfile.BadZipFile, zlib.error)


def read_parts(file: SourceFile) -> Generator[Part, None, None]:
    """All of a file; at least one part, so that an empty file has its columns.

    Raises:
        BadInput: the file is truncated, damaged, or not of the format that its name says; it has no column, or
            one twice.
        Interrupted: it changed meanwhile, or the network failed.
    """
    path = file.fetched()
    try:
        for part in READERS[file.format](path):
            _check_names(file.name, part.table.column_names)
            yield part
    except DAMAGE as error:
        file.check_unchanged()
        remedy = "Write the file again, or leave it out."
        raise BadInput("source", WHOLE[file.format], f"{file.name}: {error}", remedy) from error


def _check_names(file: str, columns: list[str]) -> None:
    if not columns:
        raise BadInput("source", "columns", f"none in {file}", "Leave the file out.")
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        found = f"{twice[0]!r} twice in {file}"
        raise BadInput("source", "column names that differ", found, "Rename one of the columns.")
