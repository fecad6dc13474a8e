"""The manifold that rows lie on: graphs of their neighbours, and an embedding of it in few dimensions."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.sparse.linalg
from scipy.sparse import csr_matrix
from sklearn.manifold import _spectral_embedding
from sklearn.neighbors import NearestNeighbors

SPREAD, MIN_DIST = 1.0, 0.0  # of the embedding: groups without gaps inside
LEARNING_RATE, REPULSION, NEGATIVES = 1.0, 1.0, 5  # UMAP's defaults
EPOCHS, FEWER_EPOCHS, MANY_POINTS = 500, 200, 10_000  # UMAP's defaults: fewer beyond so many points


class Graph(NamedTuple):
    """Each point's neighbours, nearest first, without itself, and how far they are: (points, k) int32 and float32."""

    neighbors: np.ndarray
    distances: np.ndarray


def exact_graph(points: np.ndarray, k: int) -> Graph:
    """Each point's k nearest other points.

    All pairs are compared, so the cost grows with their square; points are (points, dims).
    """
    search = NearestNeighbors(n_neighbors=min(k, len(points) - 1), algorithm="brute").fit(points)
    distances, neighbors = search.kneighbors()  # without the point itself
    return Graph(neighbors.astype(np.int32), distances.astype(np.float32))


def umap_embedding(points: np.ndarray, graphs: list[Graph], dims: int, seed: int) -> np.ndarray:
    """UMAP (McInnes et al. 2018) of the mean of neighbour graphs: (points, dims) float32.

    `points` (points, columns) only place parts that no edge joins. It runs on one thread, as a seed asks for; the cost
    grows linearly with the edges.
    """
    from umap import umap_  # compiles much on import: only who embeds pays for it

    a, b = umap_.find_ab_params(SPREAD, MIN_DIST)
    edges = sum((_fuzzy_edges(points, graph) for graph in graphs[1:]), start=_fuzzy_edges(points, graphs[0]))
    with seeded_eigensolver(seed):
        embedding, _ = umap_.simplicial_set_embedding(
            points,
            (edges / len(graphs)).astype(np.float32),
            min(dims, len(points) - 2),
            LEARNING_RATE,
            a,
            b,
            REPULSION,
            NEGATIVES,
            n_epochs=count_epochs(len(points)),
            init="spectral",
            random_state=np.random.RandomState(seed),
            metric="euclidean",
            metric_kwds={},
            densmap=False,
            densmap_kwds={},
            output_dens=False,
        )
    return np.asarray(embedding, dtype=np.float32)


@contextmanager
def seeded_eigensolver(seed: int) -> Iterator[None]:
    """While it lasts, ARPACK draws the directions that it has to begin anew with by a seed.

    UMAP starts at eigenvectors, by its own call and by scikit-learn's, and hands on no seed for them, so that a graph
    of rows that are much the same, which has equal eigenvalues, would get another embedding each time.
    """
    callers, solve = (scipy.sparse.linalg, _spectral_embedding), scipy.sparse.linalg.eigsh
    for caller in callers:
        caller.eigsh = partial(solve, rng=seed)
    try:
        yield
    finally:
        for caller in callers:
            caller.eigsh = solve


def count_epochs(n_points: int) -> int:
    """How often UMAP goes through the edges of so many points."""
    return EPOCHS if n_points <= MANY_POINTS else FEWER_EPOCHS


def _fuzzy_edges(points: np.ndarray, graph: Graph) -> csr_matrix:
    """UMAP's weight of each edge, which adapts to how far a point's neighbours are."""
    from umap import umap_

    itself = np.arange(len(points), dtype=np.int32)[:, None]
    neighbors = np.hstack([itself, graph.neighbors])
    distances = np.hstack([np.zeros((len(points), 1), np.float32), graph.distances])
    edges, *_ = umap_.fuzzy_simplicial_set(
        points,
        neighbors.shape[1],
        random_state=None,  # used where neighbours are looked for
        metric="euclidean",
        knn_indices=neighbors,
        knn_dists=distances,
    )
    return edges
