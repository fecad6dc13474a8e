"""How many clusters: the number that halves of the points agree on and that divides their neighbour graph best."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.labellings import modularity, overlap
from models.metrics import adjusted_rand_index
from models.mixture import covariance_type
from models.restarts import fit_start

CANDIDATES = range(2, 21)
STABLE = 0.9  # prediction strength that counts as found again (Tibshirani and Walther 2005: .8 to .9)
PAIRS = 6  # of halves
RESTARTS = 6  # for each half: with fewer, local optima pass for instability
POINTS = 5_000  # in both halves together


@dataclass(frozen=True)
class Candidate:
    """What was measured of a number of clusters.

    Attributes:
        stability: prediction strength, mean over pairs of halves; 1 if no cluster of a half is divided by the other's.
        stability_error: standard error of that mean.
        agreement: adjusted Rand index of the labels from both halves, mean over pairs.
        modularity: of the likeliest mixture's clusters in the neighbour graph.
        log_likelihood: of the half that a mixture wasn't fitted to, mean over points and pairs.
        pairs: how many were compared; fewer where the first leave no hope of STABLE.
    """

    clusters: int
    stability: float
    stability_error: float
    agreement: float
    modularity: float
    log_likelihood: float
    pairs: int

    @property
    def is_stable(self) -> bool:
        """Whether the clusters are found again, beyond the error of measuring it."""
        return self.stability - self.stability_error >= STABLE

    @property
    def score(self) -> float:
        """What candidates are ranked by: modularity, 1 higher, for stable ones, and for the others stability."""
        return 1 + self.modularity if self.is_stable else self.stability


@dataclass(frozen=True)
class ClusterCount:
    """The candidates, and the one of the highest score."""

    candidates: tuple[Candidate, ...]

    @property
    def best(self) -> Candidate:
        """The candidate of the highest score."""
        return max(self.candidates, key=lambda candidate: candidate.score)

    @property
    def chosen(self) -> int:
        """Its number of clusters."""
        return self.best.clusters

    @property
    def stands_out(self) -> bool:
        """Whether it is stable; if not, none is, and it is merely the least unstable."""
        return self.best.is_stable

    def to_record(self) -> dict[str, Any]:
        """The curve and the choice, as JSON."""
        curve = [asdict(candidate) | {"score": candidate.score} for candidate in self.candidates]
        return {"candidates": curve, "chosen": self.chosen, "stands_out": self.stands_out}


def count_clusters(
    points: np.ndarray, graph: np.ndarray, seed: int, candidates: Sequence[int] = CANDIDATES
) -> ClusterCount:
    """Choose the number of clusters of points (points, dims) with neighbours `graph` (points, neighbours).

    Mixtures are fitted to random halves of at most POINTS points. A number is stable if no cluster of a half is divided
    by the other half's mixture (prediction strength, Tibshirani and Walther 2005); among the stable ones the clusters
    of highest modularity (Newman and Girvan 2004) win. The graph is not made of the embedding: it speaks against
    islands that only the embedding has. A cluster has four points at least, on average.
    """
    points = np.asarray(points, dtype=np.float64)
    possible = [k for k in candidates if k <= len(points) // 4] or [min(candidates)]
    with threadpool_limits(limits=1):
        return ClusterCount(tuple(measure_candidate(points, graph, k, seed) for k in possible))


def measure_candidate(points: np.ndarray, graph: np.ndarray, clusters: int, seed: int) -> Candidate:
    """Stability and fit of one number of clusters."""
    covariance = covariance_type(len(points), points.shape[1], clusters)  # half the points a parameter in a half
    random = np.random.default_rng([seed, clusters])
    pairs: list[_Pair] = []
    while len(pairs) < PAIRS and sum(1 - pair.strength for pair in pairs) <= (1 - STABLE) * PAIRS:
        pairs.append(_compare_halves(points, clusters, covariance, random))
    strengths = np.array([pair.strength for pair in pairs])
    likeliest = max((pair.mixture for pair in pairs), key=lambda mixture: mixture.lower_bound_)
    return Candidate(
        clusters,
        float(strengths.mean()),
        float(strengths.std(ddof=1) / np.sqrt(len(pairs))) if len(pairs) > 1 else 0.0,
        float(np.mean([pair.agreement for pair in pairs])),
        modularity(likeliest.predict(points), graph),
        float(np.mean([pair.log_likelihood for pair in pairs])),
        len(pairs),
    )


def prediction_strength(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the pairs of points of a cluster that are predicted to go together, in the cluster where it is least.

    `labels` (points,) are those of a mixture fitted to these points, `predicted` (points,) of one fitted to others
    (Tibshirani and Walther 2005). Clusters of one point have no pairs.
    """
    shared = overlap(labels, predicted)
    size = shared.sum(axis=1)
    together, pairs = (shared * (shared - 1)).sum(axis=1), size * (size - 1)
    return float((together[pairs > 0] / pairs[pairs > 0]).min(initial=1.0))


@dataclass(frozen=True)
class _Pair:
    strength: float
    agreement: float
    log_likelihood: float
    mixture: GaussianMixture  # the likelier of the two


def _compare_halves(points: np.ndarray, clusters: int, covariance: str, random: np.random.Generator) -> _Pair:
    """Two disjoint halves, each labelled by the mixtures of both."""
    halves = np.array_split(points[random.permutation(len(points))[:POINTS]], 2)
    mixtures = [_fit_half(half, clusters, covariance, random) for half in halves]
    labels = [[mixture.predict(half) for half in halves] for mixture in mixtures]  # by mixture, then half
    return _Pair(
        float(np.mean([prediction_strength(labels[i][i], labels[1 - i][i]) for i in (0, 1)])),
        adjusted_rand_index(overlap(np.concatenate(labels[0]), np.concatenate(labels[1]))),
        float(np.mean([mixture.score(half) for mixture, half in zip(mixtures, halves[::-1], strict=True)])),
        max(mixtures, key=lambda mixture: mixture.lower_bound_),
    )


def _fit_half(half: np.ndarray, clusters: int, covariance: str, random: np.random.Generator) -> GaussianMixture:
    """The likeliest of RESTARTS."""
    tried = [fit_start(half, clusters, covariance, int(random.integers(2**31)), start) for start in range(RESTARTS)]
    return max(tried, key=lambda mixture: mixture.lower_bound_)
