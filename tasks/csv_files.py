"""CSV files as parts. The cells are text here: a column's type is decided when all of it was seen (see profile.py).

Commas separate the cells, or what the first line has in their place: semicolons, tabs or bars.
"""

import csv
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from tasks.parts import PART_ROWS, Part

BLOCK_BYTES = 8 << 20
SEPARATORS = ",;\t|"  # the first that stands in the header counts
HEADER = 2  # Arrow numbers the lines from 1, and the header is the first


def csv_parts(path: str) -> Iterator[Part]:
    """Parts of a CSV file."""
    ragged: list[tuple[int, str]] = []

    def skip(row: pv.InvalidRow) -> str:
        ragged.append((row.number - HEADER, row.text))
        return "skip"

    names, separator = _header(path)
    reading = pv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)  # only one thread numbers the rows
    parsing = pv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=skip)
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


def _header(path: str) -> tuple[list[str], str]:
    """The names of the columns, and what separates the cells."""
    for separator in SEPARATORS:
        with open(path, encoding="utf-8-sig", newline="") as file:
            names = next(filter(None, csv.reader(file, delimiter=separator)), [])
        if len(names) > 1:
            return names, separator
    return names, SEPARATORS[0]


def _number(start: int, rows: int, ragged: list[tuple[int, str]]) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Positions of the next rows, and the ragged lines before and between them, taken off the list."""
    passed = []
    positions = np.arange(start, start + rows)  # (rows,)
    while ragged and ragged[0][0] <= positions[-1]:
        passed.append(ragged.pop(0))
        positions[positions >= passed[-1][0]] += 1
    return positions, passed
