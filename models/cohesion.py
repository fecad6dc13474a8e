"""How well labellings follow the nearness of rows, and each other: the evidence that contestants are ranked by."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from models.labellings import mean_agreement
from models.numbering import apart
from models.ranking import Evidence

NEIGHBORS = 10
MAX_COMPONENTS = 50  # of vectors that are wider; distances over more columns say less


def judge_labels(labels: np.ndarray, train_labels: np.ndarray, neighbors: np.ndarray) -> Evidence:
    """The evidence for labellings of the same rows, one of each seed; -1 is a row without a cluster.

    `labels` (seeds, rows), `train_labels` (seeds, train rows), `neighbors` (rows, k) places of train rows.
    """
    pairs = list(zip(labels, train_labels, strict=True))
    return Evidence(
        tuple(cohesion(of_rows, of_train, neighbors) for of_rows, of_train in pairs),
        float(mean_agreement(np.stack([apart(of_rows) for of_rows in labels])).mean()),
        tuple(len(np.unique(of_rows[of_rows >= 0])) for of_rows in labels),
    )


def cohesion(labels: np.ndarray, train_labels: np.ndarray, neighbors: np.ndarray) -> float:
    """Share of edges from rows to train rows within clusters, less that of edges that join at random.

    Modularity (Leicht and Newman 2008) with edges from `labels` (rows,) to `train_labels` at `neighbors` (rows, k). A
    row without a cluster is with nobody.
    """
    reached, placed = train_labels[neighbors], labels >= 0  # (rows, k), (rows,)
    within = int((reached == labels[:, None])[placed].sum())
    clusters = np.unique(labels[placed])
    leaving = [int((labels == cluster).sum()) for cluster in clusters]
    reaching = [int((reached == cluster).sum()) for cluster in clusters]
    by_chance = sum(rows * edges for rows, edges in zip(leaving, reaching, strict=True)) / len(labels)
    return (within - by_chance) / reached.size


def nearest_train_rows(train: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Places of the nearest train rows of each row of x: (rows, k); both are (rows, columns)."""
    if train.shape[1] > MAX_COMPONENTS:
        components = PCA(min(MAX_COMPONENTS, len(train)), svd_solver="full").fit(train)
        train, x = components.transform(train), components.transform(x)
    searched = NearestNeighbors(n_neighbors=min(NEIGHBORS, len(train)), algorithm="brute").fit(train)
    found: np.ndarray = searched.kneighbors(x, return_distance=False)
    return found
