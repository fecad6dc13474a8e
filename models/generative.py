"""What every generative model answers, and the models by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.computation import Computation
from models.data_shape import DataShape
from models.gaussian_mixture import GaussianMixture
from models.kmeans import KMeans
from models.model_settings import GaussianMixtureSettings, KMeansSettings, ModelSettings

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from models.training import Phase


class GenerativeModel(Protocol):
    """A model that trains phase by phase and then answers on arrays; x is (rows, columns) float32."""

    phases: tuple[str, ...]
    networks: "dict[str, keras.Model]"
    arrays: dict[str, np.ndarray]  # what phases computed, by its name

    @property
    def n_components(self) -> int | None:
        """Clusters that the model itself knows, or None."""

    strategy: "tf.distribute.Strategy | None"  # of its training

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""

    def plan(self, phase: str, x_train: np.ndarray) -> "Phase | Computation":
        """What the training loop needs to know of the phase, or what is to be computed."""

    def encode(self, x: np.ndarray) -> np.ndarray:
        """What the other answers about rows start from, so that who asks for several encodes once: (rows, codes)."""

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """Position of each row in the space that partitions work in: (rows, dims)."""

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) and their components (n,), -1 without any; sample i depends on seed and start + i alone."""

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """`logit`, higher is more real, `typicality`, higher is more typical, and perhaps `log_density`: (rows,)."""

    def predict_proba(self, codes: np.ndarray) -> np.ndarray | None:
        """Responsibility of each component for each row: (rows, clusters)."""


def build_model(
    settings: ModelSettings,
    data: DataShape,
    clusters: int | None,
    seed: int,
    strategy: "tf.distribute.Strategy | None" = None,
    make_optimizer: "Callable[[float], keras.optimizers.Optimizer] | None" = None,
) -> GenerativeModel:
    """The untrained model of these settings, all its networks built; without `clusters` those that don't need them."""
    match settings:
        case KMeansSettings() if clusters:
            return KMeans(settings, data, clusters, seed)
        case GaussianMixtureSettings() if clusters:
            return GaussianMixture(settings, data, clusters, seed)
    from models.network_models import build_network_model  # starts TensorFlow

    return build_network_model(settings, data, clusters, seed, strategy, make_optimizer)
