"""The few settings of each model that a search tries, and the values that it tries them with.

Only what decides which clusters are found, and only where a sensible value depends on the data: how far a
neighbourhood reaches, how many dimensions an embedding or a code has, how equal the clusters should be. What merely has
to be large enough (steps, restarts) or decides about samples alone isn't searched. The two mixtures of the vectors have
nothing to search. Models with phases keep what a setting doesn't touch: another `embedding_dim` makes no new graph.
"""

from collections.abc import Mapping

from models.model_settings import ModelName, ModelSettings

Value = int | float | str
Space = Mapping[str, tuple[Value, ...]]  # setting -> values, ascending

SPACES: Mapping[ModelName, Space] = {
    ModelName.manifoldgan: {"neighbors": (10, 20, 40), "embedding_dim": (5, 10, 20)},
    ModelName.n2d: {"neighbors": (10, 20, 40), "embedding_dim": (5, 10, 20)},
    ModelName.gan: {"embedding_dim": (8, 16, 32), "neighbors": (5, 10, 20), "temperature": (0.25, 0.5, 1.0)},
    ModelName.clustergan: {"neighbors": (5, 10, 20), "balance": (1.0, 2.0, 4.0)},
    ModelName.infogan: {"latent_dim": (5, 10, 30), "learning_rate": (1e-4, 2e-4, 5e-4)},
    ModelName.vade: {"latent_dim": (5, 10, 20), "learning_rate": (3e-4, 1e-3, 2e-3)},
    ModelName.kmeans: {},
    ModelName.gaussian_mixture: {},
}


def space_of(name: ModelName, settings: ModelSettings) -> dict[str, tuple[Value | None, ...]]:
    """The values to try of each setting, those of `settings` among them: they come first, as the default."""
    given = {setting: getattr(settings, setting) for setting in SPACES[name]}
    return {setting: (own, *(v for v in SPACES[name][setting] if v != own)) for setting, own in given.items()}
