"""HDBSCAN: clusters are dense regions of any shape and number, and points between them belong to none."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import cdist, squareform
from scipy.special import softmax
from sklearn.cluster import HDBSCAN

from models.numbering import ranks_by_size

NEIGHBORS = 5  # of a core distance; min_samples as large as clusters called twice as many rows of digits noise
LEAST_SIZE = 5  # of a cluster, where the settings name none
SHARE = 50  # a cluster has at least one in so many points, where the settings name none
CORE_BLOCK = 1000  # rows
TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Density:
    """The points that HDBSCAN saw, and how far each cluster reaches.

    Mutual reachability of two points is the largest of their distance and their core distances, and a core distance
    is that of the NEIGHBORS-th nearest point (Campello, Moulavi and Sander 2013). A cluster's limit is the longest
    edge of the minimum spanning tree, by mutual reachability, of its own points: what HDBSCAN itself calls noise is
    farther from all of them. A new point belongs to the cluster that is nearest in units of the limits, to none
    beyond all limits. Its core distance is taken among the fitted points.
    """

    points: np.ndarray  # (n, dims), noise first, then by cluster
    cluster: np.ndarray  # (n,), -1 for noise
    core: np.ndarray  # (n,)
    limits: np.ndarray  # (clusters,)
    neighbors: int = NEIGHBORS

    @property
    def n_clusters(self) -> int:
        """Number of clusters, which may be 0."""
        return len(self.limits)

    @property
    def numbers_per_row(self) -> int:
        """How many numbers are in memory at once for each labelled row."""
        return len(self.points)

    def memberships(self, points: np.ndarray) -> np.ndarray:
        """Memberships (rows, clusters), zeros for a point that fits none.

        The density of a cluster falls with the power -dims of the distance, as in the estimate by nearest neighbours
        (Bishop 2006, section 2.5.2); memberships are its shares.
        """
        reach = self.reach(points)
        fits_one = (reach <= self.limits).any(axis=1, keepdims=True)
        in_limits = np.log(np.maximum(reach, TINY)) - np.log(np.maximum(self.limits, TINY))
        return np.where(fits_one, softmax(-points.shape[1] * in_limits, axis=1), 0.0)

    def reach(self, points: np.ndarray) -> np.ndarray:
        """Mutual reachability of points and the nearest point of each cluster: (rows, clusters)."""
        first = np.searchsorted(self.cluster, np.arange(self.n_clusters))
        distance = cdist(points, self.points)  # (rows, n); exact, also for equal points
        core = _nth_smallest(distance, self.neighbors)
        nearest = np.minimum.reduceat(np.maximum(distance, self.core), first, axis=1)
        return np.maximum(nearest, core[:, None])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        names = ("points", "cluster", "core", "limits")
        return {name: getattr(self, name) for name in names} | {"neighbors": np.array(self.neighbors)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Density":
        """The inverse of `to_arrays`."""
        neighbors = int(arrays["neighbors"])
        return cls(arrays["points"], arrays["cluster"], arrays["core"], arrays["limits"], neighbors)


def fit_density(points: np.ndarray, min_cluster_size: int | None, max_rows: int, seed: int) -> Density:
    """HDBSCAN of points (rows, dims), or of a random `max_rows` of them: its cost grows with their square.

    Without a `min_cluster_size`, a cluster has at least a fiftieth of these points, and at least LEAST_SIZE.
    """
    if len(points) > max_rows:
        points = points[np.sort(np.random.default_rng(seed).choice(len(points), max_rows, replace=False))]
    size = min_cluster_size or max(LEAST_SIZE, len(points) // SHARE)
    labels = HDBSCAN(min_cluster_size=size, min_samples=NEIGHBORS, copy=True).fit_predict(points)
    n_clusters = int(labels.max()) + 1
    labels = np.append(ranks_by_size(labels, n_clusters), -1)[labels]  # -1 stays -1
    order = np.argsort(labels, kind="stable")
    points, labels = points[order], labels[order]
    core = _core_distances(points)
    limits = [_limit(points[labels == k], core[labels == k]) for k in range(n_clusters)]
    return Density(points, labels, core, np.array(limits, dtype=np.float64))


def _core_distances(points: np.ndarray) -> np.ndarray:
    """Distance of each point's NEIGHBORS-th nearest point, itself counted: (rows,)."""
    blocks = np.array_split(points, -(-len(points) // CORE_BLOCK))
    return np.concatenate([_nth_smallest(cdist(block, points), NEIGHBORS) for block in blocks])


def _nth_smallest(distance: np.ndarray, n: int) -> np.ndarray:
    return np.partition(distance, n - 1, axis=1)[:, n - 1]


def _limit(points: np.ndarray, core: np.ndarray) -> float:
    """The longest edge of the minimum spanning tree: the last merge of single linkage (Gower and Ross 1969)."""
    reach = np.maximum(np.maximum(core[:, None], core), cdist(points, points))
    return float(linkage(squareform(reach, checks=False), "single")[-1, 2])
