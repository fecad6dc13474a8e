"""Claims about reading vectors and tables part by part."""

import numpy as np
import pyarrow as pa
import pytest

from tasks import kinds
from tasks.loading import Draw, Rows, choose, load_split, take_rows
from tasks.store import Artifact, Store

PARTS = (7, 1, 30, 12)  # rows of each
N = sum(PARTS)
X = np.arange(2 * N, dtype=np.float32).reshape(N, 2)
SPLIT = np.array(["train", "validation", "train", "test", "train"])[np.arange(N) % 5]


@pytest.fixture
def vectors(store: Store) -> Artifact:
    """50 vectors in four uneven parts."""
    with store.attempt("made", "k") as attempt:
        for rows in np.split(np.arange(N), np.cumsum(PARTS)[:-1]):
            vector = pa.FixedSizeListArray.from_arrays(pa.array(X[rows].ravel()), 2)
            columns = [pa.array(rows.astype(str)), pa.array(SPLIT[rows]), vector]
            attempt.write_table("vectors", pa.Table.from_arrays(columns, schema=kinds.vectors(2)))
        return attempt.commit()["vectors"]


def test_a_split_is_read_whole_up_to_the_limit(store: Store, vectors: Artifact) -> None:
    """In the order of the rows."""
    assert (load_split(store, vectors, "train", 30, seed=0) == X[SPLIT == "train"]).all()


def test_beyond_the_limit_a_split_is_drawn_from_the_whole_table(store: Store, vectors: Artifact) -> None:
    """The draw is that among the positions of all rows, which are never in memory together."""
    chosen = choose(np.flatnonzero(SPLIT == "train"), 9, seed=3)
    assert (load_split(store, vectors, "train", 9, seed=3) == X[chosen]).all()


def test_a_split_without_rows_is_empty(store: Store, vectors: Artifact) -> None:
    """It keeps the width."""
    assert load_split(store, vectors, "holdout", 9, seed=0).shape == (0, 2)


def test_rows_are_taken_at_their_positions(store: Store, vectors: Artifact) -> None:
    """First, last, and on both sides of the ends of parts."""
    positions = np.array([0, 6, 7, 8, 37, 38, 49])
    assert (take_rows(store, vectors, positions) == X[positions]).all()


@pytest.mark.parametrize("part_rows", [1, 100, 1000])
def test_a_draw_does_not_depend_on_the_parts(part_rows: int) -> None:
    """It is what `choose` draws from the positions."""
    holds = np.random.default_rng(0).random(1000) < 0.3
    draw, found = Draw(int(holds.sum()), 50, seed=1), []
    for start in range(0, 1000, part_rows):
        found.append(start + draw.places(holds[start : start + part_rows]))
    assert np.concatenate(found).tolist() == choose(np.flatnonzero(holds), 50, seed=1).tolist()


def test_tables_beside_each_other_must_have_the_same_rows(store: Store, vectors: Artifact) -> None:
    """Parts may differ, the order may not."""
    rows = Rows(store, vectors, ["row_id", "split"])
    assert rows.take_beside(pa.table({"row_id": ["0", "1"]}))["split"].to_pylist() == ["train", "validation"]
    with pytest.raises(AssertionError, match="vectors does not follow the order of the rows"):
        rows.take_beside(pa.table({"row_id": ["3", "2"]}))
