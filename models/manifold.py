"""The manifold that rows lie on: their neighbour graph, and an embedding of it in few dimensions."""

import warnings

import numpy as np
from sklearn.neighbors import NearestNeighbors


def exact_graph(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Each point's k nearest other points, nearest first, and their distances: (points, k) int32 and float32.

    All pairs are compared, so the cost grows with their square; points are (points, dims).
    """
    search = NearestNeighbors(n_neighbors=min(k, len(points) - 1), algorithm="brute").fit(points)
    distances, neighbors = search.kneighbors()  # without the point itself
    return neighbors.astype(np.int32), distances.astype(np.float32)


def umap_embedding(
    points: np.ndarray, neighbors: np.ndarray, distances: np.ndarray, dims: int, seed: int
) -> np.ndarray:
    """UMAP (McInnes et al. 2018) of a neighbour graph, without gaps inside groups (min_dist 0): (points, dims) float32.

    A seed keeps it on one thread; the cost grows linearly with the edges.
    """
    from umap import UMAP  # compiles much on import: only who embeds pays for it

    itself = np.arange(len(points), dtype=np.int32)[:, None]
    known = (np.hstack([itself, neighbors]), np.hstack([np.zeros((len(points), 1), np.float32), distances]), None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one thread for a seed, and no transform without a search tree: both wanted
        umap = UMAP(
            n_components=min(dims, len(points) - 2),
            n_neighbors=known[0].shape[1],
            min_dist=0.0,
            random_state=seed,
            precomputed_knn=known,
        )
        return np.asarray(umap.fit_transform(points), dtype=np.float32)
