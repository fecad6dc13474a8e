"""Claims about the restarts of a mixture."""

import json

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from models.manifold import exact_graph
from models.restarts import Restarts, choose, fit_restarts, fit_start


def blobs(sizes: tuple[int, ...], apart: float = 10) -> tuple[np.ndarray, np.ndarray]:
    """Unit Gaussians along a line in the plane, and the blob of each point."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(0).normal(np.column_stack([truth * apart, 0 * truth])), truth


@pytest.fixture(scope="module")
def restarts() -> Restarts:
    """Eight of four blobs, the second of which is the largest."""
    points, _ = blobs((100, 200, 150, 50))
    return fit_restarts(points[None].astype(np.float32), 4, 8, 0, exact_graph(points, 5)[0])


def test_the_likeliest_restart_finds_the_blobs_and_numbers_them_by_size(restarts: Restarts) -> None:
    """Sizes 200, 150, 100 and 50."""
    _, truth = blobs((100, 200, 150, 50))
    assert restarts.responsibilities.dtype == np.float32
    assert restarts.responsibilities.argmax(axis=1).tolist() == np.array([2, 0, 1, 3])[truth].tolist()
    assert restarts.log_likelihood[restarts.chosen] == restarts.log_likelihood.max()


def test_the_record_is_json_of_every_restart_and_the_choice(restarts: Restarts) -> None:
    """Exactly one is chosen."""
    record = json.loads(json.dumps(restarts.to_record()))
    assert set(record) == {"clusters", "restarts", "agreement", "cluster_agreement", "count"}
    assert [restart["chosen"] for restart in record["restarts"]].count(True) == 1
    assert record["agreement"] == record["restarts"][restarts.chosen]["agreement"]
    assert len(record["cluster_agreement"]) == record["clusters"] == 4


def test_one_seed_gives_one_result() -> None:
    """To the last bit."""
    points, _ = blobs((60, 40), apart=3)
    graph = exact_graph(points, 5)[0]
    first, second = (fit_restarts(points[None], 3, 4, 7, graph).responsibilities for _ in range(2))
    assert np.array_equal(first, second)


def test_a_likelier_restart_loses_if_it_uses_fewer_clusters() -> None:
    """Of equals the first wins."""
    labels, graph = np.zeros((4, 6), dtype=int), np.zeros((6, 2), dtype=int)
    assert choose(np.array([3.0, 1.0, 2.0, 2.0]), np.array([9, 10, 10, 10]), labels, graph) == 2


def halves(moved: int) -> np.ndarray:
    """A thousand labels, 0 and 1, of which the first so many are wrong."""
    return np.repeat([1, 0, 1], [moved, 500 - moved, 500])


@pytest.mark.parametrize(
    ("moved", "used", "expected"),
    [((0, 0), (2, 2), 0), ((3, 0), (2, 2), 0), ((50, 0), (2, 2), 1), ((50, 0), (2, 1), 0)],
)
def test_a_likelier_restart_loses_if_it_divides_the_graph_clearly_worse(
    moved: tuple[int, int], used: tuple[int, int], expected: int
) -> None:
    """With three of a thousand points moved it is about as good. A restart that uses fewer clusters is no measure."""
    graph = 500 * halves(0)[:, None] + np.random.default_rng(0).integers(100, 400, size=(1000, 4))
    labels = np.stack([halves(each) for each in (60, *moved)])
    assert choose(np.array([0.0, 2.0, 1.0]), np.array([2, *used]), labels, graph) == expected + 1


def test_a_mixture_that_is_likely_in_the_embedding_but_parts_neighbours_is_not_taken() -> None:
    """Three blobs for two clusters: the first two are the nearest, but the rows of the last two are neighbours."""
    points, blob = blobs((100, 100, 100))
    points[blob == 2] += 1
    random = np.random.default_rng(0)
    first, others = random.integers(100, size=(300, 5)), random.integers(100, 300, size=(300, 5))
    found = fit_restarts(points[None], 2, 20, 0, np.where((blob == 0)[:, None], first, others))
    assert np.array_equal(found.responsibilities.argmax(axis=1), np.array([1, 0, 0])[blob])
    assert found.log_likelihood[found.chosen] < found.log_likelihood.max()


def test_the_nearest_neighbours_tell_which_restart_divides_the_graph_well() -> None:
    """Three blobs for two clusters: of twenty neighbours the eighth joins the last two, the ninth and on the first."""
    points, blob = blobs((100, 100, 100))
    random = np.random.default_rng(0)
    own = random.integers(100, size=(300, 7)) + 100 * blob[:, None]
    last_two = np.where(blob > 0, random.integers(100, 300, (1, 300)), random.integers(100, size=(1, 300))).T
    first_two = np.where(blob < 2, random.integers(200, size=(12, 300)), random.integers(200, 300, (12, 300))).T
    found = fit_restarts(points[None], 2, 20, 0, np.hstack([own, last_two, first_two]))
    assert np.array_equal(found.labels, np.array([1, 0, 0])[blob])


def test_what_one_embedding_has_by_chance_speaks_for_no_clusters() -> None:
    """Three blobs for two clusters: the first of three embeddings alone brings the first two together."""
    places = np.array([[0, 10, 30], [0, 20, 30], [0, 20, 30]])  # (embeddings, blobs)
    blob = np.repeat(np.arange(3), 100)
    embeddings = np.random.default_rng(0).normal(places[:, blob, None], size=(3, 300, 2))
    graph = blob[:, None] * 100 + np.random.default_rng(1).integers(100, size=(300, 5))  # that knows of no pair
    alone, together = (fit_restarts(some, 2, 12, 0, graph) for some in (embeddings[:1], embeddings))
    assert np.array_equal(alone.labels, np.array([0, 0, 1])[blob])
    assert np.array_equal(together.labels, np.array([1, 0, 0])[blob])
    assert together.embeddings.tolist() == [0, 1, 2] * 4
    assert together.embeddings[together.chosen] > 0


def test_both_kinds_of_starts_are_tried_in_each_embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two embeddings, four restarts: those of one embedding are no single kind."""
    started: list[tuple[float, int]] = []

    def watched(points: np.ndarray, clusters: int, covariance: str, seed: int, start: int) -> GaussianMixture:
        started.append((float(points[0, 0]), start % 2))
        return fit_start(points, clusters, covariance, seed, start)

    monkeypatch.setattr("models.restarts.fit_start", watched)
    points, _ = blobs((50, 50))
    fit_restarts(np.stack([points, points + 1]), 2, 4, 0, exact_graph(points, 5)[0])
    assert len(set(started)) == 4


def test_a_cluster_of_fewer_points_than_dimensions_is_not_used() -> None:
    """A far point takes one of two."""
    points, _ = blobs((200, 200))
    points[0] = 1e3
    assert fit_restarts(points[None], 2, 4, 0, exact_graph(points, 5)[0]).clusters_used.tolist() == [1] * 4


def test_more_points_than_a_restart_is_fitted_to_all_get_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winner goes on with all of them."""
    monkeypatch.setattr("models.restarts.FIT_POINTS", 100)
    points, truth = blobs((300, 200))
    found = fit_restarts(points[None], 2, 4, 0, exact_graph(points, 5)[0])
    assert found.responsibilities.argmax(axis=1).tolist() == truth.tolist()
    assert found.mixture.weights == pytest.approx([0.6, 0.4])


def test_a_single_restart_agrees_with_all_the_others_there_are() -> None:
    """None: no figure is undefined."""
    points, _ = blobs((50, 50))
    record = fit_restarts(points[None], 2, 1, 0, exact_graph(points, 5)[0]).to_record()
    assert (record["agreement"], record["cluster_agreement"]) == (1.0, [1.0, 1.0])


@pytest.mark.parametrize(("count", "dims"), [(9, 1), (10, 2)])
def test_few_points_are_enough_for_full_covariances(count: int, dims: int) -> None:
    """Two for each of the five parameters of a cluster in the plane."""
    points, _ = blobs((count, count))
    found = fit_restarts(points[None], 2, 2, 0, exact_graph(points, 5)[0])
    assert found.mixture.precisions_cholesky[0].ndim == dims
