"""JSON lines as parts, in types that were decided by all lines of the file.

Each line is an object, its keys are columns in the order in which they first come, and a key that a line
lacks is a missing cell. Numbers, booleans, text and lists of numbers are such columns; a column of integers
and floats has floats. All else (objects, other lists, integers beyond 64 bits, several kinds in one column)
is text: strings as they are, other values as JSON.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.errors import BadInput
from tasks.parts import PART_BYTES, Part, part_rows

BLOCK_BYTES = 8 << 20  # of lines in a part: their objects take several times as much
MOST_COLUMNS = 10_000
DEEPEST = 100  # levels of lists and objects in each other
INT64 = range(-(2**63), 2**63)

Rows = list[dict[str, Any]]
Kinds = dict[str, set[str]]  # what kinds of values a column has


def json_parts(path: str) -> Iterator[Part]:
    """Parts of a file of JSON lines.

    Raises:
        BadInput: the keys differ so much from line to line that they are no columns.
        ValueError: no line is an object with keys.
    """
    types = _types(path)
    most = part_rows(types)
    rows: Rows = []
    positions: list[int] = []
    ragged: list[tuple[int, str]] = []
    size = 0
    for position, (line, row) in enumerate(_parsed(path)):
        size += len(line)
        if row is None:
            ragged.append((position, line.decode(errors="replace").rstrip("\r\n")))
        else:
            rows.append(row)
            positions.append(position)
        if len(rows) == most or size >= BLOCK_BYTES:
            yield Part(_table(rows, types), np.array(positions, int), ragged)
            rows, positions, ragged, size = [], [], [], 0
    yield Part(_table(rows, types), np.array(positions, int), ragged)


def _types(path: str) -> pa.Schema:
    kinds: Kinds = {}
    for _, row in _parsed(path):
        for name, value in (row or {}).items():
            kinds.setdefault(name, set()).add(_kind(value))
        if len(kinds) > MOST_COLUMNS:
            remedy = "Give the objects the same keys: what differs from row to row belongs into values."
            raise BadInput("source", f"at most {MOST_COLUMNS:,} keys in all lines", "more", remedy)
    if not kinds:
        raise ValueError("no line is an object with keys")
    return pa.schema([(name, _type(found)) for name, found in kinds.items()])


def _parsed(path: str) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """All lines but blank ones, and their objects, or None for a line that is none."""
    with open(path, "rb") as file:
        first = True
        while line := file.readline(PART_BYTES):
            rest = line
            while len(rest) == PART_BYTES and not rest.endswith(b"\n"):
                rest = file.readline(PART_BYTES)  # a line without an end is no row, and must not fill the memory
            if first:
                line, first = line.removeprefix(b"\xef\xbb\xbf"), False
            if not line.isspace() and line:
                yield line, _object(line)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line.decode())
        if b"\\ud" in line or b"\\uD" in line:  # half of a pair is no character: refuse what UTF-8 can't hold
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    too_deep = line.count(b"[") + line.count(b"{") > DEEPEST and _is_deep(value)
    return value if isinstance(value, dict) and not too_deep else None


def _is_deep(value: Any) -> bool:
    """Whether it is nested deeper than it could be written again."""
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level if isinstance(each, list | dict) for child in _children(each)]
    return bool(level)


def _children(value: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _kind(value: Any) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return "boolean"
        case int():
            return "integer" if value in INT64 else "beyond"
        case float():
            return "float"
        case list():
            return _list_kind({"text" if isinstance(each, list) else _kind(each) for each in value} - {"missing"})
    return "text"


def _list_kind(kinds: set[str]) -> str:
    if not kinds <= {"integer", "float"}:
        return "text"
    return "floats" if "float" in kinds else "integers" if kinds else "list"


def _type(kinds: set[str]) -> pa.DataType:
    """The narrowest type for all kinds of values in a column."""
    found = kinds - {"missing"}
    choices = {
        pa.null(): set(),
        pa.bool_(): {"boolean"},
        pa.int64(): {"integer"},
        pa.float64(): {"integer", "float"},
        pa.list_(pa.int64()): {"list", "integers"},
        pa.list_(pa.float64()): {"list", "integers", "floats"},
    }
    return next((type for type, holds in choices.items() if found <= holds), pa.string())


def _table(rows: Rows, types: pa.Schema) -> pa.Table:
    columns = [pa.array(_cells((row.get(field.name) for row in rows), field.type), field.type) for field in types]
    return pa.table(columns, schema=types)


def _cells(values: Iterable[Any], type: pa.DataType) -> list[Any]:
    """Values as cells that Arrow takes for the type without a loss that it would refuse."""
    if pa.types.is_string(type):
        return [value if value is None or isinstance(value, str) else _text(value) for value in values]
    if pa.types.is_floating(type):
        return [None if value is None else float(value) for value in values]
    if pa.types.is_list(type) and pa.types.is_floating(type.value_type):
        return [None if value is None else _cells(value, type.value_type) for value in values]
    return list(values)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
