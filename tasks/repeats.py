"""Rows that come again within a source, found with a bucket of their keys in memory at a time.

The keys go to files on this machine's disk first, 16 bytes a row, so that memory doesn't grow with the rows.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import numpy as np

from tasks.identity import Repeats, later_copies

BUCKETS = 64
ENTRY = np.dtype([("place", "<i8"), ("key", "<u8")])


def spilled_repeats(files: Iterable[Iterable[np.ndarray]]) -> list[Repeats]:
    """The repeats in each file, from the parts of the keys of its rows; places count all rows of the file."""
    with TemporaryDirectory(prefix="genclust-keys-") as folder:
        paths = [Path(folder) / str(bucket) for bucket in range(BUCKETS)]
        ends = _spill(files, paths)
        found = [later_copies(entries["place"], entries["key"]) for entries in map(_entries, paths)]
    places, counts = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(places)
    places, counts = places[order], counts[order]
    starts = [0, *ends[:-1]]
    cuts = np.searchsorted(places, ends)
    return [
        Repeats(places[first:last] - start, counts[first:last])
        for first, last, start in zip([0, *cuts[:-1]], cuts, starts, strict=True)
    ]


def _spill(files: Iterable[Iterable[np.ndarray]], paths: list[Path]) -> list[int]:
    """Write places and keys of all rows to the file of their bucket; gives where each file of the source ends."""
    ends, place = [], 0
    with ExitStack() as stack:
        buckets = [stack.enter_context(path.open("wb")) for path in paths]
        for parts in files:
            for keys in parts:
                _spill_part(keys, place, buckets)
                place += len(keys)
            ends.append(place)
    return ends


def _spill_part(keys: np.ndarray, start: int, buckets: Sequence[IO[bytes]]) -> None:
    entries = np.empty(len(keys), ENTRY)
    entries["place"], entries["key"] = np.arange(start, start + len(keys)), keys
    bucket = keys % np.uint64(BUCKETS)
    order = np.argsort(bucket, kind="stable")
    cuts = np.searchsorted(bucket[order], np.arange(1, BUCKETS, dtype=np.uint64))
    for file, chosen in zip(buckets, np.split(entries[order], cuts), strict=True):
        file.write(chosen.tobytes())


def _entries(path: Path) -> np.ndarray:
    return np.fromfile(path, ENTRY)
