"""A mixture of Gaussians of the vectors themselves, fitted in either of two ways: what any other model has to beat."""

from typing import Any

import numpy as np

from models.blocks import predict_in_blocks
from models.computation import Computation, Computed
from models.data_shape import DataShape
from models.draws import sample_components, sample_noise
from models.mixture import Mixture
from models.model_settings import VectorMixtureSettings


class VectorMixture:
    """A mixture of Gaussians, one for each cluster; how it is found is up to a subclass. It needs no TensorFlow."""

    phases: tuple[str, ...] = VectorMixtureSettings.phases

    strategy = None  # it trains nothing

    def __init__(self, settings: VectorMixtureSettings, data: DataShape, clusters: int, seed: int) -> None:
        self.settings, self.data, self.seed = settings, data, seed
        self.n_components: int = clusters
        self.networks: dict[str, Any] = {}
        origin, ones = np.zeros((clusters, data.n_columns)), np.ones((clusters, data.n_columns))
        self.arrays = _state(Mixture(np.full(clusters, 1 / clusters), origin, ones), np.full(clusters, 1 / clusters))

    @property
    def mixture(self) -> Mixture:
        """The mixture as it is now."""
        return Mixture.from_arrays(self.arrays)

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """None: it has no networks."""
        return ()

    def plan(self, phase: str, x_train: np.ndarray) -> Computation:
        """What is to be computed."""
        return Computation(lambda: Computed(state=_state(*self.find_clusters(x_train.astype(np.float64)))))

    def find_clusters(self, x: np.ndarray) -> tuple[Mixture, np.ndarray]:
        """The best of several restarts on rows x (rows, columns), and the share of rows in each cluster."""
        raise NotImplementedError

    def encode(self, x: np.ndarray) -> np.ndarray:
        """The vectors: (rows, columns)."""
        return x

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """The vectors: (rows, columns)."""
        return codes

    def predict_proba(self, codes: np.ndarray) -> np.ndarray:
        """Posterior responsibilities: (rows, clusters)."""
        return predict_in_blocks(self.mixture.memberships, codes)

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Log density, under every name: (rows,) each."""
        log_density = predict_in_blocks(self.mixture.log_density, x)
        return {"logit": log_density, "typicality": log_density, "log_density": log_density}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) of one cluster, or of all as often as among the train rows, and their clusters (n,)."""
        components = sample_components(seed, start, n, self.arrays["shares"])
        components = components if component is None else np.full(n, component)
        noise, _ = sample_noise(seed, start, n, self.data.n_columns, 1)
        x = self.mixture.place(components, noise).astype(np.float32)
        return x.clip(0, 1) if self.data.image else x, components


def _state(mixture: Mixture, shares: np.ndarray) -> dict[str, np.ndarray]:
    return mixture.to_arrays() | {"shares": shares}
