"""One file of a source, by the plan: its accepted rows, its rejected rows with their reasons, its labels.

The second of two passes over a file. The position of a rejected row is its number in the file, from 0; the
header and blank lines of a CSV file don't count, ragged lines do.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.encoding import Kind
from tasks import kinds
from tasks.cells import id_texts, present_texts, readable, texts
from tasks.columns import list_values, named_as, one_chunk
from tasks.identity import Repeats, content_ids, hashed_splits, named_splits, row_keys
from tasks.plan import Plan, PlannedColumn
from tasks.profile import INFINITE
from tasks.sources import SourceFile
from tasks.tabular import Part


@dataclass(frozen=True)
class ReadPart:
    """What became of a part of a file; `keys` are those of the rows that were accepted."""

    rows: pa.Table
    keys: np.ndarray  # (rows,) uint64
    rejected: pa.Table
    labels: pa.Table | None


def read_file(
    file: SourceFile, parts: Iterable[Part], plan: Plan, repeats: Repeats, ids: Iterable[list[str]] | None = None
) -> Iterator[ReadPart]:
    """Judge the rows of a file part by part.

    Args:
        ids: of all rows of each part, by their content, where they are known already.
        repeats: rows with the content of an earlier one, or with its id, which is then rejected.
    """
    start = 0
    numbers = dict(zip(repeats.places.tolist(), repeats.counts.tolist(), strict=True))
    known = repeat(None) if ids is None else ids
    for part, of_part in zip(parts, known, strict=ids is not None):
        yield _read_part(file, part, plan, numbers, start, of_part)
        start += part.table.num_rows


def _read_part(
    file: SourceFile, part: Part, plan: Plan, numbers: dict[int, int], start: int, ids: list[str] | None
) -> ReadPart:
    table = _typed(part.table, plan)
    copies = np.isin(np.arange(start, start + len(table)), list(numbers)) if plan.id_column is not None else None
    reasons = _reasons(table, part.table, plan, copies)  # (rows,) text, "" for accepted rows
    accepted = reasons == ""
    row_ids = _row_ids(part.table, plan, numbers, start, accepted, ids)
    keys = row_keys(row_ids)
    kept = table.filter(pa.array(accepted))
    rows = _rows(kept, row_ids, keys, plan)
    labels = _labels(part.table.filter(pa.array(accepted)), row_ids, plan, file.format == "csv")
    return ReadPart(rows, keys, _rejected(file, part, reasons), labels)


def _typed(table: pa.Table, plan: Plan) -> pa.Table:
    """The table in the plan's types; text that is no number, a list of another length, NaN to be imputed: all null."""
    columns = {}
    imputed = {column.name for column in plan.used if column.is_imputed}
    widths = {column.name: column.width for column in plan.used if column.kind is not Kind.NUMBER}
    for field in plan.types:
        cells = one_chunk(table[field.name])
        cells = readable(cells, field.type) if pa.types.is_string(cells.type) else cells.cast(field.type)
        if field.name in widths:
            cells = _fixed(cells, widths[field.name])
        columns[field.name] = _without_nan(cells) if field.name in imputed else cells
    return pa.table(columns)


def _fixed(cells: pa.Array, width: int) -> pa.Array:
    """Lists as lists of one length, null where theirs is another."""
    if pa.types.is_fixed_size_list(cells.type):
        return cells
    fits = pc.fill_null(pc.equal(pc.list_value_length(cells), width), False)
    whole = pa.FixedSizeListArray.from_arrays(cells.filter(fits).flatten(), width)
    places = np.cumsum(fits.to_numpy(zero_copy_only=False)) - 1
    return whole.take(pa.array(places, mask=~fits.to_numpy(zero_copy_only=False)))


def _without_nan(cells: pa.Array) -> pa.Array:
    if not pa.types.is_floating(cells.type):
        return cells
    return pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)


def _reasons(table: pa.Table, source: pa.Table, plan: Plan, copies: np.ndarray | None) -> np.ndarray:
    """Why each row can't be used, (rows,) text; the first reason counts. `copies`: whose id came before, (rows,)."""
    reasons = np.full(table.num_rows, "", dtype=object)

    def blame(rows: np.ndarray, reason: str) -> None:
        if rows.any():
            reasons[rows & (reasons == "")] = reason

    if plan.id_column is not None:
        blame(_is_null(id_texts(source, plan.id_column)), "missing id")
    if copies is not None:
        blame(copies, "repeated id")
    if plan.split_column is not None:
        known = pc.is_in(_split_texts(source, plan.split_column), pa.array(kinds.SPLITS))
        blame(~known.to_numpy(), "unknown split value")
    for column in plan.used:
        cells, before = one_chunk(table[column.name]), one_chunk(source[column.name])
        if column.kind is not Kind.NUMBER:
            blame(
                _is_null(cells) & ~_is_null(before),
                f"list of another length than {column.width}: {column.name}",
            )
        elif pa.types.is_string(before.type):
            blame(_is_null(cells) & ~_is_null(present_texts(before)), f"no number: {column.name}")
        missing, infinite = _missing_and_infinite(cells, column)
        if not column.is_imputed:
            blame(missing, f"missing cell: {column.name}")
        blame(infinite, f"infinite cell: {column.name}")
    return reasons


def _is_null(cells: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return np.asarray(cells.is_null())


def _missing_and_infinite(cells: pa.Array, column: PlannedColumn) -> tuple[np.ndarray, np.ndarray]:
    """Two masks, (rows,): cells that are, or have in their list, missing and infinite numbers."""
    values = cells if column.kind is Kind.NUMBER else list_values(cells)
    if pa.types.is_floating(values.type):
        numbers = values.to_numpy(zero_copy_only=False)  # nan where null
        largest = min(INFINITE, float(np.finfo(numbers.dtype).max))
        missing, infinite = np.isnan(numbers), np.greater(np.abs(numbers), largest)
    else:
        missing, infinite = _is_null(values), np.zeros(len(values), bool)
    shape = (len(cells), column.width)
    missing, infinite = missing.reshape(shape).any(axis=1), infinite.reshape(shape).any(axis=1)
    return missing | _is_null(cells), infinite & ~_is_null(cells)


def _split_texts(source: pa.Table, column: str) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(texts(source, column))


def _row_ids(
    source: pa.Table, plan: Plan, numbers: dict[int, int], start: int, accepted: np.ndarray, known: list[str] | None
) -> list[str]:
    """Ids of the accepted rows; `known` of all rows by their content."""
    if plan.id_column is not None:
        return list(id_texts(source, plan.id_column).filter(pa.array(accepted)).to_pylist())
    ids = content_ids(source.filter(pa.array(accepted))) if known is None else list(compress(known, accepted))
    places = np.flatnonzero(accepted) + start
    if not numbers:
        return ids
    return [
        f"{id}-{numbers[place]}" if place in numbers else id for id, place in zip(ids, places.tolist(), strict=True)
    ]


def _rows(kept: pa.Table, row_ids: list[str], keys: np.ndarray, plan: Plan) -> pa.Table:
    columns: dict[str, Any] = {
        "row_id": pa.array(row_ids, pa.string()),
        "split": _splits(kept, keys, plan),
    }
    for column in plan.stored:
        columns[column.stored] = kept[column.name]
    own = [
        named_as(pa.field(column.stored, kept.schema.field(column.name).type), column.name) for column in plan.stored
    ]
    return pa.table(columns, schema=kinds.rows(pa.schema(own)))


def _splits(kept: pa.Table, keys: np.ndarray, plan: Plan) -> pa.Array:
    if plan.split_column is None:
        return pa.array(hashed_splits(keys), pa.string())
    named = _split_texts(kept, plan.split_column).to_numpy()
    return pa.array(named_splits(named, keys, plan.validation_from_train), pa.string())


def _labels(source: pa.Table, row_ids: list[str], plan: Plan, is_text: bool) -> pa.Table | None:
    if plan.label_column is None:
        return None
    labels = texts(source, plan.label_column)
    if is_text:
        labels = present_texts(labels)
    schema = kinds.LABELS.set(1, named_as(kinds.LABELS.field("label"), plan.label_column))
    return pa.table([pa.array(row_ids, pa.string()), labels], schema=schema)


def _rejected(file: SourceFile, part: Part, reasons: np.ndarray) -> pa.Table:
    places = np.flatnonzero(reasons != "")
    records = part.table.take(pa.array(places)).to_pylist()
    found = [
        (int(part.positions[place]), str(reasons[place]), json.dumps(_finite(record), default=str, ensure_ascii=False))
        for place, record in zip(places, records, strict=True)
    ]
    found += [(position, "ragged line", text) for position, text in part.ragged]
    positions, causes, contents = zip(*sorted(found), strict=True) if found else ((), (), ())
    columns = [[file.name] * len(positions), positions, causes, contents]
    return pa.table(
        [pa.array(column, type) for column, type in zip(columns, kinds.REJECTED.types, strict=True)],
        schema=kinds.REJECTED,
    )


def _finite(value: Any) -> Any:
    """The value with text for the floats that JSON can't write."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
