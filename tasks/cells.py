"""Cells: text as values, ids and names as text, and which cells are numbers."""

import pyarrow as pa
import pyarrow.compute as pc

from tasks.errors import BadInput

# cells without a value in a CSV file
MISSING = ("", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "?")


def id_texts(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of ids as text; null where there is none.

    Raises:
        BadInput: as `texts` does.
    """
    ids = pc.utf8_trim_whitespace(texts(table, name))
    return pc.if_else(pc.equal(ids, ""), pa.scalar(None, pa.string()), ids)


def texts(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column that says what a row is (its id, label or split) as text; null where there is none, or NaN.

    Raises:
        BadInput: they are lists or records, or bytes that are no UTF-8.
    """
    cells = table[name]
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    try:
        return cells.cast(pa.string())
    except pa.ArrowException as error:
        found, remedy = f"{table[name].type} in {name!r}", "Name another column, or write it as text."
        raise BadInput("source", "ids, labels and splits that can be text", found, remedy) from error


def from_text(cells: pa.Array, type: pa.DataType) -> pa.Array:
    """Cells of a CSV file as values of a type; null where one of MISSING stands.

    Raises:
        pa.ArrowInvalid: a cell is none of the type.
    """
    if pa.types.is_string(type):
        return cells
    present = present_texts(cells)
    if pa.types.is_boolean(type):
        return _booleans(present)
    return _nulls(present) if pa.types.is_null(type) else present.cast(type)


def readable(cells: pa.Array, type: pa.DataType) -> pa.Array:
    """Cells of text as values of a type, null where one is none of it; whole numbers may be written as floats."""
    for wider in (type, pa.float64()) if pa.types.is_integer(type) else (type,):
        try:
            return from_text(cells, wider)
        except pa.ArrowInvalid:
            continue
    if len(cells) == 1:
        return pa.nulls(1, type)
    half = len(cells) // 2
    parts = [readable(part, type) for part in (cells[:half], cells[half:])]
    common = pa.float64() if pa.float64() in [part.type for part in parts] else type
    return pa.concat_arrays([part.cast(common, safe=False) for part in parts])


def present_texts(cells: pa.Array) -> pa.Array:
    """Cells of a CSV file without the spaces around them; null where one of MISSING stands."""
    trimmed = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.is_in(trimmed, pa.array(MISSING)), pa.scalar(None, pa.string()), trimmed)


def numbers_in(cells: pa.Array) -> pa.Array | None:
    """The numbers in a column, those in its lists included; None if it has no numbers."""
    if pa.types.is_list(cells.type) or pa.types.is_fixed_size_list(cells.type):
        return None if not is_number(cells.type.value_type) else cells.flatten()
    return cells if is_number(cells.type) or pa.types.is_boolean(cells.type) else None


def is_number(type: pa.DataType) -> bool:
    """Whether it is an integer or a float."""
    return pa.types.is_integer(type) or pa.types.is_floating(type)


def _booleans(cells: pa.Array) -> pa.Array:
    lower = pc.utf8_lower(cells)
    known = pc.is_in(lower, pa.array(["true", "false", None]))
    if not pc.all(known, min_count=0).as_py():
        raise pa.ArrowInvalid("neither true nor false")
    return pc.equal(lower, "true")


def _nulls(cells: pa.Array) -> pa.Array:
    if cells.null_count < len(cells):
        raise pa.ArrowInvalid("not all missing")
    return pa.nulls(len(cells))
