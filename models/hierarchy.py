"""Hierarchical clustering, of micro-clusters beyond the size where it needs too many distances."""

from typing import NamedTuple

import numpy as np
from sklearn.cluster import AgglomerativeClustering, MiniBatchKMeans

from models.nearest import NearestCentre, nearest_centre
from models.numbering import count_distinct
from models.settings import Linkage

LEAVES = 60  # groups that a dendrogram starts from, as many as can be read
BATCH_ROWS = 10_000  # of the k-means that makes micro-clusters


class Dendrogram(NamedTuple):
    """The last merges, from LEAVES groups (all the clusters, where there are more) to one."""

    linkage: np.ndarray  # (m - 1, 4), as SciPy's: two nodes, the height of their merge, leaves under it
    cluster: np.ndarray  # (m,) number of the cluster that a leaf is part of
    rows: np.ndarray  # (m,) fitted points in a leaf


def fit_hierarchy(
    points: np.ndarray, clusters: int, linkage: Linkage, max_rows: int, seed: int
) -> tuple[NearestCentre, Dendrogram]:
    """Agglomerative clustering of points (rows, dims) down to `clusters`.

    It needs all distances, rows squared: beyond `max_rows` it joins that many micro-clusters, each with the same
    weight. A new point joins the cluster of the nearest point or micro-cluster, whatever the linkage.
    """
    centres, micro = micro_clusters(points, max_rows, seed) if len(points) > max_rows else (points, None)
    told = {"compute_full_tree": True, "compute_distances": True}
    tree = AgglomerativeClustering(clusters, linkage=linkage.value, **told).fit(centres)
    micro = np.arange(len(points)) if micro is None else micro
    rule = nearest_centre(points, tree.labels_[micro], centres, tree.labels_)
    return rule, _dendrogram(tree.children_, tree.distances_, rule.cluster_of_centre, micro)


def micro_clusters(points: np.ndarray, max_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres (max_rows, dims) by mini-batch k-means (Sculley 2010) and each point's (rows,); equal points share one.

    One pass from random points: what is joined later needn't be optimal, and k-means++ would take minutes.
    """
    if count_distinct(points, max_rows + 1) <= max_rows:
        centres, micro = np.unique(points, axis=0, return_inverse=True)
        return centres, micro
    found = MiniBatchKMeans(
        max_rows, init="random", n_init=1, max_iter=1, batch_size=BATCH_ROWS, reassignment_ratio=0, random_state=seed
    ).fit(points)
    return found.cluster_centers_, found.labels_


def _dendrogram(children: np.ndarray, heights: np.ndarray, cluster: np.ndarray, micro: np.ndarray) -> Dendrogram:
    """The top of a tree whose leaves have these clusters and whose points lie in the leaves `micro`."""
    n = len(cluster)
    m = min(n, max(LEAVES, int(cluster.max()) + 1))
    nodes, group = np.unique(_groups(children, n - m), return_inverse=True)  # (m,), (n,)
    top = children[n - m :]
    renumbered = np.where(top < 2 * n - m, np.searchsorted(nodes, top), top - 2 * (n - m))
    leaves = np.ones(2 * m - 1)
    for merge, pair in enumerate(renumbered):
        leaves[m + merge] = leaves[pair].sum()
    linkage = np.column_stack([renumbered, heights[n - m :], leaves[m:]])
    cluster_of_group = np.zeros(m, dtype=np.int64)
    cluster_of_group[group] = cluster
    return Dendrogram(linkage, cluster_of_group, np.bincount(group[micro], minlength=m))


def _groups(children: np.ndarray, merges: int) -> np.ndarray:
    """The node (n,) that each leaf belongs to after the first merges."""
    n = len(children) + 1
    node = np.arange(2 * n - 1)
    for merge in reversed(range(merges)):
        node[children[merge]] = node[n + merge]
    return node[:n]
