"""The names and types of a source's columns, over all of its files."""

import difflib

import pyarrow as pa

from models.settings import EncodingSettings, SourceSettings
from tasks.errors import BadInput

REMEDY = "Make the files alike, or leave that one out."


def schema_of(hexadecimal: str) -> pa.Schema:
    """The schema that `hex_of` wrote down."""
    return pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(hexadecimal)))


def hex_of(schema: pa.Schema) -> str:
    """A schema as text, for JSON."""
    return str(schema.serialize().to_pybytes().hex())


def some(names: list[str]) -> str:
    """The first names of a list, for a message."""
    return ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")


def check_names(columns: list[str], settings: SourceSettings, encoding: EncodingSettings) -> None:
    """Refuse a setting that names a column which the source doesn't have.

    Raises:
        BadInput: an unknown name.
    """
    _check(settings.id_column, "id column", columns)
    _check(settings.label_column, "label column", columns)
    _check(settings.split_column, "split column", columns)
    for name in settings.ignore:
        _check(name, "ignored column", columns)
    for name in encoding.columns:
        _check(name, "column with a scaling of its own", columns)
    for name in encoding.missing_columns:
        _check(name, "column with an imputation of its own", columns)


def common_types(schemas: dict[str, pa.Schema]) -> pa.Schema:
    """Types that hold the cells of all files (schemas by file name), in the order of the first one.

    Raises:
        BadInput: a file lacks a column, has another one, or has another kind of cells in it.
    """
    first, *others = schemas
    types = schemas[first]
    for name in others:
        types = _unified(types, schemas[name], name)
    return types


def check_columns(expected: list[str], names: list[str], file: str) -> None:
    """Refuse a file that lacks a column of the others or has one that they don't have."""
    lacking, further = _differences(expected, names), _differences(names, expected)
    if not lacking and not further:
        return
    parts = [f"without {some(lacking)}"] * bool(lacking) + [f"also with {some(further)}"] * bool(further)
    found = f"{file} {' and '.join(parts)}"
    raise BadInput("ingest", f"the columns {some(expected)} in every file", found, REMEDY)


def _unified(types: pa.Schema, others: pa.Schema, file: str) -> pa.Schema:
    check_columns(types.names, others.names, file)
    return pa.schema([_unified_field(field, others.field(field.name), file) for field in types])


def _unified_field(field: pa.Field, other: pa.Field, file: str) -> pa.Field:
    if pa.types.is_fixed_size_list(field.type) and pa.types.is_fixed_size_list(other.type):
        alike = field.type.list_size == other.type.list_size and field.type.value_type == other.type.value_type
    else:
        alike = True
    try:
        if not alike:
            raise pa.ArrowTypeError("lists of another size")
        merged = pa.unify_schemas([pa.schema([field]), pa.schema([other])], promote_options="permissive")
    except pa.ArrowException as error:
        expected = f"column {field.name!r} of type {field.type} in every file"
        raise BadInput("ingest", expected, f"{file} with {other.type}", REMEDY) from error
    return merged.field(0)


def _differences(names: list[str], others: list[str]) -> list[str]:
    return [name for name in names if name not in others]


def _check(name: str | None, role: str, columns: list[str]) -> None:
    if name is None or name in columns:
        return
    near = difflib.get_close_matches(name, columns, n=3, cutoff=0.5)
    near = near or [column for column in columns if column.lower() == name.lower()]
    remedy = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"It has: {some(columns)}."
    raise BadInput("ingest", f"the {role} {name!r} in the source", "no such column", remedy)
