"""Numbers of clusters, and points that differ."""

import numpy as np

NO_CLUSTER = -1  # the label of a point that fits none


def likeliest(probabilities: np.ndarray) -> np.ndarray:
    """The place of each row's likeliest cluster (rows,) by probabilities (rows, clusters); NO_CLUSTER of zeros."""
    return np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), NO_CLUSTER)


def apart(labels: np.ndarray) -> np.ndarray:
    """Labels (points,) numbered from 0, with a cluster of its own for each point that fits none."""
    own = np.where(labels == NO_CLUSTER, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)
    return np.unique(own, return_inverse=True)[1]


def ranks_by_size(labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """The new number of each cluster (n_clusters,), the largest 0; negative labels are noise and don't count."""
    by_size = np.argsort(-np.bincount(labels[labels >= 0], minlength=n_clusters), kind="stable")
    return np.argsort(by_size)


def count_distinct(points: np.ndarray, limit: int) -> int:
    """How many of the points (rows, dims) differ; the count stops at `limit`."""
    seen: set[bytes] = set()
    for row in points:
        seen.add((row + 0.0).tobytes())  # -0.0 becomes 0.0
        if len(seen) == limit:
            break
    return len(seen)
