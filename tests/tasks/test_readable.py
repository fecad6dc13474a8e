"""Claims about reading one source's rows with another's encoding."""

import numpy as np
import pyarrow as pa
import pytest

from models.encoding import Column, Encoding, Kind
from models.encoding_fit import fit_encoding
from models.settings import EncodingSettings, Imputation
from tasks.readable import differences, encode_readable

VALUES = {"age": np.arange(20, 60), "size": np.linspace(0, 1, 40), "point": np.ones((40, 2), np.float32)}
COLUMNS = [
    Column("age", Kind.NUMBER, "int64", 1, 20, 59),
    Column("size", Kind.NUMBER, "double", 1, 0, 1, imputation=Imputation.mean, has_indicator=True),
    Column("point", Kind.EMBEDDING, "float", 2, 0, 1),
]


@pytest.fixture(scope="module")
def encoding() -> Encoding:
    """Of an integer that must be there, a number that may be missing, and lists of two."""
    return fit_encoding(COLUMNS, VALUES, EncodingSettings())


def table(**changes: pa.Array) -> pa.Table:
    """Three rows that fit."""
    points = pa.array([[1, 1]] * 3, pa.list_(pa.float32(), 2))
    return pa.table({"age": pa.array([20, 30, 40]), "size": pa.array([0.1, 0.2, 0.3]), "point": points} | changes)


def test_numbers_of_another_type_fit_if_nothing_is_lost(encoding: Encoding) -> None:
    """Integers that became floats because one is missing; further columns take no part."""
    found = table(age=pa.array([20.0, 30.0, 40.0]), further=pa.array(["a", "b", "c"]))
    assert differences(encoding, found) == []
    assert np.array_equal(encode_readable(encoding, found)[0], encode_readable(encoding, table())[0])


def test_a_row_with_a_missing_cell_is_readable_where_it_is_imputed(encoding: Encoding) -> None:
    """The others keep their vectors."""
    x, readable = encode_readable(encoding, table(age=pa.array([20, None, 40]), size=pa.array([None, 0.2, 0.3])))
    assert readable.tolist() == [True, False, True]
    assert len(x) == 2
    assert np.array_equal(x[1], encode_readable(encoding, table())[0][2])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": pa.array(["20", "30", "40"])}, "age is string, not int64"),
        ({"age": pa.array([20.5, 30, 40])}, "age is double, not int64 (Float value 20.5"),
        ({"point": pa.array([[1.0] * 3] * 3, pa.list_(pa.float32(), 3))}, "point is fixed_size_list<item: float>[3]"),
    ],
)
def test_what_does_not_fit_is_named(encoding: Encoding, changes: dict[str, pa.Array], words: str) -> None:
    """The column, what it is, and what was expected."""
    (found,) = differences(encoding, table(**changes))
    assert found.startswith(words)


def test_a_missing_column_is_named(encoding: Encoding) -> None:
    """By its name."""
    assert differences(encoding, table().drop_columns(["size"])) == ["size is missing"]
