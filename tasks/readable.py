"""Rows of one source as a model that was fitted to another one reads them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.encoding import Column, Encoding, Kind
from models.imputation import missing_cells
from models.settings import Imputation
from tasks.cells import is_number
from tasks.columns import to_arrays


def differences(encoding: Encoding, table: pa.Table) -> list[str]:
    """Why a table's columns don't fit an encoding, in words; none where they do. Further columns are no difference."""
    return [words for column in encoding.columns if (words := _difference(column, table))]


def encode_readable(encoding: Encoding, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """The vectors (readable rows, width) of a table that fits, and which of its rows are readable (rows,).

    A row isn't if a cell is missing in a column whose missing cells aren't imputed.
    """
    names = [column.name for column in encoding.columns]
    typed = pa.table({column.name: table[column.name].cast(_type(column)) for column in encoding.columns})
    strict = [c.name for c in encoding.columns if c.kind is Kind.NUMBER and c.imputation is Imputation.reject]
    readable = np.ones(len(table), dtype=bool)
    for values in to_arrays(typed, strict).values():
        readable &= ~missing_cells(values)
    return encoding.encode(to_arrays(typed.filter(pa.array(readable)), names)), readable


def _difference(column: Column, table: pa.Table) -> str | None:
    if column.name not in table.column_names:
        return f"{column.name} is missing"
    found = table.schema.field(column.name).type
    is_list = column.kind is not Kind.NUMBER
    numbers = found.value_type if is_list and pa.types.is_fixed_size_list(found) else found
    wanted = f"{column.name} is {found}, not {_type(column)}"
    if is_list and (not pa.types.is_fixed_size_list(found) or found.list_size != column.width):
        return wanted
    if not is_number(numbers) and not pa.types.is_boolean(numbers):
        return wanted
    try:
        pc.cast(table[column.name], _type(column))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:  # a fraction where there were integers, say
        return f"{wanted} ({error})"
    return None


def _type(column: Column) -> pa.DataType:
    numbers = pa.type_for_alias(column.dtype)
    return numbers if column.kind is Kind.NUMBER else pa.list_(numbers, column.width)
