"""Gaussian mixture: clusters of any orientation and width, and the posterior of each for a point."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, softmax
from sklearn.mixture import GaussianMixture

from models.numbering import ranks_by_size

START_ROWS = 10_000  # points that the starts are compared on
POINTS_PER_PARAMETER = 5  # of a full covariance and its mean, in a cluster of average size
REGULARISATION = 1e-3  # added to variances, in units of the points' mean variance
MAX_ITERATIONS = 300
EMPTY = 1e-9  # added to each responsibility: a cluster without points is where all points are


@dataclass(frozen=True)
class Mixture:
    """Weights, means and the Cholesky factors of the precisions."""

    weights: np.ndarray  # (clusters,)
    means: np.ndarray  # (clusters, dims)
    precisions_cholesky: np.ndarray  # (clusters, dims, dims), or (clusters, dims) if diagonal

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.weights)

    @property
    def covariance(self) -> str:
        """`full` or `diag`."""
        return "full" if self.precisions_cholesky.ndim == 3 else "diag"

    @property
    def numbers_per_row(self) -> int:
        """How many numbers are in memory at once for each labelled row."""
        return self.n_clusters + 2 * self.means.shape[1]

    def memberships(self, points: np.ndarray) -> np.ndarray:
        """Posterior responsibilities (rows, clusters) (Bishop 2006, equation 9.23)."""
        return softmax(self.log_joint(points), axis=1)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Log density of points (rows, dims): (rows,)."""
        return logsumexp(self.log_joint(points), axis=1) - points.shape[1] / 2 * np.log(2 * np.pi)

    def log_joint(self, points: np.ndarray) -> np.ndarray:
        """Log of weight times density, without the power of 2 pi that all share: (rows, clusters)."""
        parameters = zip(self.weights, self.means, self.precisions_cholesky, strict=True)
        return np.stack([_log_joint(points, *of_cluster) for of_cluster in parameters], axis=1)

    def place(self, clusters: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Points (n, dims) of clusters (n,), where standard normal noise (n, dims) puts them."""
        points = np.empty(noise.shape)
        for cluster in np.unique(clusters):
            factor, chosen = self.precisions_cholesky[cluster], clusters == cluster
            inverse = np.linalg.inv(factor) if factor.ndim == 2 else 1 / factor
            scaled = noise[chosen] @ inverse if factor.ndim == 2 else noise[chosen] * inverse
            points[chosen] = self.means[cluster] + scaled
        return points

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        return {"weights": self.weights, "means": self.means, "precisions_cholesky": self.precisions_cholesky}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Mixture":
        """The inverse of `to_arrays`."""
        return cls(arrays["weights"], arrays["means"], arrays["precisions_cholesky"])


def fit_mixture(points: np.ndarray, clusters: int, restarts: int, seed: int) -> Mixture:
    """Gaussian mixture of points (rows, dims) by EM.

    Covariances are full where a cluster of average size has POINTS_PER_PARAMETER points for each of the
    dims (dims + 3) / 2 parameters of its mean and covariance, else diagonal. REGULARISATION keeps them from becoming
    singular. Of `restarts` starts, on at most START_ROWS random points, one half begins at a k-means and the other at
    random points: k-means alone misleads where clusters are elongated. The likeliest goes on with all points.
    """
    told = {
        "n_components": clusters,
        "covariance_type": covariance_type(len(points), points.shape[1], clusters),
        "reg_covar": REGULARISATION * max(float(points.var(axis=0).mean()), np.finfo(float).tiny),
        "max_iter": MAX_ITERATIONS,
        "random_state": seed,
    }
    some = points
    if len(points) > START_ROWS:
        some = points[np.random.default_rng(seed).choice(len(points), START_ROWS, replace=False)]
    starts = {"kmeans": restarts - restarts // 2, "random_from_data": restarts // 2}
    tried = [GaussianMixture(**told, init_params=at, n_init=n).fit(some) for at, n in starts.items() if n]
    found = max(tried, key=lambda mixture: mixture.lower_bound_)
    if len(some) < len(points):
        start = {"weights_init": found.weights_, "means_init": found.means_, "precisions_init": found.precisions_}
        found = GaussianMixture(**told, **start).fit(points)
    order = np.argsort(ranks_by_size(found.predict(points), clusters))
    return Mixture(found.weights_[order], found.means_[order], found.precisions_cholesky_[order])


def implied_mixture(
    points: np.ndarray, responsibilities: np.ndarray, covariance: str, regularisation: float
) -> Mixture:
    """The mixture that responsibilities (rows, clusters) of points (rows, dims) imply: an M step.

    Covariances are `full` or `diag`, and `regularisation` is added to their variances (Bishop 2006, equations 9.24 to
    9.26).
    """
    weights = responsibilities + EMPTY
    means = np.stack([np.average(points, axis=0, weights=of_cluster) for of_cluster in weights.T])
    factors = [_precision_cholesky(points, of_cluster, covariance, regularisation) for of_cluster in weights.T]
    return Mixture(weights.sum(axis=0) / weights.sum(), means, np.stack(factors))


def covariance_type(n_points: int, dims: int, clusters: int, points_per_parameter: int = POINTS_PER_PARAMETER) -> str:
    """`full` where a cluster of average size has as many points for each of its parameters, else `diag`."""
    parameters = dims * (dims + 3) / 2
    return "full" if n_points / clusters >= points_per_parameter * parameters else "diag"


def _precision_cholesky(points: np.ndarray, weights: np.ndarray, covariance: str, regularisation: float) -> np.ndarray:
    """Cholesky factor of the inverse of the covariance of weighted points: (dims, dims), or (dims,) if `diag`."""
    if covariance == "diag":
        from_mean = points - np.average(points, axis=0, weights=weights)
        return 1 / np.sqrt(np.average(from_mean**2, axis=0, weights=weights) + regularisation)
    identity = np.eye(points.shape[1])
    spread = np.cov(points.T, ddof=0, aweights=weights).reshape(identity.shape) + regularisation * identity
    return solve_triangular(np.linalg.cholesky(spread), identity, lower=True).T


def _log_joint(points: np.ndarray, weight: float, mean: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Log of weight times density (rows,), without the power of 2 pi."""
    from_mean = points - mean
    whitened = from_mean @ factor if factor.ndim == 2 else from_mean * factor  # (rows, dims)
    diagonal = np.diagonal(factor) if factor.ndim == 2 else factor
    return np.log(weight) + np.log(diagonal).sum() - (whitened**2).sum(axis=1) / 2
