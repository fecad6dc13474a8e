"""Which contestant found the better clusters, judged without labels, by one rule for all models.

The rule. Every contestant labels the same validation rows and train rows. Rows are near where the *vectors* are near
(of wide vectors, their principal components): a space that belongs to none of the contestants. The **cohesion** of a
labelling is the share of a validation row's nearest train rows that are in the row's cluster, less what it would be if
clusters ignored nearness: Newman's modularity of that neighbour graph. It is about 0 for random labels, 0 for one
cluster and at most 1 - 1/K for K clusters; it falls where a dense region is cut, where two are joined, and where
clusters run empty. The **score** is the mean cohesion over seeds. The **stability**, the mean adjusted Rand index
between the labellings that the seeds gave, only parts contestants of equal scores, and warns.

What it can't see:
- It believes that near vectors belong together. Where classes aren't dense regions of the vectors (pictures of
  clothes, moved objects), a contestant that knows better is ranked below one that follows the vectors, and models that
  are made of a neighbour graph of the vectors start ahead.
- Modularity prefers clusters of similar size, and overlooks groups that are small beside the others.
- It compares contestants with as many clusters; it doesn't choose how many (see `models.cluster_count`).
- A wrong labelling that every seed finds is a stable one. So stability has no part in the score: as a factor it made
  the ranking agree less with known classes (`benchmarks/ranking.py` prints both).
- The best of many settings was partly lucky: its score is too high the more of them were searched. Differences within
  the seeds' deviation mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from models.labellings import mean_agreement

NEIGHBORS = 10
MAX_COMPONENTS = 50  # of vectors that are wider; distances over more columns say less


@dataclass(frozen=True)
class Evidence:
    """What was measured of a contestant; `cohesion` and `clusters_used` have a number for each seed.

    `clusters_used` counts the clusters that validation rows are in.
    """

    cohesion: tuple[float, ...]
    stability: float
    clusters_used: tuple[int, ...]

    @property
    def score(self) -> float:
        """What contestants are ranked by: the mean cohesion over seeds; higher is better."""
        return float(np.mean(self.cohesion))


def ranks(evidence: Sequence[Evidence]) -> list[int]:
    """The rule: the place of each contestant, by score and, where scores are equal, stability; equals share a place."""
    keys = [(-each.score, -each.stability) for each in evidence]
    return [1 + sum(other < key for other in keys) for key in keys]


def judge_labels(labels: np.ndarray, train_labels: np.ndarray, neighbors: np.ndarray) -> Evidence:
    """The evidence for labellings of the same rows, one of each seed; -1 is a row without a cluster.

    `labels` (seeds, rows), `train_labels` (seeds, train rows), `neighbors` (rows, k) places of train rows.
    """
    pairs = list(zip(labels, train_labels, strict=True))
    return Evidence(
        tuple(cohesion(of_rows, of_train, neighbors) for of_rows, of_train in pairs),
        float(mean_agreement(np.stack([_apart(of_rows) for of_rows in labels])).mean()),
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


def _apart(labels: np.ndarray) -> np.ndarray:
    """The same with a cluster of its own for each row that has none, numbered from 0."""
    alone = labels < 0
    apart = labels.copy()
    apart[alone] = labels.max(initial=0) + 1 + np.arange(alone.sum())
    return np.unique(apart, return_inverse=True)[1]
