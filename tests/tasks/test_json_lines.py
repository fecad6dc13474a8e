"""JSON lines and Arrow files: what their lines and batches become."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pytest

from models.settings import EncodingSettings, SourceSettings
from tasks.errors import BadInput
from tasks.ingest import ingest_source
from tasks.parts import PART_ROWS, Part
from tasks.sources import source_files
from tasks.store import Store
from tasks.tabular import read_parts


def parts_of(path: Path) -> list[Part]:
    with source_files(str(path)) as files:
        return [part for file in files for part in read_parts(file)]


def column_of(tmp_path: Path, *cells: str) -> tuple[pa.DataType, list[Any]]:
    """The type and the values of a column "x" with these cells, in JSON."""
    (tmp_path / "a.jsonl").write_text("".join(f'{{"x": {cell}}}\n' for cell in cells))
    (part,) = parts_of(tmp_path / "a.jsonl")
    return part.table["x"].type, part.table["x"].to_pylist()


class Case(NamedTuple):
    """Cells of a column, and what they come out as."""

    cells: list[str]
    type: pa.DataType
    values: list[Any]


CASES = [
    Case(["1", "null", "-2"], pa.int64(), [1, None, -2]),
    Case(["1", "2.5"], pa.float64(), [1.0, 2.5]),
    Case(["9007199254740993", "0.5"], pa.float64(), [9007199254740992.0, 0.5]),
    Case(["true", "false"], pa.bool_(), [True, False]),
    Case(['"a"', "null"], pa.string(), ["a", None]),
    Case(["[1, 2]", "[3]", "[]"], pa.list_(pa.int64()), [[1, 2], [3], []]),
    Case(["[1, 2]", "[0.5, null]"], pa.list_(pa.float64()), [[1.0, 2.0], [0.5, None]]),
    Case(["9223372036854775807", "9223372036854775808"], pa.string(), ["9223372036854775807", "9223372036854775808"]),
    Case(["1", '"a"', "true"], pa.string(), ["1", "a", "true"]),
    Case(["1", "true"], pa.string(), ["1", "true"]),
    Case(["1", "[1]"], pa.string(), ["1", "[1]"]),
    Case(['{"b": [1, {"a": "é"}]}', "null"], pa.string(), ['{"b": [1, {"a": "é"}]}', None]),
    Case(["[[1, 2], [3, 4]]", '["a", 1]'], pa.string(), ["[[1, 2], [3, 4]]", '["a", 1]']),
    Case(["null"], pa.null(), [None]),
    Case(["Infinity", "1e999", "1"], pa.float64(), [np.inf, np.inf, 1.0]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.cells))
def test_json_values_come_typed(tmp_path: Path, case: Case) -> None:
    """A column has the narrowest type that holds all of its values, and is text where there is none."""
    assert column_of(tmp_path, *case.cells) == (case.type, case.values)


def test_keys_may_be_absent_and_come_late(tmp_path: Path) -> None:
    """Columns are all keys of the file, in the order of their first lines; a key that a line lacks is missing."""
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n\n{"y": true, "x": 2}\r\n{"z": null}')
    (part,) = parts_of(tmp_path / "a.jsonl")
    assert part.table.to_pylist() == [
        {"x": 1, "y": None, "z": None},
        {"x": 2, "y": True, "z": None},
        {"x": None, "y": None, "z": None},
    ]
    assert part.positions.tolist() == [0, 1, 2]


def test_types_are_decided_by_the_whole_file(tmp_path: Path) -> None:
    """100,000 integers are floats from the first part on if the last value is one, in parts of at most 65,536."""
    lines = "".join(f'{{"x": {number}}}\n' for number in range(100_000))
    (tmp_path / "a.ndjson").write_text(f'{lines}{{"x": 0.5, "late": "b"}}\n')
    parts = parts_of(tmp_path / "a.ndjson")
    assert [part.table.num_rows for part in parts] == [PART_ROWS, 100_001 - PART_ROWS]
    assert {part.table.schema for part in parts} == {pa.schema({"x": pa.float64(), "late": pa.string()})}
    np.testing.assert_array_equal(np.concatenate([part.positions for part in parts]), np.arange(100_001))


BAD_LINES = [
    "[1, 2]",
    '{"x": 1',
    "7",
    '{"x": "\\ud800"}',
    '{"x": ' + "9" * 5000 + "}",
    '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    '{"x": ' + "[" * 150 + "]" * 150 + "}",
]


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: line[:16])
def test_lines_that_are_no_objects_are_ragged(tmp_path: Path, line: str) -> None:
    """Another value, half an object, half a character, and what no machine should parse keep place and text."""
    (tmp_path / "a.jsonl").write_text(f'{{"x": 1}}\n{line}\n{{"x": 2}}\n')
    (part,) = parts_of(tmp_path / "a.jsonl")
    assert part.table["x"].to_pylist() == [1, 2]
    assert part.positions.tolist() == [0, 2]
    assert part.ragged == [(1, line)]


def test_a_line_in_another_encoding_is_ragged(tmp_path: Path) -> None:
    """The other lines are read; a byte order mark is no part of the first one."""
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"x": 1}\n{"x": "\xff"}\n')
    (part,) = parts_of(tmp_path / "a.jsonl")
    assert part.table["x"].to_pylist() == [1]
    assert part.ragged == [(1, '{"x": "\ufffd"}')]


def test_ragged_lines_are_rejected_rows(tmp_path: Path, store: Store) -> None:
    """No line is lost: the artifact `rejected` has its file, position, reason and text."""
    lines = [f'{{"id": {number}, "x": {number % 7}, "v": [{number}, 0.5]}}' for number in range(60)]
    lines[4:4] = ["oops"]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    settings = SourceSettings(id_column="id")
    artifacts, inspection, _ = ingest_source(str(tmp_path), settings, EncodingSettings(), 2, store)
    assert store.table(artifacts["rejected"]).to_pylist() == [
        {"file": "a.jsonl", "position": 4, "reason": "ragged line", "content": "oops"}
    ]
    assert [(column.name, column.kind, column.width) for column in inspection.used] == [
        ("x", "number", 1),
        ("v", "embedding", 2),
    ]
    assert artifacts["rows"].rows == 60


@pytest.mark.parametrize("content", [b"", b"\n \n", b"{}\n{}\n", b"x,y\n1,2\n", '{"x": 1}'.encode("utf-16")])
def test_a_file_without_objects_is_refused(tmp_path: Path, content: bytes) -> None:
    """Neither an empty file, nor empty objects, nor one of another format or encoding is read as something."""
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(BadInput, match=r"expected a file of JSON objects, one a line, in UTF-8; found a.jsonl"):
        parts_of(tmp_path)


def test_keys_that_are_no_columns_are_refused(tmp_path: Path) -> None:
    """10,001 keys are values in the wrong place, and would fill the memory."""
    (tmp_path / "a.jsonl").write_text("".join(f'{{"user{number}": 1}}\n' for number in range(10_001)))
    with pytest.raises(BadInput, match=r"expected at most 10,000 keys in all lines; found more"):
        parts_of(tmp_path)


def arrow_table(rows: int) -> pa.Table:
    return pa.table(
        {"x": np.arange(rows), "city": pa.array(["Rome", "Oslo"] * (rows // 2), pa.string()).dictionary_encode()}
    )


def write_arrow(path: Path, table: pa.Table, kind: str) -> None:
    match kind:
        case "feather":
            feather.write_feather(table, path, chunksize=1000)
        case "file":
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
        case "stream":
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
                writer.write_table(table, max_chunksize=1000)


@pytest.mark.parametrize(("name", "kind"), [("a.feather", "feather"), ("a.arrow", "file"), ("a.ipc", "stream")])
def test_arrow_files_and_streams_are_read(tmp_path: Path, name: str, kind: str) -> None:
    """All rows come in order and in plain types, in parts of at most 65,536."""
    write_arrow(tmp_path / name, arrow_table(100_000), kind)
    parts = parts_of(tmp_path / name)
    assert {part.table.schema for part in parts} == {pa.schema({"x": pa.int64(), "city": pa.string()})}
    assert max(part.table.num_rows for part in parts) <= PART_ROWS
    np.testing.assert_array_equal(np.concatenate([part.table["x"] for part in parts]), np.arange(100_000))
    np.testing.assert_array_equal(np.concatenate([part.positions for part in parts]), np.arange(100_000))
    assert parts[-1].table["city"][-1].as_py() == "Oslo"


@pytest.mark.parametrize("kind", ["feather", "stream"])
def test_arrow_files_come_one_batch_at_a_time(tmp_path: Path, kind: str) -> None:
    """Of 40 MB in 50 batches, less than 4 MB are in memory while it is read."""
    table = pa.table({f"x{number}": np.arange(50_000) for number in range(100)})
    write_arrow(tmp_path / "a.arrow", table, kind)
    del table
    start = pa.total_allocated_bytes()
    with source_files(str(tmp_path)) as (file,):
        most = max(pa.total_allocated_bytes() - start for _ in read_parts(file))
    assert 0 < most < 4e6


@pytest.mark.parametrize("kind", ["feather", "stream"])
def test_a_truncated_arrow_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A file that lost its end is named."""
    path = tmp_path / "a.arrow"
    write_arrow(path, arrow_table(10_000), kind)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(BadInput, match=r"expected a whole Arrow file or stream; found a.arrow: "):
        parts_of(path)


def test_an_arrow_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    """An empty part tells the columns."""
    write_arrow(tmp_path / "a.arrow", arrow_table(0), "file")
    (part,) = parts_of(tmp_path)
    assert part.table.schema == pa.schema({"x": pa.int64(), "city": pa.string()})
