"""Claims about the graphs of neighbours and their embedding."""

import numpy as np
import pytest
from umap import UMAP

from models.manifold import Graph, exact_graph, umap_embedding


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Three hundred of a Gaussian."""
    return np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)


def test_the_embedding_of_one_graph_is_umaps(points: np.ndarray) -> None:
    """To the last bit, with the same seed."""
    graph = exact_graph(points, 10)
    itself = np.arange(300)[:, None]
    known = np.hstack([itself, graph.neighbors]), np.hstack([0 * itself, graph.distances]), None
    umap = UMAP(n_components=3, n_neighbors=11, min_dist=0.0, random_state=5, precomputed_knn=known)
    assert np.array_equal(umap_embedding(points, [graph], 3, 5), umap.fit_transform(points))


@pytest.mark.parametrize("parts", [6, 40])
def test_one_seed_gives_one_embedding_of_rows_that_are_the_same(parts: int) -> None:
    """Parts of 21 equal rows, whose eigenvalues are equal too; from 21 parts on scikit-learn places them."""
    points = np.repeat(np.random.default_rng(0).normal(0, 9, (parts, 7)), 21, axis=0).astype(np.float32)
    graph = exact_graph(points, 20)
    first, second = (umap_embedding(points, [graph], 10, 3) for _ in range(2))
    assert np.array_equal(first, second)


def test_each_of_several_graphs_holds_points_together(points: np.ndarray) -> None:
    """Groups that only one of two graphs knows are apart in the embedding of both."""
    group = np.arange(300) % 3
    random = np.random.default_rng(1)
    within = np.array([random.choice(np.flatnonzero(group == g), 10, replace=False) for g in group])
    own = Graph(within.astype(np.int32), np.sort(random.random((300, 10)).astype(np.float32)))

    def nearest_is_own(graphs: list[Graph]) -> float:
        neighbors = exact_graph(umap_embedding(points, graphs, 2, 0), 5).neighbors
        return float((group[neighbors] == group[:, None]).mean())

    near = exact_graph(points, 10)
    assert nearest_is_own([near]) < 0.5
    assert nearest_is_own([near, own]) > 0.8
