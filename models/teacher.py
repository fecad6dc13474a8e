"""Clusters of the manifold that rows lie on: neighbour graph, its embedding, a mixture there."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models.autoencoder import Autoencoder
from models.cluster_count import count_clusters
from models.computation import Computation, Computed
from models.manifold import exact_graph, umap_embedding
from models.model_settings import Representation, TeacherSettings
from models.networks import DataShape, seen_by
from models.restarts import fit_restarts
from models.training import Phase

CODE_DIM = 10


class Teacher:
    """A Gaussian mixture on the UMAP embedding of the neighbour graph (N2D, McConville et al. 2021).

    It finds clusters of any shape, but knows only the rows that it was made of. Wide vectors have their neighbours in
    the code of an autoencoder.
    """

    phases: tuple[str, ...] = TeacherSettings.phases

    def __init__(
        self,
        settings: TeacherSettings,
        data: DataShape,
        clusters: int | None,
        seed: int,
        strategy: tf.distribute.Strategy,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer],
    ) -> None:
        self.settings, self.n_components, self.seed = settings, clusters, seed
        self.networks: dict[str, keras.Model] = {}
        if settings.pretrains(data.n_columns):
            self.autoencoder = Autoencoder(
                CODE_DIM,
                seen_by(settings.networks, data),
                seed * 8,
                strategy,
                lambda: make_optimizer(settings.pretraining_rate),
            )
            self.networks = self.autoencoder.networks

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""
        return tuple(self.networks) if phase == "pretraining" else ()

    def plan(self, phase: str, x_train: np.ndarray, arrays: dict[str, np.ndarray]) -> Phase | Computation:
        """What is to be trained or computed on the train rows, given what earlier phases computed."""
        told = self.settings
        match phase:
            case "pretraining" if self.networks:
                return self.autoencoder.plan(x_train, told.pretraining_steps, told.pretraining_batch_size)
            case "pretraining":
                return Computation(Computed)
            case "graph":
                return Computation(lambda: self.find_neighbors(x_train))
            case "embedding":
                return Computation(lambda: self.embed_graph(x_train, arrays))
            case "mixture":
                return Computation(lambda: self.find_clusters(arrays))
        raise ValueError(f"Expected one of {self.phases}. Received: {phase}")

    def find_neighbors(self, x_train: np.ndarray) -> Computed:
        """The graph of at most `graph_rows` train rows, evenly spread, and the rows' places."""
        rows = np.linspace(0, len(x_train) - 1, min(len(x_train), self.settings.graph_rows)).astype(np.int32)
        neighbors, distances = exact_graph(self.encode(x_train[rows]), self.settings.neighbors)
        return Computed({"graph_rows": rows, "neighbors": neighbors, "distances": distances})

    def embed_graph(self, x_train: np.ndarray, arrays: dict[str, np.ndarray]) -> Computed:
        """The embedding of the graph's rows."""
        codes, graph = self.encode(x_train[arrays["graph_rows"]]), (arrays["neighbors"], arrays["distances"])
        return Computed({"embedding": umap_embedding(codes, *graph, self.settings.embedding_dim, self.seed)})

    def find_clusters(self, arrays: dict[str, np.ndarray]) -> Computed:
        """Responsibilities of the chosen mixture of the embedding; how many clusters, where that is open."""
        points, graph = arrays["embedding"], arrays["neighbors"]
        count = None if self.n_components else count_clusters(points, graph, self.seed)
        clusters = count.chosen if count else self.n_components
        assert clusters is not None
        found = fit_restarts(points, clusters, self.settings.restarts, self.seed, graph)
        record = found.to_record(count.to_record() if count else None)
        return Computed({"responsibilities": found.responsibilities}, record=record, clusters=clusters)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Where rows have their neighbours: (rows, dims)."""
        return self.autoencoder.encode(x) if self.networks else x


def teach(points: np.ndarray, clusters: int, seed: int) -> dict[str, np.ndarray]:
    """What a teacher with its defaults finds in points (rows, dims) as they are.

    `graph_rows` (n,), the places of those that it looked at, and their `responsibilities` (n, clusters) among the rest.
    """
    settings = TeacherSettings(representation=Representation.vectors)
    data = DataShape(points.shape[1], image=False)
    teacher = Teacher(settings, data, clusters, seed, tf.distribute.get_strategy(), keras.optimizers.Adam)
    arrays: dict[str, np.ndarray] = {}
    for phase in ("graph", "embedding", "mixture"):
        computation = teacher.plan(phase, points, arrays)
        assert isinstance(computation, Computation)
        arrays |= computation.run().arrays
    return arrays
