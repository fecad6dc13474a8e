"""What became of a model's clusters in the next model: which kept their ids, split, merged, vanished, or are new.

Two clusters are the same group where they share at least half of the rows that either has: a Jaccard index below
that says that the group was dissolved (Hennig 2007, Cluster-wise assessment of cluster stability). A cluster so has
at most one namesake, but for halves of equal size, between which the assignment decides (Kuhn 1955). The kinds of
change follow MONIC (Spiliopoulou et al. 2006).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.numbering import NO_CLUSTER

ChangeKind = Literal["kept", "split", "merged", "new", "vanished"]

SAME = 0.5  # Jaccard index from which on two clusters are one group
MOSTLY = 0.5  # share of a cluster's rows from which on it is made of another, or went to it
PART = 0.1  # share below which rows that moved are no part of a split or merger, but its fringe


@dataclass(frozen=True)
class Change:
    """What became of the clusters `before`, by their ids; a cluster can be in a split and in a merger.

    `shares` are, of a kept cluster, the Jaccard index; of a split one, of its rows in each of `after`; of a merged one,
    of its rows from each of `before`; of a new or vanished one, of all rows.
    """

    kind: ChangeKind
    before: tuple[int, ...]
    after: tuple[int, ...]
    shares: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def count_pairs(before: np.ndarray, after: np.ndarray, n_before: int, n_after: int) -> np.ndarray:
    """Rows by both labels (rows,), NO_CLUSTER counted last: (n_before + 1, n_after + 1)."""
    counts = np.zeros((n_before + 1, n_after + 1), dtype=np.int64)
    np.add.at(counts, (before, after), 1)  # the place NO_CLUSTER is the last one
    return counts


def stable_ids(counts: np.ndarray, before_ids: np.ndarray, next_id: int) -> np.ndarray:
    """The id of each of the new clusters (n_after,): of the same group before, or a new one from `next_id` on.

    `counts` is of `count_pairs`, `before_ids` (n_before,).
    """
    found = jaccard(counts)
    same = np.where(found >= SAME, found, 0)  # first: two half-similar pairs must not outweigh one namesake
    ids = np.full(found.shape[1], NO_CLUSTER)
    for old, new in zip(*linear_sum_assignment(same, maximize=True), strict=True):
        if same[old, new] > 0:
            ids[new] = before_ids[old]
    is_new = ids == NO_CLUSTER
    ids[is_new] = next_id + np.arange(is_new.sum())
    return ids


def jaccard(counts: np.ndarray) -> np.ndarray:
    """Rows that two clusters share, of those that either has: (n_before, n_after); 0 where both are empty."""
    shared, sizes, new_sizes = _sizes(counts)
    return shared / np.maximum(sizes[:, None] + new_sizes - shared, 1)


def changes(counts: np.ndarray, before_ids: np.ndarray, after_ids: np.ndarray) -> list[Change]:
    """Every cluster before and every one after that has rows in at least one change, kept ones first.

    The arguments are those and the result of `stable_ids`.
    """
    shared, sizes, new_sizes = _sizes(counts)
    of_old, of_new = shared / np.maximum(sizes[:, None], 1), shared / np.maximum(new_sizes, 1)
    parts = (of_new >= MOSTLY) & (of_old >= PART)  # (n_before, n_after)
    parts &= parts.sum(axis=1, keepdims=True) > 1
    sources = (of_old >= MOSTLY) & (of_new >= PART)
    sources &= sources.sum(axis=0) > 1
    kept = before_ids[:, None] == after_ids
    told_old, told_new = parts.any(axis=1) | sources.any(axis=1), parts.any(axis=0) | sources.any(axis=0)
    same, rows = jaccard(counts), max(int(counts.sum()), 1)
    found = [
        _change("kept", before_ids[[i]], after_ids[[j]], same[i, [j]])
        for i, j in np.argwhere(kept & ~told_old[:, None] & ~told_new)
    ]
    for i in np.flatnonzero(parts.any(axis=1)):
        found.append(_change("split", before_ids[[i]], after_ids[parts[i]], of_old[i, parts[i]]))
    for j in np.flatnonzero(sources.any(axis=0)):
        found.append(_change("merged", before_ids[sources[:, j]], after_ids[[j]], of_new[sources[:, j], j]))
    for j in np.flatnonzero(~kept.any(axis=0) & ~told_new & (new_sizes > 0)):
        found.append(_change("new", (), after_ids[[j]], new_sizes[[j]] / rows))
    for i in np.flatnonzero(~kept.any(axis=1) & ~told_old):
        found.append(_change("vanished", before_ids[[i]], (), sizes[[i]] / rows))
    return found


def _sizes(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows in each pair of clusters, and in each cluster before and after, whatever the other model says of them."""
    return counts[:-1, :-1], counts.sum(axis=1)[:-1], counts.sum(axis=0)[:-1]


def _change(kind: ChangeKind, before: Iterable[int], after: Iterable[int], shares: np.ndarray) -> Change:
    return Change(kind, tuple(map(int, before)), tuple(map(int, after)), tuple(map(float, shares)))
