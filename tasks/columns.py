"""Arrow columns as NumPy arrays, and back."""

import numpy as np
import pyarrow as pa

from models.encoding import Columns

SOURCE_NAME = b"source_name"  # in a field's metadata


def to_arrays(table: pa.Table, names: list[str]) -> Columns:
    """Columns as arrays, (rows,), masked if numbers are missing, or, for lists without a gap, (rows, width)."""
    return {name: _array(table[name]) for name in names}


def fixed_lists(values: np.ndarray) -> pa.FixedSizeListArray:
    """(rows, width) -> a column of fixed-size lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), values.shape[1])


def list_values(column: pa.FixedSizeListArray) -> pa.Array:
    """The (rows x width) numbers of fixed-size lists; where a list is missing they say nothing."""
    width = column.type.list_size
    return column.values.slice(column.offset * width, len(column) * width)


def one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _array(column: pa.ChunkedArray) -> np.ndarray:
    whole = one_chunk(column)
    if pa.types.is_fixed_size_list(whole.type):
        return list_values(whole).to_numpy(zero_copy_only=False).reshape(-1, whole.type.list_size)
    if not whole.null_count:
        return whole.to_numpy(zero_copy_only=False)
    missing = whole.is_null().to_numpy(zero_copy_only=False)
    zero = pa.scalar(0).cast(whole.type)  # so that integers stay integers
    return np.ma.MaskedArray(whole.fill_null(zero).to_numpy(zero_copy_only=False), missing)


def named_as(field: pa.Field, name: str) -> pa.Field:
    """The field, with the name that its column has in the source."""
    return field.with_metadata({SOURCE_NAME: name})


def source_name(field: pa.Field) -> str:
    """The name that a column has in the source."""
    return (field.metadata or {}).get(SOURCE_NAME, field.name.encode()).decode()
