"""Vectors from the store as arrays, and tables beside each other; one part in memory at a time."""

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


def at_places(
    store: Store, artifact: Artifact, places: np.ndarray, columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """The rows at ascending places of a whole table, part by part; parts without one are left out."""
    start = 0
    for table in store.tables(artifact, columns):
        first, last = np.searchsorted(places, [start, start + len(table)])
        if first < last:
            yield table.take(places[first:last] - start)
        start += len(table)


def take(store: Store, artifact: Artifact, places: np.ndarray, columns: list[str]) -> pa.Table:
    """The rows at ascending places of a whole table, as one."""
    found = list(at_places(store, artifact, places, columns)) or [next(store.tables(artifact, columns)).slice(0, 0)]
    return pa.concat_tables(found).combine_chunks()


def take_rows(store: Store, vectors: Artifact, places: np.ndarray) -> np.ndarray:
    """The vectors (rows, width) at ascending places of the whole table."""
    return matrix(take(store, vectors, places, ["vector"]))


def load_split(store: Store, vectors: Artifact, split: str, limit: int, seed: int) -> np.ndarray:
    """The vectors of a split (rows, width), or a random `limit` of them; they and one part are in memory."""
    count = sum(pc.sum(pc.equal(table["split"], split)).as_py() or 0 for table in store.tables(vectors, ["split"]))
    draw, found = Draw(count, limit, seed), []
    for table in store.tables(vectors, ["split", "vector"]):
        found.append(matrix(table)[draw.places(pc.equal(table["split"], split).to_numpy())])
    return np.concatenate(found)


def choose(positions: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """All positions, or a random `limit` of them, ascending."""
    return positions if len(positions) <= limit else positions[_drawn(len(positions), limit, seed)]


class Draw:
    """A random choice among the rows that a condition holds for, whose number is known; they are found part by part.

    It is the choice that `choose` makes among their positions, without these.
    """

    def __init__(self, count: int, limit: int, seed: int) -> None:
        self._ranks = None if count <= limit else _drawn(count, limit, seed)  # among the rows that it holds for
        self._passed = 0

    def places(self, holds: np.ndarray) -> np.ndarray:
        """Ascending places of the chosen rows in the next part, of which `holds` (rows,) says the condition."""
        candidates = np.flatnonzero(holds)
        start, self._passed = self._passed, self._passed + len(candidates)
        if self._ranks is None:
            return candidates
        first, last = np.searchsorted(self._ranks, [start, self._passed])
        return candidates[self._ranks[first:last] - start]


def _drawn(count: int, limit: int, seed: int) -> np.ndarray:
    """A random `limit` of 0 ... count - 1, ascending."""
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))


class Rows:
    """A table artifact read in steps of any length."""

    def __init__(self, store: Store, artifact: Artifact, columns: list[str]) -> None:
        self._kind = artifact.kind
        self._parts = store.tables(artifact, columns)
        self._rest = next(self._parts)

    def take(self, n_rows: int) -> pa.Table:
        """The next rows."""
        while len(self._rest) < n_rows:
            self._rest = pa.concat_tables([self._rest, next(self._parts)])
        taken, self._rest = self._rest.slice(0, n_rows), self._rest.slice(n_rows)
        return taken

    def take_beside(self, table: pa.Table) -> pa.Table:
        """The next rows, which are those of the table: all artifacts of a source keep the order of its rows."""
        taken = self.take(len(table))
        if not taken["row_id"].equals(table["row_id"]):
            raise AssertionError(f"{self._kind} does not follow the order of the rows")
        return taken
