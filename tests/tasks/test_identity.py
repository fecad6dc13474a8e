"""Claims about the ids of rows without an id column."""

import hashlib

import numpy as np
import pyarrow as pa

from tasks.identity import content_ids


def digest(content: bytes) -> str:
    """What an id is made of."""
    return hashlib.sha256(content).hexdigest()[:32]


def test_an_id_is_the_digest_of_the_cells_in_the_order_of_names() -> None:
    """Cells as text, 0x1f between them, nothing for a missing one; lists of one length as their bytes."""
    pair = pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2))
    table = pa.table({"b": ["text"], "a": [0.1], "d": pa.array([None], pa.int64()), "c": pair})
    assert content_ids(table) == [digest(b"0.1\x1ftext\x1f" + np.array([1, 2], "<f4").tobytes() + b"\x1f")]


def test_bytes_need_not_be_text() -> None:
    """In any of the three types of bytes."""
    for type in (pa.binary(), pa.large_binary(), pa.binary(2)):
        assert content_ids(pa.table({"a": pa.array([b"\xff\x00"], type)})) == [digest(b"\xff\x00")]


def test_no_row_has_no_id() -> None:
    """Nor where a column holds lists."""
    assert content_ids(pa.table({"a": pa.array([], pa.list_(pa.float32(), 3))})) == []
