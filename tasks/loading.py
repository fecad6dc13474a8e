"""Vectors from the store as arrays."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.store import Artifact, Store


def matrix(table: pa.Table, column: str = "vector") -> np.ndarray:
    """A fixed-size list column as an array (rows, width)."""
    values = table.column(column).combine_chunks()
    return values.flatten().to_numpy(zero_copy_only=False).reshape(len(values), -1)


def parts(store: Store, vectors: Artifact) -> Iterator[tuple[pa.Table, np.ndarray]]:
    """Each part's table without its vectors, and the vectors (rows, width)."""
    for table in store.tables(vectors):
        yield table.drop_columns(["vector"]), matrix(table)


def take_rows(store: Store, vectors: Artifact, positions: np.ndarray) -> np.ndarray:
    """The vectors (rows, width) at ascending positions of the whole table; one part in memory at a time."""
    found, start = [], 0
    for _, x in parts(store, vectors):
        here = positions[(positions >= start) & (positions < start + len(x))]
        found.append(x[here - start])
        start += len(x)
    return np.concatenate(found)


def load_split(store: Store, vectors: Artifact, split: str, limit: int, seed: int) -> np.ndarray:
    """The vectors of a split (rows, width), or a random `limit` of them."""
    splits = [pc.equal(table["split"], split).to_numpy() for table in store.tables(vectors, columns=["split"])]
    return take_rows(store, vectors, choose(np.flatnonzero(np.concatenate(splits)), limit, seed))


def choose(positions: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """All positions, or a random `limit` of them, ascending."""
    if len(positions) <= limit:
        return positions
    return np.sort(np.random.default_rng(seed).choice(positions, limit, replace=False))


class Rows:
    """A table artifact read in steps of any length."""

    def __init__(self, store: Store, artifact: Artifact, columns: list[str]) -> None:
        self._parts = store.tables(artifact, columns)
        self._rest = next(self._parts)

    def take(self, n_rows: int) -> pa.Table:
        """The next rows."""
        while len(self._rest) < n_rows:
            self._rest = pa.concat_tables([self._rest, next(self._parts)])
        taken, self._rest = self._rest.slice(0, n_rows), self._rest.slice(n_rows)
        return taken
