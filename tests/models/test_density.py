"""Claims about HDBSCAN and its rule for new points."""

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN

from models.density import NEIGHBORS, Density, fit_density


def noisy_blobs() -> np.ndarray:
    """Two round clusters of 300 among 60 points of noise: (660, 2)."""
    rng = np.random.default_rng(0)
    clusters = [rng.normal(mean, 1, (300, 2)) for mean in ([0.0, 0.0], [20.0, 0.0])]
    return np.concatenate([*clusters, rng.uniform(-30, 50, (60, 2))])


@pytest.fixture(scope="module")
def fitted() -> Density:
    """HDBSCAN of them."""
    return fit_density(noisy_blobs(), None, 5000, seed=0)


def labels(rule: Density, x: np.ndarray) -> np.ndarray:
    """The likeliest cluster, -1 for none."""
    found = rule.memberships(x)
    return np.where(found.sum(axis=1) > 0, found.argmax(axis=1), -1)


def test_the_rule_repeats_the_fit_on_its_own_points(fitted: Density) -> None:
    """Every point that HDBSCAN calls noise fits none, and every other one keeps its cluster."""
    theirs = HDBSCAN(min_cluster_size=13, min_samples=NEIGHBORS, copy=True).fit_predict(noisy_blobs())
    ours = labels(fitted, noisy_blobs())
    assert np.array_equal(ours == -1, theirs == -1)
    assert np.array_equal(labels(fitted, fitted.points), fitted.cluster)


def test_noise_around_clusters_fits_none(fitted: Density) -> None:
    """Of 60 scattered points most are null; of 600 in the clusters few are."""
    found = labels(fitted, noisy_blobs())
    assert (found[600:] == -1).mean() > 0.8
    assert (found[:600] >= 0).mean() > 0.95


def test_new_points_of_the_clusters_mostly_join_them(fitted: Density) -> None:
    """Nine in ten new rows from the middle of a cluster and all far away ones are put where they belong."""
    near = np.random.default_rng(1).normal(0, 1, (200, 2))
    assert (labels(fitted, near) == labels(fitted, np.zeros((1, 2)))).mean() > 0.9
    assert fitted.memberships(np.array([[1e6, 0.0], [10.0, 30.0]])).tolist() == [[0, 0], [0, 0]]


def test_membership_falls_with_the_distance_in_units_of_the_limits() -> None:
    """On a line, at 1 from a cluster of limit 2 and 3 from one of limit 1.5: 1/2 against 2, so 4/5 and 1/5."""
    points = np.array([[0.0], [0.0], [4.0], [4.0]])
    rule = Density(points, np.array([0, 0, 1, 1]), np.zeros(4), np.array([2.0, 1.5]), neighbors=1)
    assert rule.memberships(np.array([[1.0]]))[0] == pytest.approx([0.8, 0.2])


def test_reach_is_no_less_than_the_core_distance_of_either_point() -> None:
    """At the very place of a point, the reach is that point's core distance or the new one's own."""
    points, cluster = np.array([[0.0], [1.0]]), np.array([0, 0])
    assert Density(points, cluster, np.array([3.0, 3.0]), np.array([3.0]), 1).reach(points[:1]).tolist() == [[3.0]]
    assert Density(points, cluster, np.zeros(2), np.array([3.0]), 2).reach(points[:1]).tolist() == [[1.0]]


def test_beyond_the_limit_a_random_sample_is_clustered() -> None:
    """And the rest is labelled by the same rule."""
    rule = fit_density(noisy_blobs(), None, 200, seed=0)
    assert (len(rule.points), rule.n_clusters) == (200, 2)
    assert (labels(rule, noisy_blobs())[:600] >= 0).mean() > 0.9


def test_equal_points_are_a_cluster_without_extent() -> None:
    """Their limit is 0: an equal row joins them, any other fits none."""
    rule = fit_density(np.repeat([[0.0], [5.0]], [20, 10], axis=0), 5, 5000, seed=0)
    assert labels(rule, np.array([[0.0], [5.0], [1e-9]])).tolist() == [0, 1, -1]


def test_points_without_dense_regions_have_no_cluster() -> None:
    """Fewer points than two clusters need are all noise."""
    assert fit_density(np.arange(30.0)[:, None] ** 2, 20, 5000, seed=0).n_clusters == 0
