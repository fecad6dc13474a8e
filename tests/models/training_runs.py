"""Small models and short runs that the tests of training share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_blobs

from models.computation import Computation
from models.data_shape import DataShape
from models.generative import GenerativeModel, build_model
from models.manifold import exact_graph
from models.model_settings import (
    ClusterGanSettings,
    GanSettings,
    GaussianMixtureSettings,
    InfoGanSettings,
    KMeansSettings,
    ManifoldGanSettings,
    ModelName,
    N2dSettings,
    VadeSettings,
)
from models.nearest import fit_kmeans
from models.settings import TrainingSettings
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
    ModelName.manifoldgan: ManifoldGanSettings(
        units=16,
        latent_dim=3,
        batch_size=16,
        student_batch_size=16,
        representation="autoencoder",
        pretraining_batch_size=16,
        neighbors=10,
        restarts=4,
        embedding_dim=2,
    ),
    ModelName.n2d: N2dSettings(pretraining_steps=1000, pretraining_batch_size=16, neighbors=10, embedding_dim=2),
    ModelName.kmeans: KMeansSettings(),
    ModelName.gaussian_mixture: GaussianMixtureSettings(),
    ModelName.infogan: InfoGanSettings(units=16, latent_dim=3, batch_size=16),
    ModelName.vade: VadeSettings(units=16, latent_dim=3, batch_size=16),
}


def blobs(rows: int = 300) -> np.ndarray:
    """Three distant normal clusters on four columns."""
    x, _ = make_blobs(rows, COLUMNS, centers=CLUSTERS, cluster_std=0.5, random_state=0)
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def small_model(name: ModelName, seed: int = 0, **changes: Any) -> GenerativeModel:
    """A model of sixteen units, with what its computed phases would find in the blobs."""
    settings = SMALL[name].model_copy(update=changes)
    model = build_model(settings, DataShape(COLUMNS, image=False), CLUSTERS, seed)
    if name in (ModelName.manifoldgan, ModelName.n2d):
        model.arrays |= found_in_blobs()
    if name == ModelName.n2d:
        computed = model.plan("memory", blobs())
        assert isinstance(computed, Computation)
        model.arrays |= computed.run().state
    return model


def found_in_blobs() -> dict[str, np.ndarray]:
    """Neighbours, and the blobs as clusters."""
    x = blobs()
    labels = x @ np.linalg.svd(x, full_matrices=False)[2][:2].T  # two directions hold the three centres
    labels = fit_kmeans(labels.astype(float), CLUSTERS, 5, 0).memberships(labels.astype(float)).argmax(1)
    return {
        "graph_rows": np.arange(len(x), dtype=np.int32),
        "embedding": x[:, :2],
        "graph": exact_graph(x, 10)[0],
        "coordinates": np.eye(x.shape[1], dtype=np.float32),
        "responsibilities": np.eye(CLUSTERS, dtype=np.float32)[labels],
        "labels": labels.astype(np.int32),
    }


def run_phase(
    model: GenerativeModel,
    phase: str,
    folder: Path,
    training: TrainingSettings = TRAINING,
    killed_at: int | None = None,
    progress: Callable[[int, int, dict[str, float]], None] = lambda *_: None,
) -> PhaseResult:
    """Do a phase on the blobs, with checkpoints in a folder."""
    folder.mkdir(exist_ok=True, parents=True)
    checkpoints, x = FolderCheckpoints(folder, killed_at), blobs()
    plan = model.plan(phase, x)
    if isinstance(plan, Computation):
        computed = plan.run()
        model.arrays |= computed.arrays | computed.state
        return PhaseResult(0, "computed", [])
    return train_phase(plan, model.strategy, x[:60], training, 0, checkpoints, progress)


def embedded(model: GenerativeModel, x: np.ndarray) -> np.ndarray:
    """Positions of rows."""
    return model.embed(model.encode(x))


def responsibilities(model: GenerativeModel, x: np.ndarray) -> np.ndarray:
    """Of each component of a model that has some, for rows."""
    found = model.predict_proba(model.encode(x))
    assert found is not None
    return found


def scored(model: GenerativeModel, x: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of rows."""
    return model.score(x, model.encode(x))


def weights_of(model: GenerativeModel) -> list[np.ndarray]:
    """All weights of all networks."""
    return [weight for network in model.networks.values() for weight in network.get_weights()]
