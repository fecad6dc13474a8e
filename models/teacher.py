"""Clusters of the manifold that rows lie on: neighbour graph, its embedding, a mixture there."""

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models.autoencoder import Autoencoder
from models.cluster_count import count_clusters
from models.computation import NOTHING, Computation, Computed
from models.data_shape import DataShape, known_shape, seen_by
from models.gradients import EdgeHistograms
from models.manifold import Graph, count_epochs, exact_graph, umap_embedding
from models.model_settings import Representation, TeacherSettings
from models.neighbors import spread_evenly
from models.restarts import Restarts, fit_restarts, implied_likelihoods, restarts_work
from models.training import Phase
from models.variation import local_variation

CODE_DIM = 10
COORDINATES = ("as scaled", "varying alike")  # where vectors have neighbours: as they are, and whitened
CLEARLY = 1.0  # nats by which clusters are to be likelier at a point than others, to be taken in their place
FEW_ROWS, EMBEDDINGS = 5_000, 5  # up to so many rows a graph is embedded so often: chance decides more there
ROW_COMPARISONS = 4_000  # that take as long as what is done for a row of the graph besides
PIXEL_COMPARISONS = 4  # likewise as describing a pixel of an image does (28 x 28: .1 ms a row)


class Teacher:
    """A Gaussian mixture on the UMAP embedding of the neighbour graph (N2D, McConville et al. 2021).

    It finds clusters of any shape, but knows only the rows that it was made of. Grey images have their neighbours by
    the gradients of their edges, other wide vectors in an autoencoder.
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
        self.representation = settings.representation_of(data.n_columns, data.image_shape)
        self.gradients: EdgeHistograms | None = None
        match self.representation:
            case Representation.gradients:
                self.gradients = EdgeHistograms(known_shape(data))
            case Representation.autoencoder | Representation.layers:
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
                return NOTHING
            case "graph":
                return Computation(lambda: self.find_neighbors(x_train), work=self.graph_work)
            case "embedding":
                return Computation(lambda: self.embed_graph(x_train, arrays), work=embedding_work)
            case "mixture":
                return Computation(lambda: self.find_clusters(arrays), work=restarts_work)
        raise ValueError(f"Expected one of {self.phases}. Received: {phase}")

    def find_neighbors(self, x_train: np.ndarray) -> Computed:
        """The graph of at most `graph_rows` train rows, evenly spread, and the rows' places.

        Vectors have a second one, in coordinates in which near rows vary alike. Codes have those of the layer before
        them and of the vectors: each of the three takes other rows of different kinds for near.
        """
        rows = spread_evenly(len(x_train), self.settings.graph_rows)
        x, k = x_train[rows], self.settings.neighbors
        near = exact_graph(self.encode(x), k)
        found = {"graph_rows": rows} | graph_arrays("", near)
        if self.representation == Representation.vectors:
            whiten = local_variation(x, near.neighbors).whiten
            found |= graph_arrays("alike_", exact_graph(x @ whiten, k)) | {"whiten": whiten}
        elif self.representation == Representation.layers:
            for name, points in (("hidden_", self.autoencoder.hidden(x)), ("vector_", x)):
                found |= graph_arrays(name, exact_graph(points, k))
        return Computed(found)

    def graph_work(self, n_rows: int) -> int:
        """How often rows are compared for the graph of so many, and what is done for each row in the same unit."""
        described = math.prod(self.gradients.shape) if self.gradients else 0
        return n_rows * (n_rows + ROW_COMPARISONS + PIXEL_COMPARISONS * described)

    def embed_graph(self, x_train: np.ndarray, arrays: dict[str, np.ndarray]) -> Computed:
        """Embeddings of the graph's rows: (1 or 2, 1 or EMBEDDINGS, rows, embedding_dim).

        Of vectors there are two kinds, in both COORDINATES; else one, of the mean of all layers' graphs. Those of one
        kind differ by chance.
        """
        codes = self.encode(x_train[arrays["graph_rows"]])
        near = graph_of("", arrays)
        match self.representation:
            case Representation.vectors:
                tried = [[near], [graph_of("alike_", arrays)]]
            case Representation.layers:
                tried = [[near, graph_of("hidden_", arrays), graph_of("vector_", arrays)]]
            case _:
                tried = [[near]]
        dims, seeds = self.settings.embedding_dim, embedding_seeds(self.seed, len(codes))
        return Computed(
            {"embeddings": np.array([[umap_embedding(codes, graphs, dims, s) for s in seeds] for graphs in tried])}
        )

    def find_clusters(self, arrays: dict[str, np.ndarray]) -> Computed:
        """Responsibilities of the chosen mixture of the chosen embedding; how many clusters, where that is open."""
        embeddings, graphs = arrays["embeddings"], [arrays["neighbors"]]
        if self.representation == Representation.vectors:
            graphs.append(arrays["alike_neighbors"])
        count = None if self.n_components else count_clusters(embeddings[-1, 0], graphs[-1], self.seed)
        clusters = count.chosen if count else self.n_components
        assert clusters is not None
        tried = fit_kinds(embeddings, graphs, clusters, self.settings.restarts, self.seed)
        chosen = choose_kind(likelihoods(tried, embeddings))
        found = tried[chosen]
        record = found.to_record(count.to_record() if count else None)
        kept = {
            "responsibilities": found.responsibilities,
            "embedding": embeddings[chosen, found.embeddings[found.chosen]],
            "graph": graphs[chosen],
        }
        if self.representation == Representation.vectors:
            record |= {"coordinates": COORDINATES[chosen]}
            kept |= {"coordinates": arrays["whiten"] if chosen else np.eye(len(arrays["whiten"]), dtype=np.float32)}
        return Computed(kept, record=record, clusters=clusters)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Where rows have their neighbours: (rows, dims)."""
        if self.gradients:
            return self.gradients.describe(x)
        return x if self.representation == Representation.vectors else self.autoencoder.encode(x)

    def place(self, codes: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
        """Codes (rows, dims) in the coordinates that the clusters were found in."""
        return codes @ arrays["coordinates"] if self.representation == Representation.vectors else codes


def graph_arrays(name: str, graph: Graph) -> dict[str, np.ndarray]:
    """A graph as arrays, whose names begin with its own."""
    return {f"{name}neighbors": graph.neighbors, f"{name}distances": graph.distances}


def graph_of(name: str, arrays: dict[str, np.ndarray]) -> Graph:
    """The graph of that name."""
    return Graph(arrays[f"{name}neighbors"], arrays[f"{name}distances"])


def count_embeddings(n_rows: int) -> int:
    """How many embeddings of a graph of so many rows are made."""
    return EMBEDDINGS if n_rows <= FEW_ROWS else 1


def embedding_work(n_rows: int) -> int:
    """How often all embeddings of a graph of so many rows go through a row's edges."""
    return count_embeddings(n_rows) * n_rows * count_epochs(n_rows)


def embedding_seeds(seed: int, n_rows: int) -> list[int]:
    """A seed for each embedding of so many rows: the seed itself, and others that follow from it."""
    return [seed, *np.random.default_rng(seed).integers(2**31, size=count_embeddings(n_rows) - 1).tolist()]


def fit_kinds(
    embeddings: np.ndarray, graphs: list[np.ndarray], clusters: int, restarts: int, seed: int
) -> list[Restarts]:
    """What as many restarts in each kind of embedding find, of (kinds, embeddings, rows, dims) and a graph each."""
    each = max(1, restarts // len(embeddings))
    return [
        fit_restarts(of_kind, clusters, each, seed, graph) for of_kind, graph in zip(embeddings, graphs, strict=True)
    ]


def choose_kind(likely: list[float]) -> int:
    """Place of the kind of embedding whose clusters are taken: the last, unless others are likelier by CLEARLY.

    Where near rows vary alike, groups of different shapes are told apart better, as a rule; but where the rows of one
    group are much denser than others, or the same, little may be left of the groups.
    """
    return int(np.argmax(likely)) if max(likely) > likely[-1] + CLEARLY else len(likely) - 1


def likelihoods(tried: list[Restarts], embeddings: np.ndarray) -> list[float]:
    """How likely the clusters of each kind are in embeddings of all kinds: mean log density of a row."""
    points = embeddings.reshape(-1, *embeddings.shape[2:]).astype(np.float64)
    return [
        float(np.mean(implied_likelihoods(found.responsibilities, points, found.mixture.covariance))) for found in tried
    ]


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
