"""Mixtures of Gaussians with diagonal covariances, as a prior that is trained."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.mixture import GaussianMixture

LOG_VARIANCES = (-8.0, 8.0)  # beyond them a variance or its inverse overflows sooner or later
STARTS = ("kmeans", "k-means++")  # k-means alone misleads where clusters are elongated
START_ROWS = 20_000
MAX_ITERATIONS = 200
EMPTY = 1e-6  # rows that a component without rows counts for
REGULARISATION = 1e-3  # added to variances, in units of the codes' mean variance


class DiagonalMixture(keras.layers.Layer):
    """Weights, means and variances of K components. z (batch, dims) -> log p(z, c), (batch, K)."""

    def __init__(self, n_components: int, dims: int) -> None:
        super().__init__()
        self.logits = self.add_weight(shape=(n_components,), initializer="zeros", name="logits")
        self.means = self.add_weight(shape=(n_components, dims), initializer="zeros", name="means")
        self.unclipped = self.add_weight(shape=(n_components, dims), initializer="zeros", name="log_variances")

    @property
    def log_weights(self) -> tf.Tensor:
        """Logarithms of the components' shares: (K,)."""
        return tf.nn.log_softmax(self.logits)

    @property
    def log_variances(self) -> tf.Tensor:
        """Within LOG_VARIANCES: (K, dims)."""
        return clip_log_variance(self.unclipped)

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Joint log density of each code and each component: (batch, K)."""
        return self.log_weights + log_normal(z[:, None], self.means, self.log_variances)

    def log_density(self, z: tf.Tensor) -> tf.Tensor:
        """Log density of each code: (batch,)."""
        return tf.reduce_logsumexp(self(z), axis=1)

    def start(self, codes: np.ndarray, responsibilities: np.ndarray) -> None:
        """Become the mixture that responsibilities (rows, K) of codes (rows, dims) imply."""
        weights, means, variances = component_moments(codes, responsibilities)
        self.set_weights([np.log(weights), means, np.log(variances)])


class ColumnVariance(keras.layers.Layer):
    """One variance for each column. mean (batch, columns) -> mean and log-variance (batch, 2, columns)."""

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.unclipped = self.add_weight(shape=(n_columns,), initializer="zeros", name="log_variances")

    @property
    def log_variance(self) -> tf.Tensor:
        """Within LOG_VARIANCES: (columns,)."""
        return clip_log_variance(self.unclipped)

    def call(self, mean: tf.Tensor) -> tf.Tensor:
        """The mean, and beside it the log-variances, the same for every row."""
        return tf.stack([mean, tf.zeros_like(mean) + self.log_variance], axis=1)


def clip_log_variance(log_variance: tf.Tensor) -> tf.Tensor:
    """Log-variances within LOG_VARIANCES."""
    return tf.clip_by_value(log_variance, *LOG_VARIANCES)


def log_normal(x: tf.Tensor, mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Log density of a diagonal Gaussian, over the last axis."""
    distance = (x - mean) ** 2 * tf.exp(-log_variance)
    return -0.5 * tf.reduce_sum(np.log(2 * np.pi) + log_variance + distance, axis=-1)


def kl_to_components(mean: tf.Tensor, log_variance: tf.Tensor, mixture: DiagonalMixture) -> tf.Tensor:
    """KL divergence of N(mean, variance), (batch, dims) each, from each component: (batch, K)."""
    mean, log_variance = mean[:, None], log_variance[:, None]
    distance = ((mean - mixture.means) ** 2 + tf.exp(log_variance)) * tf.exp(-mixture.log_variances)
    return 0.5 * tf.reduce_sum(distance - 1 + mixture.log_variances - log_variance, axis=-1)


def kl_to_mixture(mean: tf.Tensor, log_variance: tf.Tensor, mixture: DiagonalMixture) -> tf.Tensor:
    """KL divergence of q(z) q(c) from p(z, c), where q(z) = N(mean, variance): (batch,).

    The KL terms of VaDE's bound (Jiang et al. 2017, equation 9) at the q(c) that makes them smallest, which is in
    proportion to p(c) exp(-KL(q(z), p(z | c))): no sample of z is needed for it.
    """
    return -tf.reduce_logsumexp(mixture.log_weights - kl_to_components(mean, log_variance, mixture), axis=1)


def standard_points(n_points: int, dims: int) -> np.ndarray:
    """An even number of points whose mean and variances are those of a standard normal: (n_points, dims) float32."""
    half = np.random.default_rng(0).standard_normal((n_points // 2, dims))
    half /= np.sqrt((half**2).mean(axis=0))
    return np.concatenate([half, -half]).astype(np.float32)


def component_moments(codes: np.ndarray, responsibilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares (K,), means and variances (K, dims) by an M step (Bishop 2006, equations 9.24 to 9.26).

    A component without rows has the moments of all codes.
    """
    codes = codes.astype(np.float64)  # a variance is a small difference of large squares
    sizes = responsibilities.sum(0) + EMPTY
    means = (responsibilities.T @ codes + EMPTY * codes.mean(0)) / sizes[:, None]
    squares = (responsibilities.T @ codes**2 + EMPTY * (codes**2).mean(0)) / sizes[:, None]
    return sizes / sizes.sum(), means, np.maximum(squares - means**2, 0) + _regularisation(codes)


def fit_responsibilities(codes: np.ndarray, n_components: int, restarts: int, seed: int) -> np.ndarray:
    """Responsibilities (rows, K) of the likeliest diagonal mixture of codes (rows, dims).

    Each of the STARTS is made `restarts` times, on at most START_ROWS random codes.
    """
    some = codes
    if len(codes) > START_ROWS:
        some = codes[np.random.default_rng(seed).choice(len(codes), START_ROWS, replace=False)]
    told = {
        "n_components": n_components,
        "covariance_type": "diag",
        "reg_covar": _regularisation(some),
        "max_iter": MAX_ITERATIONS,
        "n_init": restarts,
        "random_state": seed,
    }
    tried = [GaussianMixture(**told, init_params=start).fit(some) for start in STARTS]
    return max(tried, key=lambda mixture: mixture.lower_bound_).predict_proba(codes)


def _regularisation(codes: np.ndarray) -> float:
    return REGULARISATION * max(float(codes.var(axis=0).mean()), 1e-6)
