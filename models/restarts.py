"""Restarts of a Gaussian mixture, and the choice of one without labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.labellings import cluster_agreement, divides_better, graph_cut, mean_agreement, modularity
from models.mixture import Mixture, covariance_type, implied_mixture
from models.numbering import ranks_by_size

FIT_POINTS = 7_500  # that each restart is fitted to: as many find what is best as on all, in a fraction of the time
FIT_LOOKS = 5  # at a point, which take as long as fitting a start to one (measured in ten dimensions)
POINTS_PER_PARAMETER = 2  # of a cluster, from which on covariances are full: islands of an embedding lie askew
CLOSE = 0.4  # share of a point's neighbours, the nearest, that tell how well a restart divides the graph
REGULARISATION = 1e-4  # added to variances, in the embedding's units: an embedding without min_dist has dense islands
MAX_ITERATIONS = 200


@dataclass(frozen=True)
class Restarts:
    """What each restart found, and the chosen one as it is after all points were fitted."""

    mixture: Mixture  # the chosen one; the largest cluster is 0
    responsibilities: np.ndarray  # (points, clusters) float32, of the chosen
    chosen: int  # its place among the restarts
    embeddings: np.ndarray  # (restarts,), place of the embedding that each was found in
    log_likelihood: np.ndarray  # (restarts,), mean over points and embeddings
    agreement: np.ndarray  # (restarts,), mean adjusted Rand index with the others
    graph_cut: np.ndarray  # (restarts,), share of the graph's edges that join two clusters
    modularity: np.ndarray  # (restarts,), of the clusters in the graph
    clusters_used: np.ndarray  # (restarts,)
    cluster_agreement: np.ndarray  # (clusters,), of the chosen

    @property
    def labels(self) -> np.ndarray:
        """Cluster of each point by the chosen one: (points,)."""
        return self.responsibilities.argmax(axis=1)

    def to_record(self, count: dict[str, Any] | None = None) -> dict[str, Any]:
        """All but the arrays of the points, as JSON; `count` is how the number of clusters was chosen."""
        restarts = [
            {
                "embedding": int(self.embeddings[i]),
                "log_likelihood": float(self.log_likelihood[i]),
                "agreement": float(self.agreement[i]),
                "graph_cut": float(self.graph_cut[i]),
                "modularity": float(self.modularity[i]),
                "clusters_used": int(self.clusters_used[i]),
                "chosen": i == self.chosen,
            }
            for i in range(len(self.agreement))
        ]
        return {
            "clusters": self.mixture.n_clusters,
            "restarts": restarts,
            "agreement": float(self.agreement[self.chosen]),
            "cluster_agreement": self.cluster_agreement.tolist(),
            "count": count,
        }


def fit_restarts(embeddings: np.ndarray, clusters: int, restarts: int, seed: int, graph: np.ndarray) -> Restarts:
    """Mixtures in embeddings (embeddings, points, dims) from many starts, one of them chosen, which goes on.

    Restarts take turns in the embeddings of the same points, and count by their likelihood in all: what one embedding
    has by chance speaks for no clusters. Half start at a k-means, half at the seeds of k-means++. A cluster is used if
    it holds more points than it has dimensions: the covariance of fewer is the regularisation's, and its likelihood
    means nothing. `graph` is (points, neighbours), nearest first: how well a restart divides it is told by the share
    CLOSE of them, as farther ones are of other groups sooner. Time grows with the restarts and, times these, with the
    embeddings; that of the restarts' agreement with their square.
    """
    embeddings = np.asarray(embeddings, dtype=np.float64)
    n_embeddings, n_points, dims = embeddings.shape
    places = np.arange(restarts) % n_embeddings
    with threadpool_limits(limits=1):  # several threads add up in another order
        covariance = covariance_type(min(n_points, FIT_POINTS), dims, clusters, POINTS_PER_PARAMETER)
        tried = [
            fit_start(embeddings[place], clusters, covariance, int(of_start), i // n_embeddings)
            for i, (place, of_start) in enumerate(zip(places, _seeds(seed, restarts), strict=True))
        ]
        seen = [_look(mixture, embeddings, place) for mixture, place in zip(tried, places, strict=True)]
        labels = np.stack([of_points for of_points, _ in seen])  # (restarts, points)
        log_likelihood = np.array([likelihood for _, likelihood in seen])
        used = np.array([(np.bincount(of_points) > dims).sum() for of_points in labels])
        chosen = choose(log_likelihood, used, labels, graph[:, : max(1, round(CLOSE * graph.shape[1]))])
        points = embeddings[places[chosen]]
        mixture = _continue(tried[chosen], points)
        responsibilities = mixture.memberships(points).astype(np.float32)
    others = np.delete(labels, chosen, axis=0)
    return Restarts(
        mixture=mixture,
        responsibilities=responsibilities,
        chosen=chosen,
        embeddings=places,
        log_likelihood=log_likelihood,
        agreement=mean_agreement(labels),
        graph_cut=np.array([graph_cut(of_points, graph) for of_points in labels]),
        modularity=np.array([modularity(of_points, graph) for of_points in labels]),
        clusters_used=used,
        cluster_agreement=cluster_agreement(responsibilities.argmax(axis=1), others, clusters),
    )


def fit_start(points: np.ndarray, clusters: int, covariance: str, seed: int, start: int) -> GaussianMixture:
    """One mixture, fitted to at most FIT_POINTS random points: from a k-means if `start` is even, else k-means++."""
    sampled = points
    if len(points) > FIT_POINTS:
        sampled = points[np.random.default_rng(seed).choice(len(points), FIT_POINTS, replace=False)]
    return GaussianMixture(
        clusters,
        covariance_type=covariance,
        reg_covar=REGULARISATION,
        max_iter=MAX_ITERATIONS,
        init_params=("kmeans", "k-means++")[start % 2],
        random_state=seed,
    ).fit(sampled)


def implied_likelihoods(responsibilities: np.ndarray, embeddings: np.ndarray, covariance: str) -> list[float]:
    """Mean log density of the points in each of embeddings (embeddings, points, dims).

    It is that of the mixture which responsibilities (points, clusters) imply there.
    """
    return [
        float(implied_mixture(points, responsibilities, covariance, REGULARISATION).log_density(points).mean())
        for points in embeddings
    ]


def restarts_work(n_points: int) -> int:
    """How often a restart is at one of so many points, in looks at a point."""
    return FIT_LOOKS * min(n_points, FIT_POINTS) + n_points


def choose(log_likelihood: np.ndarray, clusters_used: np.ndarray, labels: np.ndarray, graph: np.ndarray) -> int:
    """Place of the likeliest of the restarts that divide the graph (points, neighbours) about as well as any.

    `labels` are (restarts, points), others (restarts,). Those that use the most clusters take part, and of these the
    ones that divide it not clearly worse than the best. The first of equals wins. In an embedding clusters can be
    likely that the neighbours of rows know nothing of; among good restarts modularity tells little.
    """
    most = clusters_used == clusters_used.max()
    division = np.array([modularity(of_points, graph) for of_points in labels])
    best = labels[np.where(most, division, -np.inf).argmax()]
    good = most & [not divides_better(best, of_points, graph) for of_points in labels]
    return int(np.where(good, log_likelihood, -np.inf).argmax())


def _look(mixture: GaussianMixture, embeddings: np.ndarray, place: int) -> tuple[np.ndarray, float]:
    """Clusters (points,) that a mixture found in the embedding at `place`, and how likely they are in all embeddings.

    In another one they are as likely as the mixture which their responsibilities imply there; the mean counts.
    """
    responsibilities = mixture.predict_proba(embeddings[place])
    elsewhere = implied_likelihoods(responsibilities, np.delete(embeddings, place, axis=0), mixture.covariance_type)
    return responsibilities.argmax(axis=1), float(np.mean([mixture.score(embeddings[place]), *elsewhere]))


def _seeds(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(2**31, size=n)


def _continue(found: GaussianMixture, points: np.ndarray) -> Mixture:
    if len(points) > FIT_POINTS:
        at = {"weights_init": found.weights_, "means_init": found.means_, "precisions_init": found.precisions_}
        found = GaussianMixture(**(found.get_params() | at)).fit(points)
    order = np.argsort(ranks_by_size(found.predict(points), found.n_components))
    return Mixture(found.weights_[order], found.means_[order], found.precisions_cholesky_[order])
