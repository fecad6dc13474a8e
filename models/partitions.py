"""Partitions of points into clusters, and the rule by which new points join them."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn.cluster import AgglomerativeClustering, KMeans

from models.settings import PartitionMethod

LABELLING_ROWS = 8192


@dataclass(frozen=True)
class Partition:
    """Centres and the cluster of each; a point belongs to the cluster of the nearest one.

    k-means has one centre a cluster, hierarchical clustering has its points or micro-clusters. Clusters are
    numbered by size, the largest is 0.
    """

    centres: np.ndarray  # (n_centres, dims)
    cluster_of_centre: np.ndarray  # (n_centres,)
    variance: float  # mean squared distance, per dimension, of points from the mean of their cluster

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster_of_centre.max()) + 1

    def predict_proba(self, points: np.ndarray) -> np.ndarray:
        """Memberships (rows, clusters): a spherical Gaussian of the pooled variance at each cluster's nearest centre.

        It is the posterior of the mixture whose hard limit k-means is (Bishop 2006, section 9.3.2).
        """
        blocks = [points[i : i + LABELLING_ROWS] for i in range(0, len(points), LABELLING_ROWS)]
        return np.concatenate([self._memberships(block) for block in blocks])

    def _memberships(self, points: np.ndarray) -> np.ndarray:
        distance = squared_distances(points, self.centres)  # (rows, n_centres)
        nearest = np.stack(
            [distance[:, self.cluster_of_centre == k].min(axis=1) for k in range(self.n_clusters)], axis=1
        )
        return softmax(-nearest / (2 * self.variance), axis=1)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        return {
            "centres": self.centres,
            "cluster_of_centre": self.cluster_of_centre,
            "variance": np.array(self.variance),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Partition":
        """The inverse of `to_arrays`."""
        return cls(arrays["centres"], arrays["cluster_of_centre"], float(arrays["variance"]))


def fit_partition(
    points: np.ndarray, method: PartitionMethod, clusters: int, restarts: int, max_rows: int, seed: int
) -> Partition:
    """Partition points (rows, dims) by k-means or by Ward's hierarchical clustering.

    Hierarchical clustering needs all distances, rows squared: beyond `max_rows` it joins that many micro-clusters.
    """
    points = np.asarray(points, dtype=np.float64)
    if method == PartitionMethod.kmeans:
        found = KMeans(clusters, n_init=restarts, random_state=seed).fit(points)
        return _partition(points, found.labels_, found.cluster_centers_, np.arange(clusters))
    centres, micro = points, np.arange(len(points))
    if len(points) > max_rows:
        found = KMeans(max_rows, n_init=1, max_iter=20, random_state=seed).fit(points)
        centres, micro = found.cluster_centers_, found.labels_
    cluster_of_centre = AgglomerativeClustering(clusters, linkage="ward").fit_predict(centres)
    return _partition(points, cluster_of_centre[micro], centres, cluster_of_centre)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances (rows of a, rows of b)."""
    squares = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return np.maximum(squares, 0)


def _partition(points: np.ndarray, labels: np.ndarray, centres: np.ndarray, cluster_of_centre: np.ndarray) -> Partition:
    n_clusters = int(cluster_of_centre.max()) + 1
    by_size = np.argsort(-np.bincount(labels, minlength=n_clusters), kind="stable")
    rank = np.argsort(by_size)
    means = np.stack([points[labels == k].mean(axis=0) for k in range(n_clusters)])
    variance = float(((points - means[labels]) ** 2).mean())
    return Partition(centres, rank[cluster_of_centre], max(variance, np.finfo(float).tiny))
