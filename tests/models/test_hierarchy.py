"""Claims about hierarchical clustering and its dendrogram."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, is_monotonic, is_valid_linkage
from sklearn.metrics import adjusted_rand_score

from models.hierarchy import LEAVES, Dendrogram, fit_hierarchy, micro_clusters
from models.settings import Linkage

TRUTH = np.repeat([0, 1, 2], (300, 200, 100))


def blobs() -> np.ndarray:
    """Three round clusters: (600, 2)."""
    return np.random.default_rng(0).normal(np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]])[TRUTH], 1)


def check_tree(tree: Dendrogram, n_points: int, clusters: int) -> None:
    """A SciPy linkage matrix that, cut, gives the clusters of its leaves."""
    assert is_valid_linkage(tree.linkage)
    assert is_monotonic(tree.linkage)
    assert tree.rows.sum() == n_points
    cut = fcluster(tree.linkage, clusters, "maxclust")
    assert adjusted_rand_score(cut, tree.cluster) == 1.0


@pytest.mark.parametrize("linkage", Linkage)
@pytest.mark.parametrize("max_rows", [100, 5000])
def test_the_dendrogram_agrees_with_the_clusters(linkage: Linkage, max_rows: int) -> None:
    """Its leaves are the last groups, with all rows in them, of points and of micro-clusters."""
    rule, tree = fit_hierarchy(blobs(), 3, linkage, max_rows, 0)
    check_tree(tree, 600, 3)
    assert len(tree.cluster) == LEAVES
    assert np.bincount(tree.cluster, tree.rows).tolist() == [300, 200, 100]
    assert np.bincount(rule.memberships(blobs()).argmax(axis=1)).tolist() == [300, 200, 100]


def test_few_points_are_their_own_leaves() -> None:
    """Points at 0, 1, 10, 12 and 15 merge at distances 1, 2, 3 and 9 by single linkage."""
    _, tree = fit_hierarchy(np.array([[0.0], [1.0], [10.0], [12.0], [15.0]]), 2, Linkage.single, 5000, 0)
    merges = [set(map(int, pair)) for pair in tree.linkage[:, :2]]
    assert merges == [{0, 1}, {2, 3}, {4, 6}, {5, 7}]
    assert tree.linkage[:, 2:].tolist() == [[1, 2], [2, 2], [3, 3], [9, 5]]
    assert tree.cluster.tolist() == [1, 1, 0, 0, 0]
    assert tree.rows.tolist() == [1, 1, 1, 1, 1]


def test_more_clusters_than_leaves_are_the_leaves() -> None:
    """The tree above the cut is never shortened."""
    _, tree = fit_hierarchy(blobs(), 80, Linkage.ward, 5000, 0)
    check_tree(tree, 600, 80)
    assert sorted(tree.cluster) == list(range(80))


def test_beyond_the_limit_micro_clusters_are_joined() -> None:
    """No more centres than that are kept."""
    rule, _ = fit_hierarchy(blobs(), 3, Linkage.ward, 100, 0)
    assert len(rule.centres) == 100


def test_equal_points_share_a_micro_cluster() -> None:
    """Where no more points differ than there may be micro-clusters, these are the points themselves."""
    centres, micro = micro_clusters(np.repeat([[3.0], [1.0]], [150, 50], axis=0), 100, 0)
    assert centres.tolist() == [[1.0], [3.0]]
    assert np.bincount(micro).tolist() == [50, 150]
