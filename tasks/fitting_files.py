"""Whether the files of a source have the columns that a bundle needs, and the plan by which each is read.

Only what the bundle's vectors are made of is needed, and the id column. Numbers may be of another width: integers,
floats, or text in CSV and JSON lines. Values outside the range of the train rows are fine.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from models.encoding import Column, Encoding, Kind
from tasks.cells import is_number, present_texts, readable
from tasks.columns import one_chunk
from tasks.errors import BadInput
from tasks.plan import Plan, PlannedColumn, stored_names
from tasks.schemas import hex_of
from tasks.sources import SourceFile
from tasks.tabular import read_parts

TEXT_FORMATS = ("csv", "jsonl")  # whose numbers may be text


@dataclass(frozen=True)
class Fit:
    """A file against a bundle: how to read it, what doesn't fit, and the columns that nobody asked for."""

    plan: Plan
    differences: list[str]
    extra: list[str]


def fit_files(
    files: Iterable[SourceFile], encoding: Encoding, id_column: str | None, known: Iterable[str], model: str
) -> dict[str, Fit]:
    """The plan of each file by its name, from the first part of each; `known` are the roles of further columns.

    Raises:
        BadInput: naming all differences of all files.
    """
    fits = {file.name: fit_file(file, encoding, id_column, known) for file in files}
    found: dict[str, list[str]] = defaultdict(list)
    for name, fit in fits.items():
        for difference in fit.differences:
            found[difference].append(name)
    if found:
        words = [f"{what} ({', '.join(names)})" if len(fits) > 1 else what for what, names in found.items()]
        remedy = "Give the source these columns, or fit a model to it."
        raise BadInput("assign", f"the columns that {model} was fitted to", "; ".join(words), remedy)
    return fits


def fit_file(file: SourceFile, encoding: Encoding, id_column: str | None, known: Iterable[str]) -> Fit:
    """Compare one file."""
    with closing(read_parts(file)) as parts:
        table = next(parts).table
    names = {stored: name for name, stored in stored_names(table.column_names).items()}
    differences = [] if id_column is None or id_column in table.column_names else [f"no id column {id_column!r}"]
    fields, planned = [], []
    for column in encoding.columns:
        name = names.get(column.name)
        if name is None:
            differences.append(f"no column {column.name!r}")
            continue
        cells = one_chunk(table[name])
        if words := _difference(cells, column, file.format in TEXT_FORMATS):
            differences.append(f"column {name!r} with {words}")
        fields.append(pa.field(name, _read_as(cells.type, column)))
        planned.append(_planned(name, column))
    plan = Plan(
        schema_hex=hex_of(pa.schema(fields)), columns=tuple(planned), id_column=id_column, label_column=None,
        split_column=None, validation_from_train=False,
    )  # fmt: skip
    taken = {column.name for column in planned} | {id_column, *known}
    return Fit(plan, differences, [name for name in table.column_names if name not in taken])


def _planned(name: str, column: Column) -> PlannedColumn:
    return PlannedColumn(
        name=name, stored=column.name, width=column.width, kind=column.kind, imputation=column.imputation
    )


def _read_as(type: pa.DataType, column: Column) -> pa.DataType:
    """The type in which a column's cells are read: their own, but for text and for columns without any cell."""
    if column.kind is Kind.NUMBER and not is_number(type):
        return pa.type_for_alias(column.dtype)
    return type


def _difference(cells: pa.Array, column: Column, may_be_text: bool) -> str:
    """What is wrong with a column, "" if nothing is."""
    if column.kind is Kind.NUMBER:
        return _number_difference(cells, column, may_be_text)
    return _list_difference(cells, column)


def _number_difference(cells: pa.Array, column: Column, may_be_text: bool) -> str:
    type, wanted = cells.type, pa.type_for_alias(column.dtype)
    if pa.types.is_null(type):
        return ""
    if pa.types.is_string(type) and may_be_text:
        present = present_texts(cells).drop_null()
        unreadable = len(present) and not readable(present, wanted).drop_null()
        return f"text, such as {present[0].as_py()[:40]!r}, instead of {wanted}" if unreadable else ""
    fits = pa.types.is_boolean(type) if pa.types.is_boolean(wanted) else is_number(type)
    return "" if fits else f"{type} instead of {wanted}"


def _list_difference(cells: pa.Array, column: Column) -> str:
    wanted = f"instead of lists of {column.width} {column.dtype}"
    is_fixed = pa.types.is_fixed_size_list(cells.type)
    if not is_fixed and not pa.types.is_list(cells.type):
        return f"{cells.type} {wanted}"
    values = cells.type.value_type
    if not is_number(values) or (column.dtype == "uint8") != (values == pa.uint8()):
        return f"lists of {values} {wanted}"
    lengths = [cells.type.list_size] if is_fixed else pc.unique(pc.list_value_length(cells).drop_null()).to_pylist()
    return f"lists of {lengths[0]} {values} {wanted}" if lengths and column.width not in lengths else ""
