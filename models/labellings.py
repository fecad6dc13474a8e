"""How labellings of the same points agree with each other and with the points' neighbour graph."""

import numpy as np

from models.metrics import adjusted_rand_index

MARGIN = 2  # standard errors by which one labelling must be better than another


def overlap(labels: np.ndarray, others: np.ndarray, clusters: int = 0) -> np.ndarray:
    """Points that two labellings (points,) share: (clusters of the first, or `clusters` if more, of the second)."""
    rows, columns = max(int(labels.max()) + 1, clusters), int(others.max()) + 1
    return np.bincount(labels.astype(np.int64) * columns + others, minlength=rows * columns).reshape(rows, columns)


def mean_agreement(labels: np.ndarray) -> np.ndarray:
    """Mean adjusted Rand index of each labelling (labellings, points) with the others: (labellings,).

    1 if there are no others.
    """
    n = len(labels)
    if n == 1:
        return np.ones(1)
    index = np.eye(n)
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        index[i, j] = index[j, i] = adjusted_rand_index(overlap(labels[i], labels[j]))
    return (index.sum(axis=1) - 1) / (n - 1)


def cluster_agreement(labels: np.ndarray, others: np.ndarray, clusters: int) -> np.ndarray:
    """How well each cluster is found again: its largest Jaccard index in each of the others, averaged (Hennig 2007).

    `labels` (points,), `others` (labellings, points); returns (clusters,), of ones if there are no others.
    """
    if not len(others):
        return np.ones(clusters)
    return np.mean([_best_jaccard(overlap(labels, other, clusters)) for other in others], axis=0)


def graph_cut(labels: np.ndarray, graph: np.ndarray) -> float:
    """Share of edges from each point (points,) to its neighbours (points, neighbours) that lead to another cluster."""
    return float((labels[graph] != labels[:, None]).mean())


def modularity(labels: np.ndarray, graph: np.ndarray) -> float:
    """Share of edges within clusters, less what it is where edges keep their ends' clusters but join at random.

    Edges go from each point (points,) to its neighbours (points, neighbours) (Leicht and Newman 2008).
    """
    return float(_point_modularity(labels, graph).mean())


def modularity_gain(labels: np.ndarray, others: np.ndarray, graph: np.ndarray) -> tuple[float, float]:
    """By how much the modularity of labels (points,) is higher than that of others, and the standard error of that.

    The error is of the difference point by point: where both labellings say the same there is none.
    """
    gain = _point_modularity(labels, graph) - _point_modularity(others, graph)
    return float(gain.mean()), float(gain.std() / np.sqrt(len(gain)))


def divides_better(labels: np.ndarray, others: np.ndarray, graph: np.ndarray) -> bool:
    """Whether labels (points,) have a higher modularity than others by more than MARGIN standard errors."""
    gain, error = modularity_gain(labels, others, graph)
    return gain > MARGIN * error


def _point_modularity(labels: np.ndarray, graph: np.ndarray) -> np.ndarray:
    """What each point adds to the modularity, which is the mean: (points,)."""
    reached = labels[graph]  # (points, neighbours)
    by_chance = np.bincount(reached.ravel(), minlength=int(labels.max()) + 1) / graph.size  # (clusters,)
    share: np.ndarray = (reached == labels[:, None]).mean(axis=1)
    return share - by_chance[labels]


def _best_jaccard(shared: np.ndarray) -> np.ndarray:
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    return (shared / np.maximum(either, 1)).max(axis=1)
