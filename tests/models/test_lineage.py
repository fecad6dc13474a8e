"""Claims about the ids of clusters from one model to the next."""

import numpy as np
import pytest

from models.lineage import Change, changes, count_pairs, stable_ids
from models.numbering import NO_CLUSTER

OLD = np.repeat([0, 1, 2], [50, 30, 20])  # clusters of 100 rows, whose ids are 4, 7 and 9
IDS = np.array([4, 7, 9])
NEXT = 12


def traced(after: np.ndarray, before: np.ndarray = OLD, ids: np.ndarray = IDS) -> tuple[list[int], list[Change]]:
    """The ids of the new clusters, and what became of the old ones."""
    counts = count_pairs(before, after, len(ids), int(after.max()) + 1)
    found = stable_ids(counts, ids, NEXT)
    return found.tolist(), changes(counts, ids, found)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 0, 2]])
def test_clusters_that_are_numbered_anew_keep_their_ids(order: list[int]) -> None:
    """The number of a component plays no part."""
    found, told = traced(np.array(order)[OLD])
    assert [found[place] for place in order] == [4, 7, 9]
    assert sorted(told, key=lambda each: each.before) == [
        Change("kept", (each,), (each,), (1.0,)) for each in (4, 7, 9)
    ]


def test_the_larger_part_of_a_split_keeps_the_id() -> None:
    """Of the 50 rows of cluster 4, 35 stay together."""
    after = OLD.copy()
    after[:15] = 3
    found, told = traced(after)
    assert found == [4, 7, 9, NEXT]
    assert Change("split", (4,), (4, NEXT), (0.7, 0.3)) in told
    assert [each.kind for each in told] == ["kept", "kept", "split"]


def test_no_third_of_a_cluster_is_the_cluster() -> None:
    """Each gets an id of its own, and the old one is told as split, not as vanished."""
    after = np.concatenate([np.repeat([0, 1, 2], [17, 17, 16]), OLD[50:] + 2])
    found, told = traced(after)
    assert found == [NEXT, NEXT + 1, NEXT + 2, 7, 9]
    assert told[-1] == Change("split", (4,), (NEXT, NEXT + 1, NEXT + 2), (0.34, 0.34, 0.32))
    assert {each.kind for each in told} == {"kept", "split"}


def test_of_two_equal_halves_one_keeps_the_id() -> None:
    """Both share half of the rows with the old cluster: the assignment gives its id to one of them."""
    after = OLD.copy()
    after[:25] = 3
    found, _ = traced(after)
    assert sorted(found) == [4, 7, 9, NEXT]


def test_a_namesake_is_not_given_up_for_two_half_similar_pairs() -> None:
    """Clusters 4 and 0 share 70 of 130 rows (.54); 4 and 1, and 7 and 0, share 30 of 100 (.3 each)."""
    before, after = np.repeat([0, 1], [100, 30]), np.repeat([0, 1, 0], [70, 30, 30])
    assert traced(after, before, np.array([4, 7]))[0] == [4, NEXT]


def test_a_merger_keeps_the_id_of_the_larger_cluster() -> None:
    """Clusters 4 (50 rows) and 7 (30) become one."""
    found, told = traced(np.array([0, 0, 1])[OLD])
    assert found == [4, 9]
    assert told == [Change("kept", (9,), (9,), (1.0,)), Change("merged", (4, 7), (4,), (0.625, 0.375))]


def test_rows_that_fitted_none_make_a_new_cluster() -> None:
    """Its share is of all rows; rows that fit none are counted, but are no cluster."""
    before = OLD.copy()
    before[90:] = NO_CLUSTER
    after = OLD.copy()
    after[90:] = 3
    found, told = traced(after, before)
    assert found == [4, 7, 9, NEXT]
    assert told[-1] == Change("new", (), (NEXT,), (0.1,))


def test_a_cluster_whose_rows_scatter_has_vanished() -> None:
    """Cluster 9 goes to the two others, which stay themselves, and to none."""
    after = OLD.copy()
    after[80:] = np.repeat([0, 1, NO_CLUSTER], [8, 7, 5])
    found, told = traced(after)
    assert found == [4, 7]
    assert told[-1] == Change("vanished", (9,), (), (0.2,))


def test_a_cluster_that_loses_a_fringe_is_kept() -> None:
    """Two of 50 rows move: neither a split nor a merger; the share is that of the rows which either has."""
    after = OLD.copy()
    after[:2] = 1
    found, told = traced(after)
    assert found == [4, 7, 9]
    assert told[0] == Change("kept", (4,), (4,), (0.96,))
    assert {each.kind for each in told} == {"kept"}


def test_a_component_without_rows_gets_a_new_id_and_no_mention() -> None:
    """An id stands for a group of rows: what has none can't be the same group."""
    counts = count_pairs(OLD, OLD, 3, 4)
    found = stable_ids(counts, IDS, NEXT)
    assert found.tolist() == [4, 7, 9, NEXT]
    assert {each.kind for each in changes(counts, IDS, found)} == {"kept"}


@pytest.mark.parametrize("seed", range(20))
def test_ids_are_never_used_twice_and_every_cluster_is_told_of(seed: int) -> None:
    """Whatever two models say of the rows, ids are distinct, old or new, and no cluster is left out."""
    random = np.random.default_rng(seed)
    n_before, n_after = random.integers(1, 9, size=2)
    before = random.integers(-1, n_before, size=200)
    moved = random.random(200) < random.random()
    after = np.where(moved, random.integers(-1, n_after, size=200), np.minimum(before, n_after - 1))
    counts, ids = count_pairs(before, after, n_before, n_after), random.permutation(20)[:n_before]
    found = stable_ids(counts, ids, 20)
    told = changes(counts, ids, found)
    assert len(set(found)) == n_after
    assert set(found) <= set(ids) | set(range(20, 20 + n_after))
    assert {each for change in told for each in change.before} == set(ids)
    assert {each for change in told for each in change.after} == set(found[np.unique(after[after >= 0])])
    assert all(0 <= share <= 1 for change in told for share in change.shares)
