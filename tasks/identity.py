"""Which row is which, and in which split: the same for the same row, in whatever order or file of its format it comes.

With an id column, `row_id` is its value as text. Without one it is 32 hexadecimal digits of the SHA-256 of
the row's cells, and "-1", "-2", ... for the further rows with the very same cells.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.cells import is_number
from tasks.columns import list_values, one_chunk

ID_BYTES = 16
BETWEEN = b"\x1f"  # cells
SHARES = (0.8, 0.9)  # where train and validation end on the hashes' way from 0 to 1
TENTH = 0.1
WINDOW = 500_000  # rows whose keys are compared at once


@dataclass(frozen=True)
class Repeats:
    """Rows of a file that have the key of an earlier row, in it or in an earlier file."""

    places: np.ndarray  # (repeats,) numbers of the rows in the file, ragged lines not counted
    counts: np.ndarray  # (repeats,) how many earlier rows there are

    @property
    def digest(self) -> str:
        """A digest of them."""
        return hashlib.sha256(self.places.astype("<i8").tobytes() + self.counts.astype("<i8").tobytes()).hexdigest()


NONE = Repeats(np.arange(0), np.arange(0))


def content_ids(table: pa.Table) -> list[str]:
    """One id for each row from its cells in the order of the columns' names; all columns count."""
    return ids_of(content_digests(table))


def content_digests(table: pa.Table) -> np.ndarray:
    """What `content_ids` are made of: (rows, ID_BYTES) uint8."""
    cells = [_cells(one_chunk(table[name])) for name in sorted(table.column_names)]
    rows = pc.binary_join_element_wise(*cells, BETWEEN, null_handling="replace", null_replacement=b"")
    digests = b"".join([hashlib.sha256(row).digest()[:ID_BYTES] for row in rows.to_pylist()])
    return np.frombuffer(digests, np.uint8).reshape(-1, ID_BYTES)


def ids_of(digests: np.ndarray) -> list[str]:
    """Digests (rows, ID_BYTES) as text."""
    text, width = digests.tobytes().hex(), 2 * ID_BYTES
    return [text[i : i + width] for i in range(0, len(text), width)]


def row_keys(row_ids: Iterable[str]) -> np.ndarray:
    """Hashes of the row ids, (rows,) uint64, even over their range."""
    digests = b"".join(hashlib.sha256(row_id.encode()).digest()[:8] for row_id in row_ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def hashed_splits(keys: np.ndarray) -> np.ndarray:
    """80 % train, 10 % validation, 10 % test, by the rows' keys."""
    place = keys / 2.0**64  # (rows,) in [0, 1)
    return np.select([place < SHARES[0], place < SHARES[1]], ["train", "validation"], "test")


def named_splits(values: np.ndarray, keys: np.ndarray, validation_from_train: bool) -> np.ndarray:
    """The splits that a column names; if it has no validation, a tenth of train by the rows' keys."""
    if not validation_from_train:
        return values
    return np.where((values == "train") & (keys / 2.0**64 < TENTH), "validation", values)


def repeated(keys: Sequence[np.ndarray]) -> list[Repeats]:
    """The repeats in each file, from the keys of its rows."""
    ends = np.cumsum([len(part) for part in keys])
    windows = -(-int(ends[-1]) // WINDOW) or 1
    pieces = [_repeated(keys, window, windows) for window in range(windows)]
    places = np.concatenate([place for place, _ in pieces])
    counts = np.concatenate([count for _, count in pieces])
    order = np.argsort(places)
    places, counts = places[order], counts[order]
    cuts = np.searchsorted(places, ends)[:-1]
    starts = ends - [len(part) for part in keys]
    found = zip(np.split(places, cuts), np.split(counts, cuts), starts, strict=True)
    return [Repeats(place - start, count) for place, count, start in found]


def _repeated(keys: Sequence[np.ndarray], window: int, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (over all files) and counts of the repeated keys that fall into one of the windows."""
    places, chosen, start = [], [], 0
    for part in keys:
        within = np.flatnonzero(part % np.uint64(windows) == window)
        places.append(within + start)
        chosen.append(part[within])
        start += len(part)
    return later_copies(np.concatenate(places), np.concatenate(chosen))


def later_copies(places: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the keys that came before, and how often they did; `places` (keys,) ascend."""
    order = np.argsort(keys, kind="stable")
    key = keys[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.arange(0)
    lengths = np.diff(np.r_[first, len(key)])
    count = np.arange(len(key)) - np.repeat(first, lengths)  # earlier rows with the same key
    return places[order][count > 0], count[count > 0]


def _cells(column: pa.Array) -> pa.BinaryArray:
    """The bytes of each cell, null where it is missing."""
    if pa.types.is_fixed_size_list(column.type) and _is_value(column.type.value_type):
        return pa.array(_list_cells(column), pa.binary())
    if pa.types.is_nested(column.type):
        return pa.array([repr(value).encode() for value in column.to_pylist()], pa.binary())
    return (column if _is_bytes(column.type) else column.cast(pa.string())).cast(pa.binary())


def _is_value(type: pa.DataType) -> bool:
    return is_number(type) or pa.types.is_boolean(type)


def _is_bytes(type: pa.DataType) -> bool:
    return pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_fixed_size_binary(type)


def _list_cells(column: pa.FixedSizeListArray) -> list[bytes]:
    values = list_values(column)
    values = values.fill_null(pa.scalar(0).cast(values.type)).to_numpy(zero_copy_only=False)
    return [row.tobytes() for row in values.reshape(len(column), column.type.list_size)]
