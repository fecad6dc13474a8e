"""What every generative model answers, and the models by name."""

from typing import Protocol

import keras
import numpy as np
import tensorflow as tf

from models.clustergan import ClusterGan
from models.gan import Gan
from models.networks import DataShape
from models.settings import ClusterGanSettings, GanSettings, ModelName
from models.training import Phase

__all__ = ["DataShape", "GenerativeModel", "build_model"]


class GenerativeModel(Protocol):
    """A model that trains phase by phase and then answers on arrays; x is (rows, columns) float32."""

    phases: tuple[str, ...]
    networks: dict[str, keras.Model]

    @property
    def n_components(self) -> int | None:
        """Clusters that the model itself knows, or None."""

    strategy: tf.distribute.Strategy

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""

    def plan(self, phase: str, x_train: np.ndarray) -> Phase:
        """What the training loop needs to know of the phase."""

    def embed(self, x: np.ndarray) -> np.ndarray:
        """Position of each row in the space that partitions work in: (rows, dims)."""

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) and their components (n,), -1 without any; sample i depends on seed and start + i alone."""

    def score(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """`logit`, higher is more real, and `typicality`, higher is more typical: (rows,) each."""

    def predict_proba(self, x: np.ndarray) -> np.ndarray | None:
        """Responsibility of each component for each row: (rows, clusters)."""


def build_model(
    name: ModelName,
    settings: GanSettings | ClusterGanSettings,
    data: DataShape,
    clusters: int,
    seed: int,
    strategy: tf.distribute.Strategy | None = None,
) -> GenerativeModel:
    """The untrained model of that name, all its networks built."""
    match name, settings:
        case ModelName.gan, GanSettings():
            return Gan(settings, data, seed, strategy)
        case ModelName.clustergan, ClusterGanSettings():
            return ClusterGan(settings, data, clusters, seed, strategy)
    raise TypeError(f"Expected the settings of {name}. Received: {type(settings).__name__}")
