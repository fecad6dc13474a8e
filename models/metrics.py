"""How good a partition is: from the vectors alone, and against known classes."""

import numpy as np
from scipy.stats import entropy
from sklearn.metrics import (
    calinski_harabasz_score,
    davies_bouldin_score,
    mutual_info_score,
    silhouette_score,
)

from models.matching import contingency, matched_accuracy, purity


def internal_metrics(x: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Silhouette (Rousseeuw 1987), Davies-Bouldin (lower is better) and Calinski-Harabasz of vectors.

    `x` is (rows, columns), `labels` (rows,). Empty where fewer than two clusters, or only single rows, are left:
    there the measures aren't defined. The silhouette costs rows squared: pass a sample.
    """
    if not 2 <= len(np.unique(labels)) < len(labels):
        return {}
    return {
        "silhouette": float(silhouette_score(x, labels)),
        "davies_bouldin": float(davies_bouldin_score(x, labels)),
        "calinski_harabasz": float(calinski_harabasz_score(x, labels)),
    }


def external_metrics(labels_true: np.ndarray, labels_pred: np.ndarray) -> dict[str, float]:
    """ACC, NMI (arithmetic), ARI and purity against known classes; numbering plays no part."""
    return contingency_metrics(contingency(labels_true, labels_pred))


def contingency_metrics(counts: np.ndarray) -> dict[str, float]:
    """The same from the rows of each class in each cluster, (n_classes, n_clusters): for more rows than fit in memory.

    Rows and columns have a row each at least.
    """
    return {
        "acc": matched_accuracy(counts),
        "nmi": normalized_mutual_information(counts),
        "ari": adjusted_rand_index(counts),
        "purity": purity(counts),
    }


def normalized_mutual_information(counts: np.ndarray) -> float:
    """Mutual information over the mean of the two entropies (Strehl and Ghosh 2002, here with the arithmetic mean)."""
    if counts.shape == (1, 1):
        return 1.0
    mutual = float(mutual_info_score(None, None, contingency=counts))
    if mutual <= np.finfo(float).eps:
        return 0.0
    return mutual / float(np.mean([entropy(counts.sum(axis=axis)) for axis in (0, 1)]))


def adjusted_rand_index(counts: np.ndarray) -> float:
    """Rand index adjusted for chance (Hubert and Arabie 1985): from the pairs of rows that go together."""
    together, of_class, of_cluster, every = (
        int((n * (n - 1) // 2).sum()) for n in (counts, counts.sum(axis=1), counts.sum(axis=0), counts.sum())
    )
    if together == of_class == of_cluster:
        return 1.0
    expected, largest = of_class * of_cluster / every, (of_class + of_cluster) / 2
    return (together - expected) / (largest - expected)
