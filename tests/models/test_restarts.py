"""Claims about the restarts of a mixture."""

import json

import numpy as np
import pytest

from models.manifold import exact_graph
from models.restarts import Restarts, choose, cluster_agreement, fit_restarts, graph_cut, mean_agreement


def blobs(sizes: tuple[int, ...], apart: float = 10) -> tuple[np.ndarray, np.ndarray]:
    """Unit Gaussians along a line in the plane, and the blob of each point."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(0).normal(np.column_stack([truth * apart, 0 * truth])), truth


@pytest.fixture(scope="module")
def restarts() -> Restarts:
    """Eight of four blobs, the second of which is the largest."""
    points, _ = blobs((100, 200, 150, 50))
    return fit_restarts(points.astype(np.float32), 4, 8, 0, exact_graph(points, 5)[0])


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
    first, second = (fit_restarts(points, 3, 4, 7, graph).responsibilities for _ in range(2))
    assert np.array_equal(first, second)


def test_a_likelier_restart_loses_if_it_uses_fewer_clusters() -> None:
    """Of equals the first wins."""
    assert choose(np.array([3.0, 1.0, 2.0, 2.0]), np.array([9, 10, 10, 10])) == 2


def test_a_cluster_of_fewer_points_than_dimensions_is_not_used() -> None:
    """A far point takes one of two."""
    points, _ = blobs((200, 200))
    points[0] = 1e3
    assert fit_restarts(points, 2, 4, 0, exact_graph(points, 5)[0]).clusters_used.tolist() == [1] * 4


def test_more_points_than_a_restart_is_fitted_to_all_get_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winner goes on with all of them."""
    monkeypatch.setattr("models.restarts.FIT_POINTS", 100)
    points, truth = blobs((300, 200))
    found = fit_restarts(points, 2, 4, 0, exact_graph(points, 5)[0])
    assert found.responsibilities.argmax(axis=1).tolist() == truth.tolist()
    assert found.mixture.weights == pytest.approx([0.6, 0.4])


def test_a_single_restart_agrees_with_all_the_others_there_are() -> None:
    """None: no figure is undefined."""
    points, _ = blobs((50, 50))
    record = fit_restarts(points, 2, 1, 0, exact_graph(points, 5)[0]).to_record()
    assert (record["agreement"], record["cluster_agreement"]) == (1.0, [1.0, 1.0])


def test_graph_cut_counts_the_edges_between_clusters() -> None:
    """Two of six."""
    assert graph_cut(np.array([0, 0, 1]), np.array([[1, 2], [0, 2], [2, 2]])) == pytest.approx(2 / 6)


def test_agreement_of_renumbered_labels_is_one_and_of_unrelated_ones_is_about_zero() -> None:
    """Two of three labellings are the same; the third is random."""
    random = np.random.default_rng(0)
    labels = random.integers(4, size=10_000)
    agreement = mean_agreement(np.stack([labels, (labels + 1) % 4, random.integers(4, size=10_000)]))
    assert agreement == pytest.approx([0.5, 0.5, 0], abs=0.01)


def test_a_cluster_that_others_divide_agrees_less_than_one_they_keep() -> None:
    """Kept by both others; halved by one of them: the mean of 1 and 1/2."""
    labels = np.repeat([0, 1], 4)
    others = np.stack([labels, np.array([0, 0, 0, 0, 1, 1, 2, 2])])
    assert cluster_agreement(labels, others, 2).tolist() == [1.0, 0.75]
