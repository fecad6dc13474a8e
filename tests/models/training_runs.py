"""Small models and short runs that the tests of training share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_blobs

from models.generative import DataShape, GenerativeModel, build_model
from models.settings import ClusterGanSettings, GanSettings, ModelName, TrainingSettings
from models.training import PhaseResult, train_phase
from tests.models.folder_checkpoints import FolderCheckpoints

CLUSTERS = 3
COLUMNS = 4
TRAINING = TrainingSettings(check_every=5, checkpoint_every=7)
SMALL: dict[ModelName, Any] = {
    ModelName.gan: GanSettings(units=16, latent_dim=3, embedding_dim=4, batch_size=16, encoder_batch_size=16),
    ModelName.clustergan: ClusterGanSettings(
        units=16, latent_dim=3, batch_size=16, pretraining_batch_size=16, critic_steps=1
    ),
}


def blobs(rows: int = 300) -> np.ndarray:
    """Three distant normal clusters on four columns."""
    x, _ = make_blobs(rows, COLUMNS, centers=CLUSTERS, cluster_std=0.5, random_state=0)
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def small_model(name: ModelName, seed: int = 0, **changes: Any) -> GenerativeModel:
    """A model of sixteen units."""
    settings = SMALL[name].model_copy(update=changes)
    return build_model(name, settings, DataShape(COLUMNS, image=False), CLUSTERS, seed)


def run_phase(
    model: GenerativeModel,
    phase: str,
    folder: Path,
    training: TrainingSettings = TRAINING,
    killed_at: int | None = None,
    progress: Callable[[int, int, dict[str, float]], None] = lambda *_: None,
) -> PhaseResult:
    """Train a phase on the blobs with checkpoints in a folder."""
    folder.mkdir(exist_ok=True, parents=True)
    checkpoints, x = FolderCheckpoints(folder, killed_at), blobs()
    return train_phase(model, phase, x, x[:60], training, 0, checkpoints, progress)


def weights_of(model: GenerativeModel) -> list[np.ndarray]:
    """All weights of all networks."""
    return [weight for network in model.networks.values() for weight in network.get_weights()]
