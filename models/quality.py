"""How close samples are to rows, without labels: numbers for guards and stop criteria."""

import numpy as np


def pairwise_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distance of each row of a from each row of b: (rows of a, rows of b)."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))


def energy_coefficient(x: np.ndarray, fake: np.ndarray) -> float:
    """(2 E|x - g| - E|x - x'| - E|g - g'|) / (2 E|x - g|), from 0 (equal) to 1 (Szekely and Rizzo 2013, sec. 2)."""
    between = 2 * pairwise_distances(x, fake).mean()
    within = pairwise_distances(x, x).mean() + pairwise_distances(fake, fake).mean()
    return float(1 - within / between)


def coverage(x: np.ndarray, fake: np.ndarray) -> float:
    """Share of the rows that are the nearest row of at least one sample."""
    return len(np.unique(pairwise_distances(fake, x).argmin(1))) / len(x)


def auroc(real: np.ndarray, fake: np.ndarray) -> float:
    """Chance that a real row's logit exceeds a sample's, ties counted half."""
    order = np.sort(fake)
    below, up_to = np.searchsorted(order, real, "left"), np.searchsorted(order, real, "right")
    return float((below + up_to).mean() / (2 * len(fake)))


def components_used(p: np.ndarray) -> int:
    """Components that hold more than 1/(10 K) of the rows; p is (rows, K)."""
    sizes = np.bincount(p.argmax(1), minlength=p.shape[1])
    return int((sizes > len(p) / (10 * p.shape[1])).sum())
