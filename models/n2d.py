"""N2D (McConville et al. 2021), the published baseline of the manifold: what the flagship is without its networks."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from models import gaussians
from models.computation import Computation, Computed
from models.data_shape import DataShape
from models.draws import sample_components, sample_noise
from models.model_settings import N2dSettings
from models.neighbors import nearest_rows
from models.teacher import Teacher
from models.training import Phase


class N2d:
    """Autoencoder, UMAP embedding of its codes, one Gaussian mixture there.

    UMAP places no new rows without its own graph: a new row takes the responsibilities of the nearest code. Codes of
    each cluster are a Gaussian, from which samples are decoded.
    """

    phases: tuple[str, ...] = N2dSettings.phases

    def __init__(
        self,
        settings: N2dSettings,
        data: DataShape,
        clusters: int | None,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None = None,
    ) -> None:
        self.n_components = clusters
        self.arrays: dict[str, np.ndarray] = {}
        self.strategy = strategy or tf.distribute.get_strategy()
        self.teacher = Teacher(settings, data, clusters, seed, self.strategy, make_optimizer or keras.optimizers.Adam)
        self.networks = self.teacher.networks

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""
        return self.teacher.phase_networks(phase)

    def plan(self, phase: str, x_train: np.ndarray) -> Phase | Computation:
        """What the training loop needs to know of the phase, or what is to be computed."""
        if phase in self.teacher.phases:
            return self.teacher.plan(phase, x_train, self.arrays)
        return Computation(lambda: self.remember(x_train))

    def remember(self, x_train: np.ndarray) -> Computed:
        """Codes of the graph's rows with their clusters, and the moments of each cluster's codes."""
        codes, responsibilities = (
            self.teacher.encode(x_train[self.arrays["graph_rows"]]),
            self.arrays["responsibilities"],
        )
        shares, means, variances = gaussians.component_moments(codes, responsibilities)
        places = {"codes": codes, "code_positions": self.arrays["embedding"], "code_responsibilities": responsibilities}
        moments = {"means": means.astype(np.float32), "variances": variances.astype(np.float32)}
        return Computed(state=places | moments | {"shares": shares})

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Code of each row: (rows, dims)."""
        return self.teacher.encode(x)

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """Position of the nearest code in the embedding: (rows, dims)."""
        return self.arrays["code_positions"][self.nearest(codes)]

    def predict_proba(self, codes: np.ndarray) -> np.ndarray:
        """Responsibilities of the nearest code: (rows, clusters)."""
        p = self.arrays["code_responsibilities"][self.nearest(codes)]
        return p / p.sum(axis=1, keepdims=True)

    def nearest(self, codes: np.ndarray) -> np.ndarray:
        """Place of each row's nearest code: (rows,)."""
        return nearest_rows(codes, self.arrays["codes"], 1)[:, 0]

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Log density of the code, and minus |x - decode(encode(x))|^2: (rows,) each."""
        told = self.arrays
        of_clusters = gaussians.log_normal(codes[:, None], told["means"], np.log(told["variances"])).numpy()
        residual = ((x - self.teacher.autoencoder.decode(codes)) ** 2).sum(axis=1)
        return {"logit": logsumexp(np.log(told["shares"]) + of_clusters, axis=1), "typicality": -residual}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) of one cluster, or of all as often as among the train rows, and their clusters (n,)."""
        components = sample_components(seed, start, n, self.arrays["shares"])
        components = components if component is None else np.full(n, component)
        means, variances = self.arrays["means"][components], self.arrays["variances"][components]
        noise, _ = sample_noise(seed, start, n, means.shape[1], 1)
        return self.teacher.autoencoder.decode(means + np.sqrt(variances) * noise), components
