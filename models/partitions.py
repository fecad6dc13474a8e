"""Partitions of points into clusters, and the rule by which new points join them."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.density import Density, fit_density
from models.hierarchy import Dendrogram, fit_hierarchy
from models.mixture import Mixture, fit_mixture
from models.nearest import NearestCentre, fit_kmeans
from models.settings import PartitionMethod, PartitionSettings, PartitionSpace

Rule = NearestCentre | Mixture | Density
RULES: dict[str, type[Rule]] = {"nearest": NearestCentre, "mixture": Mixture, "density": Density}
BLOCK_NUMBERS = 2**19  # at work at once while points are labelled: what fits a cache is fastest
NORMAL_QUARTILES = 1.349  # from the lower to the upper one, in standard deviations
FARTHEST = 6.0  # standardised scores end here, so that a single far row can't be a cluster


@dataclass(frozen=True)
class Partition:
    """A rule, and the space where it holds; clusters are numbered by size, the largest is 0."""

    rule: Rule
    space: PartitionSpace
    shift: np.ndarray  # (dims,), taken from scores before the rule sees them
    scale: np.ndarray  # (dims,), that they are then divided by
    dendrogram: Dendrogram | None = None  # of a hierarchical fit; no part of the state

    @property
    def n_clusters(self) -> int:
        """Number of clusters; HDBSCAN finds it, and may find none."""
        return self.rule.n_clusters

    def predict_proba(self, points: np.ndarray) -> np.ndarray:
        """Memberships (rows, clusters) of points (rows, dims) of the space; a row of zeros fits no cluster."""
        if not self.n_clusters or not len(points):
            return np.zeros((len(points), self.n_clusters))
        step = max(1, BLOCK_NUMBERS // self.rule.numbers_per_row)
        blocks = (points[i : i + step].astype(np.float64) for i in range(0, len(points), step))
        ready = (standardised(block, self.shift, self.scale) if self._is_scaled else block for block in blocks)
        with threadpool_limits(limits=1):  # blocks are too small to share out
            return np.concatenate([self.rule.memberships(block) for block in ready])

    @property
    def _is_scaled(self) -> bool:
        return self.space == PartitionSpace.scores

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        kind = next(name for name, rule in RULES.items() if isinstance(self.rule, rule))
        own = {"rule": np.array(kind), "space": np.array(self.space.value), "shift": self.shift, "scale": self.scale}
        return own | self.rule.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Partition":
        """The inverse of `to_arrays`; arrays that name no rule are nearest centres in the embedding."""
        if "rule" not in arrays:
            dims = arrays["centres"].shape[1]
            rule: Rule = NearestCentre.from_arrays(arrays)
            return cls(rule, PartitionSpace.embedding, np.zeros(dims), np.ones(dims))
        rule = RULES[str(arrays["rule"])].from_arrays(arrays)
        return cls(rule, PartitionSpace(str(arrays["space"])), arrays["shift"], arrays["scale"])


def fit_partition(
    points: np.ndarray, settings: PartitionSettings, method: PartitionMethod, clusters: int, seed: int
) -> Partition:
    """Partition points (rows, dims) of `settings.space` by `method`, which `settings.method_for` gives.

    HDBSCAN finds its own number of clusters. Scores come in different units: they are standardised by the median and
    interquartile range of these points, which a few far rows don't move. One thread makes it: the order in which
    several add up their sums changes the last digits.
    """
    points = np.asarray(points, dtype=np.float64)
    shift, scale = np.zeros(points.shape[1]), np.ones(points.shape[1])
    if settings.space == PartitionSpace.scores:
        shift, scale = location_and_scale(points)
        points = standardised(points, shift, scale)
    with threadpool_limits(limits=1):
        rule, dendrogram = _fit_rule(points, settings, method, clusters, seed)
    return Partition(rule, settings.space, shift, scale, dendrogram)


def location_and_scale(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median, and interquartile range in standard deviations of a normal, of each column: (dims,) each."""
    low, middle, high = np.percentile(points, (25, 50, 75), axis=0)
    scale = (high - low) / NORMAL_QUARTILES
    return middle, np.where(scale > 0, scale, 1.0)


def standardised(points: np.ndarray, shift: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Points (rows, dims) in units of the scale, no farther than FARTHEST."""
    return np.clip((points - shift) / scale, -FARTHEST, FARTHEST)


def _fit_rule(
    points: np.ndarray, settings: PartitionSettings, method: PartitionMethod, clusters: int, seed: int
) -> tuple[Rule, Dendrogram | None]:
    match method:
        case PartitionMethod.kmeans:
            return fit_kmeans(points, clusters, settings.restarts, seed), None
        case PartitionMethod.gaussian_mixture:
            return fit_mixture(points, clusters, settings.restarts, seed), None
        case PartitionMethod.hierarchical:
            return fit_hierarchy(points, clusters, settings.linkage, settings.max_rows, seed)
        case PartitionMethod.hdbscan:
            return fit_density(points, settings.min_cluster_size, settings.max_rows, seed), None
    raise ValueError(f"Expected a method that partitions points. Received: {method}")
