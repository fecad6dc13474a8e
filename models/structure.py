"""Is there anything to find: a partition of rows against the same partition of rows without clusters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from models.distances import squared_distances
from models.surrogates import Surrogates

Label = Callable[[np.ndarray], np.ndarray]  # rows (rows, columns) -> cluster of each (rows,), -1 for none

SURROGATES = 99  # tables: the smallest p-value is .01
LEVEL = 0.01  # largest p-value that counts as structure: the rows' table exceeds all 99
NEIGHBORS = 25
BLOCK_ROWS = 16_384  # surrogate rows that are labelled at once


@dataclass(frozen=True)
class StructureTest:
    """What the test saw: the statistics of the rows (2,) and of each surrogate table (SURROGATES, 2).

    The first is `neighbor_agreement`, the second `boundary_clearance`.
    """

    rows: np.ndarray
    surrogates: np.ndarray

    @property
    def p_value(self) -> float:
        """Share of the tables, the rows' among them, in which the larger of both statistics is as large.

        Each statistic is in standard deviations from its mean over all tables. A Monte Carlo test: were the rows
        drawn as the surrogates are, the p-value would be at most a with probability at most a (Barnard 1963).
        """
        tables = np.vstack([self.rows, self.surrogates])
        deviation = tables.std(axis=0)
        larger = ((tables - tables.mean(axis=0)) / np.where(deviation > 0, deviation, 1)).max(axis=1)
        return float((larger >= larger[0]).mean())

    @property
    def found(self) -> bool:
        """Whether the partition follows the rows better than it follows any of the surrogate tables."""
        return self.p_value <= LEVEL


def probe_structure(x: np.ndarray, label: Label, surrogates: Surrogates, seed: int) -> StructureTest:
    """Test a partition on rows x (rows, columns) that neither it nor its model was fitted to.

    Surrogate tables of as many rows are labelled by the same rule, which keeps over-fitting out of the comparison.
    """
    found = [_statistics(table, label_of) for table, label_of in _labelled_tables(len(x), label, surrogates, seed)]
    return StructureTest(np.array(_statistics(x, label(x))), np.array(found))


def neighbor_agreement(x: np.ndarray, cluster: np.ndarray) -> float:
    """Share of the 25 nearest rows that have a row's own cluster, corrected for chance as Cohen's kappa (1960).

    1 where no neighbour is in another cluster, 0 where clusters ignore neighbours or there is but one.
    """
    _, cluster, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    chance = ((counts / len(x)) ** 2).sum()
    if len(counts) < 2:
        return 0.0
    agreement = (cluster[_neighbors(x)] == cluster[:, None]).mean()
    return float((agreement - chance) / (1 - chance))


def boundary_clearance(x: np.ndarray, cluster: np.ndarray) -> float:
    """How few rows lie between clusters: the mean of each row's place between the two nearest means.

    A row's place is 0 halfway between them and 1 at the nearer mean or beyond; rows without a cluster don't count.
    """
    x, cluster = x[cluster >= 0], cluster[cluster >= 0]
    present = np.unique(cluster)
    if len(present) < 2:
        return 0.0
    means = np.stack([x[cluster == k].mean(axis=0) for k in present])
    distance = squared_distances(x, means)  # (rows, clusters)
    first, second = np.argsort(distance, axis=1)[:, :2].T
    difference = np.take_along_axis(distance, np.stack([first, second], axis=1), axis=1) @ [-1, 1]
    apart = ((means[first] - means[second]) ** 2).sum(axis=1)
    return float(np.minimum(difference / np.maximum(apart, np.finfo(np.float32).tiny), 1).mean())


def _labelled_tables(
    rows: int, label: Label, surrogates: Surrogates, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(seed)
    at_once = max(1, BLOCK_ROWS // rows)
    for start in range(0, SURROGATES, at_once):
        n_tables = min(at_once, SURROGATES - start)
        x = surrogates.draw(n_tables * rows, random)
        yield from zip(np.split(x, n_tables), np.split(label(x), n_tables), strict=True)


def _statistics(x: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    x = x - x.mean(axis=0)  # float32 distances far from the origin would be coarse
    return neighbor_agreement(x, cluster), boundary_clearance(x, cluster)


def _neighbors(x: np.ndarray) -> np.ndarray:
    """The nearest other rows of each row: (rows, NEIGHBORS), fewer where there are fewer rows."""
    k = min(NEIGHBORS, len(x) - 1)
    distance = squared_distances(x, x)
    np.fill_diagonal(distance, np.inf)
    return np.argpartition(distance, k - 1, axis=1)[:, :k]
