"""How rows vary among their neighbours: in some directions much more than in others."""

from dataclasses import dataclass

import numpy as np

NEAREST = 10  # neighbours of a row that it is compared with
LEAST = 1e-6  # variance in a direction, of the largest


@dataclass(frozen=True)
class Variation:
    """Coordinates in which rows vary as much in every direction among their neighbours, and the way back.

    Attributes:
        whiten: (columns, columns), rows @ whiten are such coordinates; their total variance is that of the rows.
        unwhiten: (columns, columns), its inverse.
    """

    whiten: np.ndarray
    unwhiten: np.ndarray


def local_variation(x: np.ndarray, neighbors: np.ndarray) -> Variation:
    """By the covariance of rows' differences from their neighbours (relevant components, Bar-Hillel et al. 2005).

    It is drawn to the same variance in all directions, the more so the fewer rows there are for the columns. The cost
    grows with the rows, the neighbours and the square of the columns.

    Args:
        x: (rows, columns).
        neighbors: (rows, k) their places, nearest first; at most NEAREST count.
    """
    rows, columns = x.shape
    neighbors = neighbors[:, :NEAREST]
    x, alike = x.astype(np.float64), np.eye(columns)
    covariance = sum(difference.T @ difference for difference in (x - x[near] for near in neighbors.T))
    covariance = covariance / (2 * neighbors.size)
    if not np.trace(covariance) > 0:
        return Variation(alike.astype(np.float32), alike.astype(np.float32))
    share = columns / (columns + rows)
    covariance = (1 - share) * covariance + share * alike * np.trace(covariance) / columns
    variances, directions = np.linalg.eigh(covariance)
    deviations = np.sqrt(np.maximum(variances, LEAST * variances.max()))
    whiten = directions / deviations
    unit = np.sqrt(x.var(axis=0).sum() / (x @ whiten).var(axis=0).sum())
    return Variation((whiten * unit).astype(np.float32), ((directions * deviations).T / unit).astype(np.float32))
