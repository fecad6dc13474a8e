"""How good a partition is: from the vectors alone, and against known classes."""

import numpy as np
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    normalized_mutual_info_score,
    silhouette_score,
)

from models.matching import matched_accuracy, purity


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
    return {
        "acc": matched_accuracy(labels_true, labels_pred),
        "nmi": float(normalized_mutual_info_score(labels_true, labels_pred)),
        "ari": float(adjusted_rand_score(labels_true, labels_pred)),
        "purity": purity(labels_true, labels_pred),
    }
