"""Matching of two labellings by the assignment that lets most rows agree."""

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment


def contingency(labels_true: np.ndarray, labels_pred: np.ndarray, rows: np.ndarray | int = 1) -> np.ndarray:
    """Counts of rows, (n_classes, n_clusters), in sorted order of both labels; each pair may stand for several rows."""
    classes, row = np.unique(labels_true, return_inverse=True)
    clusters, column = np.unique(labels_pred, return_inverse=True)
    counts = np.zeros((len(classes), len(clusters)), dtype=np.int64)
    np.add.at(counts, (row, column), rows)
    return counts


def matched_accuracy(counts: np.ndarray) -> float:
    """Clustering accuracy (ACC): share of rows that agree under the best one-to-one matching (Kuhn 1955).

    `counts` is a contingency table (n_classes, n_clusters).
    """
    row, column = linear_sum_assignment(counts, maximize=True)
    return float(counts[row, column].sum() / counts.sum())


def match_clusters(labels_true: np.ndarray, labels_pred: np.ndarray, rows: np.ndarray | int = 1) -> dict[Any, Any]:
    """The class of each cluster under that matching; a cluster beyond the classes has none."""
    row, column = linear_sum_assignment(contingency(labels_true, labels_pred, rows), maximize=True)
    return dict(zip(np.unique(labels_pred)[column].tolist(), np.unique(labels_true)[row].tolist(), strict=True))


def purity(counts: np.ndarray) -> float:
    """Share of rows that belong to the commonest class of their cluster; `counts` as in `matched_accuracy`."""
    return float(counts.max(axis=0).sum() / counts.sum())
