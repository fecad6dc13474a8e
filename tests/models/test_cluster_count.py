"""Claims about the choice of the number of clusters."""

import json

import numpy as np
import pytest

from models.cluster_count import Candidate, ClusterCount, count_clusters, prediction_strength
from models.manifold import exact_graph


def count(points: np.ndarray, candidates: range = range(2, 8)) -> ClusterCount:
    """With the points' own graph."""
    return count_clusters(points, exact_graph(points, 15)[0], 0, candidates)


@pytest.mark.parametrize("clusters", [2, 3, 5])
def test_separate_blobs_are_counted(clusters: int) -> None:
    """Unit Gaussians on a circle, 8 standard deviations apart and more."""
    angle = 2 * np.pi * np.arange(clusters) / clusters
    means = np.column_stack([np.cos(angle), np.sin(angle)]) * 4 / np.sin(np.pi / clusters)
    points = np.random.default_rng(0).normal(np.repeat(means, 120, axis=0))
    found = count(points)
    assert (found.chosen, found.stands_out) == (clusters, True)


def test_no_number_stands_out_where_there_are_no_groups() -> None:
    """A round Gaussian; something is chosen all the same."""
    found = count(np.random.default_rng(0).normal(size=(600, 4)))
    assert not found.stands_out
    assert found.best.stability == max(candidate.stability for candidate in found.candidates)


def test_few_points_limit_the_candidates() -> None:
    """Twelve points have three clusters at most, of four points each."""
    found = count(np.random.default_rng(0).normal(size=(12, 2)), range(2, 21))
    assert [candidate.clusters for candidate in found.candidates] == [2, 3]


def test_the_record_is_json_of_the_curve_and_the_choice() -> None:
    """And one seed gives one record."""
    points = np.random.default_rng(0).normal(np.repeat([[0], [9]], 60, axis=0), size=(120, 2))
    record = count(points, range(2, 4)).to_record()
    assert json.loads(json.dumps(record)) == count(points, range(2, 4)).to_record()
    assert [candidate["clusters"] for candidate in record["candidates"]] == [2, 3]
    assert {"stability", "score", "modularity", "log_likelihood"} < set(record["candidates"][0])


def test_modularity_decides_among_stable_numbers_only() -> None:
    """Four divide the graph best, but are not found again."""
    two, three, four = (
        Candidate(k, stability, 0.0, 1.0, fit, 0.0, 6)
        for k, stability, fit in [(2, 1, 0.4), (3, 0.95, 0.6), (4, 0.7, 0.7)]
    )
    assert ClusterCount((two, three, four)).chosen == 3
    assert ClusterCount((four,)).stands_out is False


def test_prediction_strength_is_that_of_the_worst_cluster() -> None:
    """The first is kept; of the six pairs in the second, two stay together."""
    labels, predicted = np.repeat([0, 1], 4), np.array([1, 1, 1, 1, 0, 0, 2, 2])
    assert prediction_strength(labels, predicted) == pytest.approx(2 / 6)
