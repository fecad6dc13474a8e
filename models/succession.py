"""What is measured of two models that follow each other, on the same rows, without labels."""

from collections.abc import Sequence

import numpy as np

from models.matching import contingency
from models.metrics import adjusted_rand_index
from models.numbering import NO_CLUSTER, apart
from models.structure import neighbor_agreement


def division(spaces: Sequence[np.ndarray], labels: np.ndarray) -> float:
    """Mean over spaces (rows, width) of how much oftener than by chance a row's nearest rows share its cluster.

    A row that fits none is alone: it shares its cluster with nobody.
    """
    own = apart(labels)
    return float(np.mean([neighbor_agreement(x - x.mean(axis=0), own) for x in spaces]))


def vanished_share(before: np.ndarray, after: np.ndarray) -> float:
    """Share of rows whose cluster before (rows,) is no row's cluster after, by stable ids."""
    return float((~np.isin(before, after) & (before != NO_CLUSTER)).mean())


def empty_share(labels: np.ndarray, ids: np.ndarray) -> float:
    """Share of clusters (clusters,), by ids, that no row (rows,) is in."""
    return float(1 - np.isin(ids, labels).mean())


def agreement(before: np.ndarray, after: np.ndarray) -> float:
    """Adjusted Rand index of two labellings (rows,)."""
    return adjusted_rand_index(contingency(before, after))
