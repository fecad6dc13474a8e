"""The nearest centre: the rule by which points join the clusters of k-means and of hierarchical clustering."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn.cluster import KMeans

from models.distances import squared_distances
from models.numbering import ranks_by_size


@dataclass(frozen=True)
class NearestCentre:
    """Centres and the cluster of each; a point belongs to the cluster of the nearest one.

    k-means has one centre a cluster, hierarchical clustering has its points or micro-clusters.
    """

    centres: np.ndarray  # (n_centres, dims)
    cluster_of_centre: np.ndarray  # (n_centres,)
    variance: float  # mean squared distance, per dimension, of points from the mean of their cluster

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster_of_centre.max()) + 1

    @property
    def numbers_per_row(self) -> int:
        """How many numbers are in memory at once for each labelled row."""
        return len(self.centres)

    def memberships(self, points: np.ndarray) -> np.ndarray:
        """Memberships (rows, clusters): a spherical Gaussian of the pooled variance at each cluster's nearest centre.

        It is the posterior of the mixture whose hard limit k-means is (Bishop 2006, section 9.3.2).
        """
        order = np.argsort(self.cluster_of_centre, kind="stable")
        first = np.searchsorted(self.cluster_of_centre[order], np.arange(self.n_clusters))
        distance = squared_distances(points, self.centres[order])  # (rows, n_centres)
        nearest = np.minimum.reduceat(distance, first, axis=1)  # (rows, clusters)
        return softmax(-nearest / (2 * self.variance), axis=1)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        return {
            "centres": self.centres,
            "cluster_of_centre": self.cluster_of_centre,
            "variance": np.array(self.variance),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "NearestCentre":
        """The inverse of `to_arrays`."""
        return cls(arrays["centres"], arrays["cluster_of_centre"], float(arrays["variance"]))


def fit_kmeans(points: np.ndarray, clusters: int, restarts: int, seed: int) -> NearestCentre:
    """k-means of points (rows, dims): the start with the least inertia counts."""
    found = KMeans(clusters, n_init=restarts, random_state=seed).fit(points)
    return nearest_centre(points, found.labels_, found.cluster_centers_, np.arange(clusters))


def nearest_centre(
    points: np.ndarray, labels: np.ndarray, centres: np.ndarray, cluster_of_centre: np.ndarray
) -> NearestCentre:
    """The rule for fitted points (rows, dims) with clusters `labels` (rows,); clusters are numbered anew, by size."""
    n_clusters = int(cluster_of_centre.max()) + 1
    rank = ranks_by_size(labels, n_clusters)
    squares = sum(((points[labels == k] - points[labels == k].mean(axis=0)) ** 2).sum() for k in np.unique(labels))
    variance = max(float(squares / points.size), np.finfo(float).tiny)
    return NearestCentre(centres, rank[cluster_of_centre], variance)
