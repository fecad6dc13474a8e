"""Files whose columns have types that few programs write: used, or named and kept, and never a traceback."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import EncodingSettings, SourceSettings
from tasks.ingest import ingest_source
from tasks.plain_types import plain
from tasks.store import Store

ROWS = 60
NUMBERS = np.random.default_rng(0).normal(size=(ROWS, 2))
TENSOR = pa.fixed_shape_tensor(pa.float32(), [8, 8])
TENSORS = pa.ExtensionArray.from_storage(
    TENSOR, pa.FixedSizeListArray.from_arrays(pa.array(np.arange(ROWS * 64) % 251, pa.float32()), 64)
)
IDLE = {  # columns that no vector is made of
    "views": pa.array(["a"] * ROWS, pa.string_view()),
    "bytes": pa.array([b"\xff\x00"] * ROWS),
    "byte views": pa.array([b"\xff"] * ROWS, pa.binary_view()),
    "dictionary": pa.array(["a", "b"] * (ROWS // 2)).dictionary_encode(),
    "lists of text": pa.array([["a"]] * ROWS),
    "records": pa.array([{"a": 1, "b": "x"}] * ROWS),
    "maps": pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
    "durations": pa.array([timedelta(seconds=i) for i in range(ROWS)]),
    "dates": pa.array([date(2020, 1, 1)] * ROWS),
    "times": pa.array([time(1)] * ROWS),
    "moments": pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * ROWS),
    "uuids": pa.array([bytes(range(16))] * ROWS, pa.uuid()),
    "intervals": pa.array([pa.MonthDayNano([1, 2, 3])] * ROWS),
    "empty lists": pa.array([[]] * ROWS, pa.list_(pa.float64(), 0)),
}
USED = {
    "decimals": pa.array(range(ROWS), pa.decimal256(60, 2)),
    "halves": pa.array(NUMBERS[:, 0].astype("f2")),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([30, ROWS], pa.int32()), pa.array([1.5, 2.5])),
    "list views": pa.array(NUMBERS.tolist(), pa.list_view(pa.float64())),
    "tensors": TENSORS,
}
NO_PARQUET = {"runs", "intervals"}  # Parquet has no such type
UNREADABLE = {"empty lists", "list views"}  # Arrow can't read its own Parquet files of these


def kept(path: Path, table: dict[str, Any], store: Store) -> tuple[set[str], int]:
    """The columns that are used, and the accepted rows."""
    columns = {"x": NUMBERS[:, 0], "y": NUMBERS[:, 1]} | table
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        whole = pa.table(columns)
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, whole.schema) as writer:
            writer.write_table(whole)
    made, found, _ = ingest_source(str(path), SourceSettings(), EncodingSettings(), 2, store)
    return {column.name for column in found.used}, made["rows"].rows


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("name", [*IDLE, *USED])
def test_every_type_of_arrow_is_used_or_kept(name: str, suffix: str, tmp_path: Path, store: Store) -> None:
    """Whether or not there is an id column: without one, rows are known by all of their cells."""
    if suffix == "parquet" and name in NO_PARQUET | UNREADABLE:
        suffix = "arrow"
    used, rows = kept(tmp_path / f"a.{suffix}", {name: (IDLE | USED)[name]}, store)
    assert used == {"x", "y"} | ({name} & set(USED))
    assert rows == ROWS


def test_a_tensor_keeps_its_shape() -> None:
    """As the lists of an NPZ file do, so that its rows can be drawn."""
    field = plain(pa.table({"image": TENSORS})).schema.field("image")
    assert field.type == pa.list_(pa.float32(), 64)
    assert field.metadata == {b"shape": b"8x8"}


def test_views_of_lists_keep_their_gaps() -> None:
    """A missing list stays missing."""
    views = pa.array([[1.0], None, [2.0, 3.0]], pa.list_view(pa.float64()))
    assert plain(pa.table({"x": views}))["x"].to_pylist() == [[1.0], None, [2.0, 3.0]]


@pytest.mark.parametrize("type", ["f2", "f4", ">f8", "i1", "u8", "?"])
@pytest.mark.parametrize("width", [(), (5,)])
def test_arrays_of_every_number_are_read(type: str, width: tuple[int, ...], tmp_path: Path, store: Store) -> None:
    """Of an NPZ file: single numbers, and lists, of which those of booleans aren't used."""
    values = np.random.default_rng(1).integers(0, 3, (ROWS, *width)).astype(type)
    np.savez(tmp_path / "a.npz", values=values, x=NUMBERS[:, 0])
    _, found, _ = ingest_source(str(tmp_path / "a.npz"), SourceSettings(), EncodingSettings(), 2, store)
    assert {column.name for column in found.used} == ({"x"} if type == "?" and width else {"x", "values"})
